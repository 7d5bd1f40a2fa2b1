// Package export_tidemill_plugin_view asks the plugin who sees what.
package export_tidemill_plugin_view

import (
	types "go.bytecodealliance.org/pkg/wit/types"
	"tidemill.dev/sdk"
	"tidemill.dev/sdk/gen/author"
	"tidemill.dev/sdk/gen/convert"
	bound "tidemill.dev/sdk/gen/tidemill_plugin_view"
	"tidemill.dev/sdk/log"
)

// Classify sorts a subscriber.
func Classify(who bound.Subscriber) types.Result[string, string] {
	class, err := author.Plugin.Classify(tidemill.Subscriber{
		Principal: who.Principal, Claims: convert.Pairs(who.Claims), Parameters: convert.Pairs(who.Parameters),
	})
	if err != nil {
		return types.Err[string, string](err.Error())
	}
	return types.Ok[string, string](class)
}

// Visible asks about each event.
func Visible(class string, batch bound.Batch) types.Result[[]bool, bound.Fault] {
	visible := func(event tidemill.Event) (bool, error) { return author.Plugin.Visible(class, event) }
	seen, err := tidemill.Each(batch.Rows, batch.Arena, visible, hidden)
	if err != nil {
		return types.Err[[]bool, bound.Fault](convert.Fault(err))
	}
	return types.Ok[[]bool, bound.Fault](seen)
}

func hidden(problems []tidemill.Problem) bool {
	for _, problem := range problems {
		log.Debug("hidden: "+problem.Detail, "at", problem.At)
	}
	return false
}
