package author

import (
	bound "tidemill.dev/sdk/gen/tidemill_plugin_meter"
	"tidemill.dev/sdk/internal/host"
)

func init() { host.MeterAdd, host.MeterRecord = bound.Add, bound.Record }
