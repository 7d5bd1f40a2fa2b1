// Package meter has figures of the plugin's own, shown in the host's metrics: meter.Add("orders", 1). Natively nothing is kept.
package meter

import "tidemill.dev/sdk/internal/host"

// Add adds to a counter.
func Add(name string, delta uint64) {
	if host.MeterAdd != nil {
		host.MeterAdd(name, delta)
		return
	}
	host.Missing("meter")
}

// Record puts a value into a histogram.
func Record(name string, value float64) {
	if host.MeterRecord != nil {
		host.MeterRecord(name, value)
		return
	}
	host.Missing("meter")
}
