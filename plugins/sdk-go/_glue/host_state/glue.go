package author

import (
	types "go.bytecodealliance.org/pkg/wit/types"
	bound "tidemill.dev/sdk/gen/tidemill_plugin_state"
	"tidemill.dev/sdk/internal/host"
)

func init() {
	host.StateDelete, host.StateKeys = bound.Delete, bound.Keys
	host.StateGet = func(keys []string) []*host.Entry {
		found := bound.GetMany(keys)
		entries := make([]*host.Entry, len(found))
		for number, entry := range found {
			entries[number] = held(entry)
		}
		return entries
	}
	host.StatePut = func(key string, value []byte, ifVersion *uint64, ttlMS uint64) (uint64, *host.Failure) {
		wanted := types.None[uint64]()
		if ifVersion != nil {
			wanted = types.Some(*ifVersion)
		}
		answer := bound.Put(key, value, wanted, ttl(ttlMS))
		if answer.IsErr() {
			return 0, failure(answer.Err())
		}
		return answer.Ok(), nil
	}
	host.StateIncrement = func(key string, by int64, ttlMS uint64) (int64, *host.Failure) {
		answer := bound.Increment(key, by, ttl(ttlMS))
		if answer.IsErr() {
			return 0, failure(answer.Err())
		}
		return answer.Ok(), nil
	}
}

func held(entry types.Option[bound.Entry]) *host.Entry {
	if entry.IsNone() {
		return nil
	}
	return &host.Entry{Value: entry.Some().Value, Version: entry.Some().Version}
}

func ttl(milliseconds uint64) types.Option[uint64] {
	if milliseconds == 0 {
		return types.None[uint64]()
	}
	return types.Some(milliseconds)
}

func failure(why bound.WriteError) *host.Failure {
	switch why.Tag() {
	case bound.WriteErrorStale:
		return &host.Failure{Stale: true, Now: held(why.Stale())}
	case bound.WriteErrorQuota:
		return &host.Failure{Quota: true}
	default:
		return &host.Failure{Other: why.Other()}
	}
}
