// Package export_tidemill_plugin_tools calls the plugin's tools.
package export_tidemill_plugin_tools

import (
	"encoding/json"
	"errors"

	types "go.bytecodealliance.org/pkg/wit/types"
	"tidemill.dev/sdk"
	"tidemill.dev/sdk/gen/author"
	"tidemill.dev/sdk/gen/convert"
	"tidemill.dev/sdk/gen/tidemill_plugin_content"
	bound "tidemill.dev/sdk/gen/tidemill_plugin_tools"
)

// Tools are those that there are.
func Tools() []bound.Tool {
	own := author.Plugin.Tools()
	answers := make([]bound.Tool, len(own))
	for number, tool := range own {
		hints := bound.Hints(0)
		for _, hint := range []struct {
			given bool
			bit   bound.Hints
		}{
			{tool.ReadOnly, bound.HintsReadOnly}, {tool.Destructive, bound.HintsDestructive},
			{tool.Idempotent, bound.HintsIdempotent}, {tool.OpenWorld, bound.HintsOpenWorld},
		} {
			if hint.given {
				hints |= hint.bit
			}
		}
		schema := tool.InputSchema
		if schema == "" {
			schema = `{"type":"object","properties":{}}`
		}
		answers[number] = bound.Tool{
			Name: tool.Name, Title: convert.Text(tool.Title), Description: tool.Description, InputSchema: schema,
			OutputSchema: convert.Text(tool.OutputSchema), Permission: convert.Text(tool.Permission), Hints: hints,
		}
	}
	return answers
}

// Call calls one of them.
func Call(invoked bound.Invocation) types.Result[bound.Outcome, bound.Failure] {
	answer, err := author.Plugin.Call(tidemill.Call{
		Name: invoked.Name, Arguments: json.RawMessage(invoked.ArgumentsJson), Caller: invoked.Caller.SomeOr(""),
	})
	structured := types.None[string]()
	if err == nil && answer.Structured != nil {
		var text []byte
		text, err = json.Marshal(answer.Structured)
		structured = types.Some(string(text))
	}
	var wrong tidemill.InvalidArguments
	_, problems := tidemill.AsProblems(err)
	switch {
	case err == nil:
	case problems || errors.As(err, &wrong):
		return types.Err[bound.Outcome, bound.Failure](bound.MakeFailureInvalidArguments(err.Error()))
	case errors.As(err, &tidemill.UnknownTool{}):
		return types.Err[bound.Outcome, bound.Failure](bound.MakeFailureUnknownTool())
	default:
		return types.Err[bound.Outcome, bound.Failure](bound.MakeFailureFailed(err.Error()))
	}
	return types.Ok[bound.Outcome, bound.Failure](bound.MakeOutcomeComplete(bound.ToolResult{
		Content: []bound.Part{tidemill_plugin_content.MakePartText(answer.Text)}, StructuredJson: structured, IsError: answer.IsError,
	}))
}
