// What happens inside of a call by a client.
package vectors

import (
	"testing"
	"time"

	"tidemill.dev/sdk/call"
	"tidemill.dev/sdk/internal/host"
)

// Who sleeps hears of it that nobody waits any more, however short it was and whenever it happened.
func TestSleepEndsWithTheCall(t *testing.T) {
	defer func() { host.Cancelled = nil }()
	for _, one := range []struct {
		sleep    time.Duration
		looks    int // that find nothing wrong
		expected error
	}{
		{0, 0, call.ErrCancelled},
		{0, 1, nil},
		{time.Millisecond, 1, call.ErrCancelled},
		{time.Millisecond, 2, nil},
		{60 * time.Millisecond, 2, call.ErrCancelled},
	} {
		left := one.looks
		host.Cancelled = func() bool { left--; return left < 0 }
		if err := call.Sleep(one.sleep); err != one.expected {
			t.Errorf("%v, cancelled after %d looks: %v, expected %v", one.sleep, one.looks, err, one.expected)
		}
	}
}
