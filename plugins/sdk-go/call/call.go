// Package call is for the inside of a call of a tool: how far it is, and whether somebody still waits.
package call

import (
	"errors"
	"time"

	"tidemill.dev/sdk/internal/host"
)

// ErrCancelled ends a call for which nobody waits any more.
var ErrCancelled = errors.New("the call was cancelled")

// Progress says how far the call is: done of total, 0 if nobody knows. done has to increase.
func Progress(done, total float64, message string) {
	if host.Progress != nil {
		host.Progress(done, total, message)
		return
	}
	host.Missing("call")
}

// Cancelled says whether nobody waits any more. There is a second to tidy up then.
func Cancelled() bool {
	if host.Cancelled != nil {
		return host.Cancelled()
	}
	host.Missing("call")
	return false
}

// slice is how long a call sleeps before it looks whether somebody still waits.
const slice = 50 * time.Millisecond

// Sleep sleeps, unless the call is cancelled meanwhile. Natively it takes no time.
func Sleep(left time.Duration) error {
	for ; left > 0; left -= slice {
		if Cancelled() {
			return ErrCancelled
		}
		if host.Cancelled != nil {
			time.Sleep(min(left, slice))
		}
	}
	return nil
}
