// Package export_tidemill_plugin_completions asks the plugin what may be meant.
package export_tidemill_plugin_completions

import (
	types "go.bytecodealliance.org/pkg/wit/types"
	"tidemill.dev/sdk"
	"tidemill.dev/sdk/gen/author"
	"tidemill.dev/sdk/gen/convert"
	bound "tidemill.dev/sdk/gen/tidemill_plugin_completions"
)

// Complete suggests values.
func Complete(asked bound.Question) types.Result[bound.Suggestions, string] {
	question := tidemill.Question{Argument: asked.Argument, Value: asked.Value, Others: convert.Pairs(asked.Others)}
	switch asked.Subject.Tag() {
	case bound.SubjectPrompt:
		question.Prompt = asked.Subject.Prompt()
	default:
		question.URITemplate = asked.Subject.Template()
	}
	var found tidemill.Suggestions
	if author.Plugin.Complete != nil {
		var err error
		if found, err = author.Plugin.Complete(question); err != nil {
			return types.Err[bound.Suggestions, string](err.Error())
		}
	}
	total := types.None[uint32]()
	if found.Total > 0 {
		total = types.Some(found.Total)
	}
	return types.Ok[bound.Suggestions, string](bound.Suggestions{Values: found.Values, Total: total, More: found.More})
}
