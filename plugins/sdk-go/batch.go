package tidemill

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// row is the size of a row: seven spans of two uint32, and the time as a uint64.
const row = 64

var fields = [7]string{"id", "source", "type", "subject", "content type", "extensions", "data"}

// Decode reads rows and their arena as the host sends them. After that no access to an event can fail.
// For the generated code, and for tests.
func Decode(rows, arena []byte) ([]Event, error) {
	if len(rows)%row != 0 {
		return nil, Broken(fmt.Sprintf("rows: %d bytes are not a multiple of %d", len(rows), row))
	}
	events := make([]Event, len(rows)/row)
	for number := range events {
		events[number] = Event{row: rows[number*row : (number+1)*row : (number+1)*row], arena: arena}
		for field, name := range fields {
			offset, length := events[number].span(field)
			if length > 0 && uint64(offset)+uint64(length) > uint64(len(arena)) {
				return nil, Broken(fmt.Sprintf("row %d: the %s ends outside the arena of %d bytes", number, name, len(arena)))
			}
		}
	}
	return events, nil
}

func (e Event) span(field int) (offset, length uint32) {
	at := e.row[field*8:]
	return binary.LittleEndian.Uint32(at), binary.LittleEndian.Uint32(at[4:])
}

// Each asks about each event of a batch in turn. Problems are an answer to that event, and a *Fault ends the batch. Any other
// error is about one event among several: Each panics, so that the host asks again with fewer until it has found that one.
// For the generated code.
func Each[T any](rows, arena []byte, ask func(Event) (T, error), problems func([]Problem) T) ([]T, error) {
	events, err := Decode(rows, arena)
	if err != nil {
		return nil, err
	}
	answers := make([]T, len(events))
	for number, event := range events {
		if answers[number], err = ask(event); err == nil {
			continue
		}
		if found, ok := AsProblems(err); ok {
			answers[number] = problems(found)
			continue
		}
		var fault *Fault
		if !errors.As(err, &fault) && len(events) > 1 {
			panic(err)
		}
		return nil, AsFault(err)
	}
	return answers, nil
}
