// Package export_tidemill_plugin_filter asks the plugin's filter.
package export_tidemill_plugin_filter

import (
	types "go.bytecodealliance.org/pkg/wit/types"
	"tidemill.dev/sdk"
	"tidemill.dev/sdk/gen/author"
	"tidemill.dev/sdk/gen/convert"
	bound "tidemill.dev/sdk/gen/tidemill_plugin_filter"
	"tidemill.dev/sdk/log"
)

// Decide asks about each event.
func Decide(batch bound.Batch) types.Result[[]bound.Verdict, bound.Fault] {
	verdicts, err := tidemill.Each(batch.Rows, batch.Arena, author.Plugin.Filter, rejected)
	if err != nil {
		return types.Err[[]bound.Verdict, bound.Fault](convert.Fault(err))
	}
	answers := make([]bound.Verdict, len(verdicts))
	for number, verdict := range verdicts {
		answers[number] = bound.Verdict(verdict)
	}
	return types.Ok[[]bound.Verdict, bound.Fault](answers)
}

func rejected(problems []tidemill.Problem) tidemill.Verdict {
	for _, problem := range problems {
		log.Debug("rejected: "+problem.Detail, "at", problem.At)
	}
	return tidemill.VerdictReject
}
