package tidemill

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
	"unsafe"
)

// Event is one event, read where the host put it: nothing is copied, and nothing is decoded before somebody asks for it.
type Event struct {
	row, arena []byte
}

func (e Event) bytes(field int) []byte {
	offset, length := e.span(field)
	if length == 0 {
		return nil
	}
	return e.arena[offset : offset+length : offset+length]
}

// text is a string over the arena, which nobody writes to.
func (e Event) text(field int) string {
	found := e.bytes(field)
	return unsafe.String(unsafe.SliceData(found), len(found))
}

// ID identifies the event within its source.
func (e Event) ID() string { return e.text(0) }

// Source is where the event comes from, a URI reference.
func (e Event) Source() string { return e.text(1) }

// Type is the event's type, such as "order.created".
func (e Event) Type() string { return e.text(2) }

// Subject is what the event is about; empty if it does not say so.
func (e Event) Subject() string { return e.text(3) }

// ContentType is the media type of the data. Empty means JSON.
func (e Event) ContentType() string { return e.text(4) }

// ExtensionsJSON are the extension attributes as the host wrote them: one JSON object, or empty.
func (e Event) ExtensionsJSON() string { return e.text(5) }

// Extensions are the extension attributes; numbers are json.Number.
func (e Event) Extensions() map[string]any {
	found := map[string]any{}
	decoder := json.NewDecoder(strings.NewReader(e.ExtensionsJSON()))
	decoder.UseNumber()
	if decoder.Decode(&found) != nil {
		return map[string]any{} // the host writes JSON
	}
	return found
}

// Extension is one extension attribute as a text; numbers and booleans in JSON.
func (e Event) Extension(name string) (string, bool) {
	switch found := e.Extensions()[name].(type) {
	case nil:
		return "", false
	case string:
		return found, true
	default:
		return fmt.Sprint(found), true
	}
}

// TimeMS is when it happened, in milliseconds since 1970-01-01T00:00:00 UTC.
func (e Event) TimeMS() uint64 { return binary.LittleEndian.Uint64(e.row[56:]) }

// Time is the same as a time in UTC.
func (e Event) Time() time.Time { return time.UnixMilli(int64(e.TimeMS())).UTC() }

// Data is empty without data, or if the manifest says WithoutData. It must not be written to.
func (e Event) Data() []byte { return e.bytes(6) }

// IsJSON says whether the data is JSON by its content type, as the host does: none, application/json, or one in ASCII that ends in
// +json.
func (e Event) IsJSON() bool {
	essence, _, _ := strings.Cut(e.ContentType(), ";")
	ascii := strings.IndexFunc(essence, func(letter rune) bool { return letter >= utf8.RuneSelf }) < 0
	essence = strings.ToLower(strings.TrimRight(essence, " "))
	return e.ContentType() == "" || essence == "application/json" || ascii && strings.HasSuffix(essence, "+json")
}

// Text is the data as text; a Problem if it is not UTF-8.
func (e Event) Text() (string, error) {
	if !utf8.Valid(e.Data()) {
		return "", notText
	}
	return e.text(6), nil
}

// JSON reads the data into a value. A Problem says what does not fit, and where if that is certain: returned as it is, it
// rejects the event.
func (e Event) JSON(into any) error { return read(e.Data(), into) }
