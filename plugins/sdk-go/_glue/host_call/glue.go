package author

import (
	types "go.bytecodealliance.org/pkg/wit/types"
	bound "tidemill.dev/sdk/gen/tidemill_plugin_call"
	"tidemill.dev/sdk/internal/host"
)

func init() {
	host.Cancelled, host.Changed, host.Updated = bound.Cancelled, bound.Changed, bound.Updated
	host.Progress = func(done, total float64, message string) {
		all, line := types.None[float64](), types.None[string]()
		if total > 0 {
			all = types.Some(total)
		}
		if message != "" {
			line = types.Some(message)
		}
		bound.Report(done, all, line)
	}
}
