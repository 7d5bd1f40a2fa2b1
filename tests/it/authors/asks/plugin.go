// Package plugin asks the host for everything that it offers, and says what came of it.
package plugin

import (
	"errors"
	"strings"
	"time"

	"tidemill.dev/sdk"
	"tidemill.dev/sdk/bus"
	"tidemill.dev/sdk/call"
	"tidemill.dev/sdk/log"
	"tidemill.dev/sdk/meter"
	"tidemill.dev/sdk/server"
	"tidemill.dev/sdk/state"
)

// Plugin is what the host runs.
var Plugin = tidemill.Plugin{
	Manifest:  tidemill.Manifest{Name: "asks", Version: "1", Summary: "Asks the host for everything", Subscribes: []string{"ask.*"}},
	Transform: apply,
	Tools: func() []tidemill.Tool {
		return []tidemill.Tool{
			{Name: "work", Description: "Works for a while"},
			{Name: "greet", Description: "Asks for a name", ReadOnly: true},
		}
	},
	Call: invoke,
}

func apply(event tidemill.Event) (tidemill.Outcome, error) {
	said := map[string]any{}
	switch event.Type() {
	case "ask.state":
		askState(said)
	case "ask.bus":
		said["published"] = publish("alert.high") == nil
		err := publish("other.high")
		said["refused"], said["why"] = err != nil, why(err)
	case "ask.log":
		log.Warn("gezählt", "größe", "", "by", "alice")
		meter.Add("counted", 2)
		meter.Record("size", 0.5)
		said["logged"] = true
	}
	return tidemill.Emit(tidemill.NewOutput().WithJSON(said)), nil
}

func why(err error) string {
	if err == nil {
		return "written"
	}
	return err.Error()
}

func askState(said map[string]any) {
	put := func(key, value string) string {
		_, err := state.Put(key, []byte(value))
		return why(err)
	}
	said["sum"], _ = state.Increment("zähler", 1)
	said["empty"] = put("leer", "")
	empty, there := state.Get("leer")
	said["emptyThere"] = there && len(empty.Value) == 0
	_, said["nothing"] = state.Get("nichts")
	large := strings.Repeat("x", 1<<20)
	said["large"], said["tooLarge"] = put("groß", large), put("größer", large+"x")
	found, _ := state.Get("groß")
	said["largeSize"] = len(found.Value)
	said["noKey"] = put("", "x")
	_, err := state.PutIf("leer", []byte("y"), 0)
	said["stale"] = why(err)
	var stale *state.Stale
	said["staleVersion"] = errors.As(err, &stale) && stale.Now.Version == empty.Version
	version, err := state.PutIf("leer", []byte("y"), empty.Version)
	said["newer"] = err == nil && version > empty.Version
	_, err = state.Increment("leer", 1)
	said["noNumber"] = why(err)
	state.PutFor("kurz", []byte("z"), time.Hour)
	many := state.GetMany("kurz", "nichts")
	said["many"] = string(many[0].Value) == "z" && many[1] == nil
	said["window"], _ = state.IncrementFor("fenster", 5, time.Hour)
	state.Delete("fenster")
	keys := state.Keys("", "kurz", 10)
	said["keys"], said["lines"] = len(keys), strings.Join(keys, "\n")+"\n"
	said["deleted"], said["deletedAgain"] = state.Delete("groß"), state.Delete("groß")
}

func publish(kind string) error {
	return bus.Publish(bus.Event{
		Type: kind, ID: "a-1", Subject: "é", Source: "/plugins/asks/here", ContentType: "text/plain",
		Extensions: [][2]string{{"origin", "the test"}}, Data: []byte("Zoë"),
	}, bus.Event{Type: kind, Data: []byte(`{"plain":true}`)})
}

func invoke(invoked tidemill.Call) (tidemill.Answer, error) {
	switch invoked.Name {
	case "work":
		return work(), nil
	case "greet":
		return greet(invoked), nil
	default:
		return tidemill.Answer{}, tidemill.UnknownTool{}
	}
}

func work() tidemill.Answer {
	call.Progress(1, 2, "half")
	call.Progress(2, 0, "")
	call.Changed(call.Resources)
	call.Updated("asks://1")
	slept := call.Sleep(60*time.Millisecond) == nil && !call.Cancelled()
	published := publish("alert.tool") == nil
	streams, _ := server.Streams("")
	_, nowhere := server.Streams("/nowhere")
	return tidemill.Answer{
		Text:       "done",
		Structured: map[string]any{"slept": slept, "published": published, "streams": streams, "nowhere": nowhere},
		Content: []tidemill.Part{
			tidemill.Image([]byte{1, 2}, "image/png"),
			tidemill.Link("asks://1", "One", ""),
			tidemill.Embedded(tidemill.ResourceContent{URI: "asks://2", MediaType: "text/plain", Text: "two"}),
		},
	}
}

func greet(invoked tidemill.Call) tidemill.Answer {
	var answer struct{ Content struct{ Name string } }
	if invoked.Response("who", &answer) {
		return tidemill.Answer{Text: invoked.State + " " + answer.Content.Name}
	}
	if !invoked.Accepts("elicitation/create") {
		return tidemill.Answer{IsError: true}
	}
	schema := map[string]any{"type": "object", "properties": map[string]any{}}
	asked := tidemill.InputRequired{State: "höflich"}.Elicit("who", "Who?", schema)
	return tidemill.Answer{Ask: &asked}
}
