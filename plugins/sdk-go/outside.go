package tidemill

import (
	"encoding/json"
	"html"
	"unicode/utf8"

	"tidemill.dev/sdk/internal/nesting"
)

// Subscriber is somebody who wants to see events through a view.
type Subscriber struct {
	// Principal is who a token says they are; empty without one.
	Principal          string
	Claims, Parameters []Pair
}

// Parameter is the first value of the parameter view.<name>.
func (s Subscriber) Parameter(name string) (string, bool) { return first(s.Parameters, name) }

// Claim is the first value of a claim.
func (s Subscriber) Claim(name string) (string, bool) { return first(s.Claims, name) }

func first(pairs []Pair, name string) (string, bool) {
	for _, pair := range pairs {
		if pair.Name == name {
			return pair.Value, true
		}
	}
	return "", false
}

// Delivery is what another system delivered.
type Delivery struct {
	// Headers in the order in which they came, names in lower case.
	Headers []Pair
	Query   string
	Body    []byte
}

// Header is the first value of a header field; the name is in lower case.
func (d Delivery) Header(name string) (string, bool) { return first(d.Headers, name) }

// Draft is an event that is to be published. What is empty is left to the host.
type Draft struct {
	Type                             string
	ID, Source, Subject, ContentType string
	// TimeMS is when it happened; 0: now.
	TimeMS     uint64
	Extensions []Pair
	// Data is JSON unless ContentType says something else.
	Data []byte
}

// Refusal is an error by which a delivery is not taken, with a status of 400 to 499, or 503.
type Refusal struct {
	Status uint16
	Detail string
}

func (r *Refusal) Error() string { return r.Detail }

// Refuse makes one.
func Refuse(status uint16, detail string) error { return &Refusal{status, detail} }

// JSON reads the body into a value; returned as it is, its error refuses the delivery with status 400.
func (d Delivery) JSON(into any) error {
	err := read(d.Body, into)
	if err == nil {
		return nil
	}
	if utf8.Valid(d.Body) && nesting.Check(d.Body) == nil && json.Valid(d.Body) {
		return Refuse(400, "the body does not fit: "+err.Error())
	}
	return Refuse(400, "the body is not JSON: "+err.Error())
}

// EscapeHTML makes a text safe within a fragment of HTML.
func EscapeHTML(text string) string { return html.EscapeString(text) }
