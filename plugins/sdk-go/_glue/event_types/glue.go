// Package export_tidemill_plugin_event_types asks the owner of event types.
package export_tidemill_plugin_event_types

import (
	"cmp"
	"html"

	types "go.bytecodealliance.org/pkg/wit/types"
	"tidemill.dev/sdk"
	"tidemill.dev/sdk/gen/author"
	"tidemill.dev/sdk/gen/convert"
	bound "tidemill.dev/sdk/gen/tidemill_plugin_event_types"
)

// Types are those that the plugin owns.
func Types() []bound.EventType {
	own := author.Plugin.Types()
	answers := make([]bound.EventType, len(own))
	for number, one := range own {
		answers[number] = bound.EventType{
			Name: one.Name, Version: one.Version, Summary: one.Summary, SchemaJson: one.Schema, Examples: one.Examples,
		}
	}
	return answers
}

// Validate asks about each event.
func Validate(batch bound.Batch) types.Result[[]bound.Validity, bound.Fault] {
	found, err := tidemill.Each(batch.Rows, batch.Arena, author.Plugin.Validate, invalid)
	if err != nil {
		return types.Err[[]bound.Validity, bound.Fault](convert.Fault(err))
	}
	answers := make([]bound.Validity, len(found))
	for number, validity := range found {
		switch validity.Case {
		case tidemill.CaseNormalised:
			answers[number] = bound.MakeValidityNormalised(convert.Output(validity.Output))
		case tidemill.CaseInvalid:
			answers[number] = bound.MakeValidityInvalid(convert.Problems(validity.Problems))
		default:
			answers[number] = bound.MakeValidityValid()
		}
	}
	return types.Ok[[]bound.Validity, bound.Fault](answers)
}

func invalid(problems []tidemill.Problem) tidemill.Validity { return tidemill.Invalid(problems...) }

// Render shows each event.
func Render(batch bound.Batch, target string) types.Result[[]string, bound.Fault] {
	events, err := tidemill.Decode(batch.Rows, batch.Arena)
	if err != nil {
		return types.Err[[]string, bound.Fault](convert.Fault(err))
	}
	shown := make([]string, len(events))
	for number, event := range events {
		if author.Plugin.Render != nil {
			shown[number] = author.Plugin.Render(event, tidemill.Target(target))
			continue
		}
		shown[number] = event.Type() + " " + cmp.Or(event.Subject(), event.ID())
		if tidemill.Target(target) == tidemill.TargetHTML {
			shown[number] = html.EscapeString(shown[number])
		}
	}
	return types.Ok[[]string, bound.Fault](shown)
}
