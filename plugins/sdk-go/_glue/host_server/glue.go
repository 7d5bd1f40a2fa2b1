package author

import (
	types "go.bytecodealliance.org/pkg/wit/types"
	bound "tidemill.dev/sdk/gen/tidemill_plugin_server"
	"tidemill.dev/sdk/internal/host"
)

func init() {
	host.Streams = func(path string) (uint32, bool) {
		mount := types.None[string]()
		if path != "" {
			mount = types.Some(path)
		}
		found := bound.Streams(mount)
		if found.IsNone() {
			return 0, false
		}
		return found.Some(), true
	}
}
