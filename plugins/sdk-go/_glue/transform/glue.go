// Package export_tidemill_plugin_transform asks the plugin's transform.
package export_tidemill_plugin_transform

import (
	types "go.bytecodealliance.org/pkg/wit/types"
	"tidemill.dev/sdk"
	"tidemill.dev/sdk/gen/author"
	"tidemill.dev/sdk/gen/convert"
	bound "tidemill.dev/sdk/gen/tidemill_plugin_transform"
)

// Apply asks about each event.
func Apply(batch bound.Batch) types.Result[[]bound.Outcome, bound.Fault] {
	outcomes, err := tidemill.Each(batch.Rows, batch.Arena, author.Plugin.Transform, rejected)
	if err != nil {
		return types.Err[[]bound.Outcome, bound.Fault](convert.Fault(err))
	}
	answers := make([]bound.Outcome, len(outcomes))
	for number, outcome := range outcomes {
		switch outcome.Case {
		case tidemill.CaseDrop:
			answers[number] = bound.MakeOutcomeDrop()
		case tidemill.CaseEmit:
			outputs := make([]bound.Output, len(outcome.Outputs))
			for at, output := range outcome.Outputs {
				outputs[at] = convert.Output(output)
			}
			answers[number] = bound.MakeOutcomeEmit(outputs)
		case tidemill.CaseReject:
			answers[number] = bound.MakeOutcomeReject(convert.Problems(outcome.Problems))
		case tidemill.CaseRetry:
			answers[number] = bound.MakeOutcomeRetry(outcome.Why)
		default:
			answers[number] = bound.MakeOutcomeKeep()
		}
	}
	return types.Ok[[]bound.Outcome, bound.Fault](answers)
}

func rejected(problems []tidemill.Problem) tidemill.Outcome { return tidemill.Reject(problems...) }
