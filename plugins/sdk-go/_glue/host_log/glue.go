package author

import (
	types "go.bytecodealliance.org/pkg/wit/types"
	bound "tidemill.dev/sdk/gen/tidemill_plugin_log"
	"tidemill.dev/sdk/internal/host"
)

func init() {
	host.Log = func(level uint8, message string, fields [][2]string) {
		tuples := make([]types.Tuple2[string, string], len(fields))
		for number, field := range fields {
			tuples[number] = types.Tuple2[string, string]{F0: field[0], F1: field[1]}
		}
		bound.Log(level, message, tuples)
	}
}
