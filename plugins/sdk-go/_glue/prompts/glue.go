// Package export_tidemill_plugin_prompts asks for the plugin's prompts.
package export_tidemill_plugin_prompts

import (
	"errors"

	types "go.bytecodealliance.org/pkg/wit/types"
	"tidemill.dev/sdk"
	"tidemill.dev/sdk/gen/author"
	"tidemill.dev/sdk/gen/convert"
	bound "tidemill.dev/sdk/gen/tidemill_plugin_prompts"
)

// Prompts are those that there are.
func Prompts() []bound.Prompt {
	own := author.Plugin.Prompts()
	answers := make([]bound.Prompt, len(own))
	for number, prompt := range own {
		arguments := make([]bound.Argument, len(prompt.Arguments))
		for at, argument := range prompt.Arguments {
			arguments[at] = bound.Argument{
				Name: argument.Name, Description: convert.Text(argument.Description), Required: argument.Required,
			}
		}
		answers[number] = bound.Prompt{
			Name: prompt.Name, Title: convert.Text(prompt.Title), Description: convert.Text(prompt.Description),
			Arguments: arguments, Permission: convert.Text(prompt.Permission),
		}
	}
	return answers
}

// Get fills one of them in.
func Get(asked bound.Request) types.Result[bound.Outcome, bound.Failure] {
	filled, err := author.Plugin.Get(tidemill.Request{
		Client: convert.Client(asked.Caller, asked.State, asked.Accepts, asked.Responses),
		Name:   asked.Name, Arguments: convert.Pairs(asked.Arguments),
	})
	var outcome bound.Outcome
	if err == nil {
		outcome, err = ended(filled)
	}
	var wrong tidemill.InvalidArguments
	_, problems := tidemill.AsProblems(err)
	switch {
	case err == nil:
		return types.Ok[bound.Outcome, bound.Failure](outcome)
	case problems || errors.As(err, &wrong):
		return types.Err[bound.Outcome, bound.Failure](bound.MakeFailureInvalidArguments(err.Error()))
	case errors.As(err, &tidemill.UnknownPrompt{}):
		return types.Err[bound.Outcome, bound.Failure](bound.MakeFailureUnknownPrompt())
	default:
		return types.Err[bound.Outcome, bound.Failure](bound.MakeFailureFailed(err.Error()))
	}
}

func ended(filled tidemill.Filled) (bound.Outcome, error) {
	if filled.Ask != nil {
		asked, err := convert.Asked(*filled.Ask)
		return bound.MakeOutcomeInputRequired(asked), err
	}
	messages := make([]bound.Message, len(filled.Messages))
	for number, message := range filled.Messages {
		messages[number] = bound.Message{Role: bound.Role(message.Role), Content: convert.Part(message.Content)}
	}
	return bound.MakeOutcomeComplete(bound.Filled{Description: convert.Text(filled.Description), Messages: messages}), nil
}
