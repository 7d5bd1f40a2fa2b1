// Package tidemill is for writing Tidemill plugins in Go.
//
// A plugin is a package named plugin with one variable:
//
//	package plugin
//
//	import "tidemill.dev/sdk"
//
//	var Plugin = tidemill.Plugin{
//		Manifest: tidemill.Manifest{
//			Name: "no-drafts", Version: "1.0.0", Summary: "Drops drafts", Subscribes: []string{"article.*"},
//		},
//		Filter: func(event tidemill.Event) (tidemill.Verdict, error) {
//			return tidemill.KeepIf(event.Subject() != "draft"), nil
//		},
//	}
//
// tidemill plugin build makes a component of it. What a plugin may rely on is said in wit/v0.1. The package compiles
// natively too, so that go test works: the packages log, meter, state, bus, call and server then keep to themselves what they are told.
package tidemill

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Manifest says who a plugin is and what it wants to see.
type Manifest struct {
	// Name and Version are for people.
	Name, Version string
	// Summary is what the plugin does, in one line.
	Summary string
	// Subscribes are event type patterns for the filter and the transform: "order.created", "order.*" or "*"; at most 256.
	Subscribes []string
	// WithoutData says that filter and transform do not look at the data (needs-data: false). Every call is cheaper then.
	WithoutData bool
	// ConfigSchema is the JSON Schema (2020-12) of the configuration; the host checks it before Configure. Empty: none.
	ConfigSchema string
}

// Plugin is what an author writes: a manifest, and one function for each kind that it has.
type Plugin struct {
	Manifest Manifest
	// Configure is called once per instance with the configuration, a JSON object. An error refuses the load, with its text
	// as the reason. A plugin without it has no settings, and refuses any.
	Configure func(config json.RawMessage) error

	// Filter says which events go on (kind filter).
	Filter func(event Event) (Verdict, error)
	// Transform changes, splits or ends events (kind transform).
	Transform func(event Event) (Outcome, error)

	// Types are the event types that the plugin owns (kind event-types), asked for after Configure.
	Types func() []EventType
	// Validate says what the owner thinks of one event.
	Validate func(event Event) (Validity, error)
	// Render shows an event to a person: a line of text, or a fragment of HTML with texts escaped. Without it: the type
	// with the subject, or the id.
	Render func(event Event, target Target) string

	// Classify sorts a subscriber into a class (kind view); an error refuses it, with its text as the reason.
	Classify func(who Subscriber) (string, error)
	// Visible says whether somebody in a class sees an event.
	Visible func(class string, event Event) (bool, error)

	// Receive makes events of a delivery (kind webhook); a *Refusal is told to its sender.
	Receive func(delivery Delivery) ([]Draft, error)

	// Tools are those that clients may call (kind tools), asked for after Configure.
	Tools func() []Tool
	// Call calls one of them.
	Call func(call Call) (Answer, error)

	// Prompts are those that clients may ask for (kind prompts), asked for after Configure.
	Prompts func() []Prompt
	// Get fills one of them in.
	Get func(asked Request) (Filled, error)

	// Resources are those that are listed (kind resources), asked for after Configure.
	Resources func() []Resource
	// Templates stand for those that are too many to list. May be nil.
	Templates func() []Template
	// Read is the content of one; caller is empty for somebody without a token.
	Read func(uri, caller string) ([]ResourceContent, error)

	// Complete suggests values for arguments of prompts and variables of templates. May be nil: then there are none.
	Complete func(asked Question) (Suggestions, error)

	// HTTPHosts are those that a plugin which sends requests cannot do without, such as "api.example.com": one that was not granted
	// refuses the load. Asked for after Configure. May be nil.
	HTTPHosts func() []string
}

// Target is what a rendering is for.
type Target string

// The targets that there are. For any other a plugin answers as for text.
const (
	TargetText Target = "text"
	TargetHTML Target = "html"
)

// ReadConfig reads the configuration into a struct; a setting without a place in it is an error that names it.
func ReadConfig(config json.RawMessage, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(config))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("config: %w", err)
	}
	return nil
}

// Begin hands a plugin its configuration. For the generated code, and for tests.
func (p *Plugin) Begin(config string) error {
	if p.Configure != nil {
		return p.Configure(json.RawMessage(config))
	}
	return ReadConfig(json.RawMessage(config), &struct{}{})
}
