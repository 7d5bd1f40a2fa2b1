// Package tidemilltest has what go test needs of a plugin: events to give it, without a component and without a host.
//
//	verdict, err := decide(tidemilltest.Event("order.created", `{"test":true}`))
//
// What a plugin logs and publishes meanwhile is in log.Lines and bus.Published, what it keeps in state, until Clear.
package tidemilltest

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"

	"tidemill.dev/sdk"
	"tidemill.dev/sdk/bus"
	"tidemill.dev/sdk/log"
	"tidemill.dev/sdk/state"
)

// Sample is an event that is made up. What is empty is absent, but for ID and Source: they are "1" and "/test" then.
type Sample struct {
	Type                             string
	ID, Source, Subject, ContentType string
	// Extensions are texts, whole numbers and booleans.
	Extensions map[string]any
	TimeMS     uint64
	// Data are taken as they are; a host would send JSON compact.
	Data []byte
}

// Event is an event of this type with these data, id "1" and source "/test".
func Event(kind, data string) tidemill.Event { return Sample{Type: kind, Data: []byte(data)}.Event() }

// Event is what a plugin gets.
func (s Sample) Event() tidemill.Event {
	events, err := tidemill.Decode(Rows(s))
	if err != nil {
		panic(err) // Rows made them
	}
	return events[0]
}

// Rows are events as a host sends them, with their arena.
func Rows(samples ...Sample) (rows, arena []byte) {
	for _, sample := range samples {
		var extensions []byte
		if len(sample.Extensions) > 0 {
			var err error
			if extensions, err = json.Marshal(sample.Extensions); err != nil {
				panic(fmt.Sprintf("the extensions cannot be written as JSON: %v", err))
			}
		}
		texts := []string{cmp.Or(sample.ID, "1"), cmp.Or(sample.Source, "/test"), sample.Type, sample.Subject, sample.ContentType}
		for _, text := range append(texts, string(extensions), string(sample.Data)) {
			rows = binary.LittleEndian.AppendUint32(rows, uint32(len(arena)))
			rows = binary.LittleEndian.AppendUint32(rows, uint32(len(text)))
			arena = append(arena, text...)
		}
		rows = binary.LittleEndian.AppendUint64(rows, sample.TimeMS)
	}
	return rows, arena
}

// Clear forgets what the plugin logged, published and kept.
func Clear() {
	log.Lines, bus.Published = nil, nil
	for _, key := range state.Keys("", "", math.MaxInt32) {
		state.Delete(key)
	}
}
