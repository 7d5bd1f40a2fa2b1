// Package plugin sends a request for each event, and says what came of it.
package plugin

import (
	"time"

	"tidemill.dev/sdk"
	"tidemill.dev/sdk/http"
)

// Plugin is what the host runs.
var Plugin = tidemill.Plugin{
	Manifest:  tidemill.Manifest{Name: "sends", Version: "1", Summary: "Sends requests", Subscribes: []string{"send"}},
	Transform: apply,
	HTTPHosts: func() []string { return []string{"http://wanted.test"} },
}

func apply(event tidemill.Event) (tidemill.Outcome, error) {
	var asked struct{ Method, URL, Body, Length string }
	if err := event.JSON(&asked); err != nil {
		return tidemill.Keep(), err
	}
	request := http.Request{Method: asked.Method, URL: asked.URL, Body: []byte(asked.Body), Timeout: 200 * time.Millisecond}
	request.Headers = [][2]string{{"x-mine", "yes"}}
	if asked.Length != "" {
		request.Headers = append(request.Headers, [2]string{"Content-Length", asked.Length})
	}
	answer, err := request.Send()
	if err != nil {
		return tidemill.Emit(tidemill.NewOutput().WithJSON(map[string]any{"error": err.Error()})), nil
	}
	served, _ := answer.Header("X-Served")
	said := map[string]any{"status": answer.Status, "served": served, "body": answer.Text()}
	return tidemill.Emit(tidemill.NewOutput().WithJSON(said)), nil
}
