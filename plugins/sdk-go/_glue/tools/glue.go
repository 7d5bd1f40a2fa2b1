// Package export_tidemill_plugin_tools calls the plugin's tools.
package export_tidemill_plugin_tools

import (
	"encoding/json"
	"errors"

	types "go.bytecodealliance.org/pkg/wit/types"
	"tidemill.dev/sdk"
	"tidemill.dev/sdk/gen/author"
	"tidemill.dev/sdk/gen/convert"
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
		Client: convert.Client(invoked.Caller, invoked.State, invoked.Accepts, invoked.Responses),
		Name:   invoked.Name, Arguments: json.RawMessage(invoked.ArgumentsJson),
	})
	var outcome bound.Outcome
	if err == nil {
		outcome, err = ended(answer)
	}
	var wrong tidemill.InvalidArguments
	_, problems := tidemill.AsProblems(err)
	switch {
	case err == nil:
		return types.Ok[bound.Outcome, bound.Failure](outcome)
	case problems || errors.As(err, &wrong):
		return types.Err[bound.Outcome, bound.Failure](bound.MakeFailureInvalidArguments(err.Error()))
	case errors.As(err, &tidemill.UnknownTool{}):
		return types.Err[bound.Outcome, bound.Failure](bound.MakeFailureUnknownTool())
	default:
		return types.Err[bound.Outcome, bound.Failure](bound.MakeFailureFailed(err.Error()))
	}
}

// ended is how a call ended that did not fail; an error if what it says cannot be JSON.
func ended(answer tidemill.Answer) (bound.Outcome, error) {
	if answer.Ask != nil {
		asked, err := convert.Asked(*answer.Ask)
		return bound.MakeOutcomeInputRequired(asked), err
	}
	structured := types.None[string]()
	if answer.Structured != nil {
		text, err := json.Marshal(answer.Structured)
		if err != nil {
			return bound.Outcome{}, err
		}
		structured = types.Some(string(text))
	}
	var content []bound.Part
	if answer.Text != "" || len(answer.Content) == 0 {
		content = append(content, convert.Part(tidemill.Text(answer.Text)))
	}
	for _, part := range answer.Content {
		content = append(content, convert.Part(part))
	}
	result := bound.ToolResult{Content: content, StructuredJson: structured, IsError: answer.IsError}
	return bound.MakeOutcomeComplete(result), nil
}
