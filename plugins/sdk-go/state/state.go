// Package state has keys of the plugin's own that outlive the host: state.Increment("orders", 1). Only where the operator grants
// it ([grants] state = true), and only while events are processed. Natively keys live in memory, and none expires.
package state

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"strings"
	"time"

	"tidemill.dev/sdk/internal/host"
)

// Entry is what a key holds.
type Entry struct {
	Value []byte
	// Version changes with every write.
	Version uint64
}

// ErrQuota says that there is no room for more (the limit state).
var ErrQuota = errors.New("no room for more state (the limit `state`)")

// Stale is an error that says what the key holds now; nil if nothing.
type Stale struct{ Now *Entry }

func (*Stale) Error() string { return "the key changed meanwhile" }

// Get is what a key holds.
func Get(key string) (Entry, bool) {
	if found := GetMany(key)[0]; found != nil {
		return *found, true
	}
	return Entry{}, false
}

// GetMany is what keys hold, in order, nil for those that there are not; at most 1,000.
func GetMany(keys ...string) []*Entry {
	found := make([]*Entry, len(keys))
	if host.StateGet == nil {
		host.Missing("state")
		for number, key := range keys {
			found[number] = kept[key]
		}
		return found
	}
	for number, entry := range host.StateGet(keys) {
		if entry != nil {
			found[number] = (*Entry)(entry)
		}
	}
	return found
}

// Put sets a key; its new version.
func Put(key string, value []byte) (uint64, error) { return put(key, value, nil, 0) }

// PutFor sets a key that is gone after a while.
func PutFor(key string, value []byte, time time.Duration) (uint64, error) {
	return put(key, value, nil, millis(time))
}

// PutIf sets a key if it has a version, 0 being that of a key that is not there.
func PutIf(key string, value []byte, version uint64) (uint64, error) {
	return put(key, value, &version, 0)
}

// Increment adds to a number, which is 0 if the key is not there; the sum.
func Increment(key string, by int64) (int64, error) { return IncrementFor(key, by, 0) }

// IncrementFor is the same; a key that is made by it is gone after a while, however often it is added to.
func IncrementFor(key string, by int64, time time.Duration) (int64, error) {
	if host.StateIncrement != nil {
		sum, failure := host.StateIncrement(key, by, millis(time))
		return sum, asError(failure)
	}
	host.Missing("state")
	var sum int64
	if entry := kept[key]; entry != nil {
		if len(entry.Value) != 8 {
			return 0, errors.New("its value is no number, which has eight bytes")
		}
		sum = int64(binary.LittleEndian.Uint64(entry.Value))
	}
	if by > 0 && sum > math.MaxInt64-by {
		sum = math.MaxInt64 // as the host does
	} else if by < 0 && sum < math.MinInt64-by {
		sum = math.MinInt64
	} else {
		sum += by
	}
	_, err := Put(key, binary.LittleEndian.AppendUint64(nil, uint64(sum)))
	return sum, err
}

// Delete removes a key; whether it was there.
func Delete(key string) bool {
	if host.StateDelete != nil {
		return host.StateDelete(key)
	}
	host.Missing("state")
	_, there := kept[key]
	delete(kept, key)
	return there
}

// Keys are those that begin with a prefix and come after another one, in order; at most 1,000.
func Keys(prefix, after string, limit uint32) []string {
	if host.StateKeys != nil {
		return host.StateKeys(prefix, after, limit)
	}
	host.Missing("state")
	var found []string
	for key := range kept {
		if strings.HasPrefix(key, prefix) && key > after {
			found = append(found, key)
		}
	}
	slices.Sort(found)
	return found[:min(len(found), int(limit))]
}

func put(key string, value []byte, version *uint64, ttl uint64) (uint64, error) {
	if host.StatePut != nil {
		now, failure := host.StatePut(key, value, version, ttl)
		return now, asError(failure)
	}
	host.Missing("state")
	if entry := kept[key]; version != nil && (entry == nil && *version != 0 || entry != nil && *version != entry.Version) {
		return 0, &Stale{entry}
	}
	last++
	kept[key] = &Entry{slices.Clone(value), last}
	return last, nil
}

func millis(time time.Duration) uint64 { return uint64(max(time.Milliseconds(), 0)) }

func asError(failure *host.Failure) error {
	switch {
	case failure == nil:
		return nil
	case failure.Stale:
		return &Stale{(*Entry)(failure.Now)}
	case failure.Quota:
		return ErrQuota
	default:
		return errors.New(failure.Other)
	}
}

// What is kept natively.
var (
	kept = map[string]*Entry{}
	last uint64
)
