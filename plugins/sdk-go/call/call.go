// Package call is for the inside of a call by a client: how far it is, whether somebody still waits, and what changed for clients.
// Outside of such calls all of it does nothing.
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
	for !Cancelled() {
		if left <= 0 {
			return nil
		}
		if host.Cancelled != nil {
			time.Sleep(min(left, slice))
		}
		left -= slice
	}
	return ErrCancelled
}

// Listing is a kind of list.
type Listing uint8

// The lists that there are.
const (
	Tools Listing = iota
	Prompts
	Resources
)

// Changed tells clients that what they know of a list may not be so any more.
func Changed(what Listing) {
	if host.Changed != nil {
		host.Changed(uint8(what))
		return
	}
	host.Missing("call")
}

// Updated tells those who follow a resource that its content changed.
func Updated(uri string) {
	if host.Updated != nil {
		host.Updated(uri)
		return
	}
	host.Missing("call")
}
