// Package plugin takes the deliveries of a payment service: checked by their signature, one event for each payment in them.
package plugin

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"

	"tidemill.dev/sdk"
	"tidemill.dev/sdk/log"
	"tidemill.dev/sdk/meter"
)

// Plugin is what the host runs.
var Plugin = tidemill.Plugin{
	Manifest: tidemill.Manifest{
		Name:    "go-webhook",
		Version: "0.1.0",
		Summary: "Makes events of a payment service's signed deliveries",
		ConfigSchema: `{"type": "object", "required": ["secret"], "additionalProperties": false, "properties": {
			"secret": {"type": "string", "minLength": 8}}}`,
	},
	Configure: configure,
	Receive:   receive,
}

var secret []byte

func configure(config json.RawMessage) error {
	var settings struct{ Secret string }
	if err := tidemill.ReadConfig(config, &settings); err != nil {
		return err
	}
	if settings.Secret == "" {
		return errors.New("config.secret: write the secret that the payment service shows")
	}
	secret = []byte(settings.Secret)
	return nil
}

// delivery is what the service sends; what is not named here is passed over.
type delivery struct {
	ID       string
	Payments []struct {
		ID       string `json:"id"`
		Order    string `json:"order"`
		State    string `json:"state"`
		Cents    int64  `json:"cents"`
		Currency string `json:"currency"`
	}
}

func receive(delivered tidemill.Delivery) ([]tidemill.Draft, error) {
	given, _ := delivered.Header("x-signature")
	if !signed(delivered.Body, given) {
		meter.Add("refused_signatures", 1)
		log.Warn("a delivery with a wrong signature")
		return nil, tidemill.Refuse(401, "the header X-Signature is not the signature of this body")
	}
	var found delivery
	if err := delivered.JSON(&found); err != nil || found.ID == "" {
		return nil, tidemill.Refuse(400, "expected a JSON object with `id` and `payments`")
	}
	var drafts []tidemill.Draft
	for _, payment := range found.Payments {
		data, err := json.Marshal(payment)
		if err != nil {
			return nil, err
		}
		// A delivery that comes again has the same ids: its events are stored once.
		drafts = append(drafts, tidemill.Draft{
			Type: "payment." + payment.State, ID: found.ID + "-" + payment.ID, Subject: payment.Order, Data: data,
		})
	}
	return drafts, nil
}

// signed compares in constant time, so that nobody learns a signature byte by byte.
func signed(body []byte, given string) bool {
	sent, err := hex.DecodeString(strings.TrimPrefix(given, "sha256="))
	sum := hmac.New(sha256.New, secret)
	sum.Write(body)
	return err == nil && hmac.Equal(sent, sum.Sum(nil))
}
