// Package server has figures of the host: server.Streams(""). Only where the operator grants it ([grants] figures = true).
// Natively there are none.
package server

import "tidemill.dev/sdk/internal/host"

// Streams is how many streams are open: all of them, or those of the mount at a path; false if there is no mount for streams at it.
func Streams(path string) (uint32, bool) {
	if host.Streams != nil {
		return host.Streams(path)
	}
	host.Missing("server")
	return 0, false
}
