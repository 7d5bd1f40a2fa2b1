package tidemill

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"tidemill.dev/sdk/internal/nesting"
)

var notText = Problem{Detail: "it is no UTF-8 text"}

// read reads JSON into a value; what does not fit is a Problem. Go would put U+FFFD where a text is no UTF-8.
func read(data []byte, into any) error {
	if !utf8.Valid(data) {
		return notText
	}
	if err := nesting.Check(data); err != nil {
		return Problem{Detail: err.Error()}
	}
	err := json.Unmarshal(data, into)
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return Problem{
			At:     place(data, wrong.Field, wrong.Value),
			Detail: fmt.Sprintf("expected %s, found %s", expected(wrong.Type), wrong.Value),
		}
	}
	if err != nil {
		return Problem{Detail: err.Error()}
	}
	return nil
}

// place is the JSON Pointer of what Go names by dots, or empty if the data has nothing such there: names may have dots
// themselves, and Go before 1.27 leaves out which item of a list it was.
func place(data []byte, field, found string) string {
	if field == "" {
		return ""
	}
	var pointer strings.Builder
	for name := range strings.SplitSeq(field, ".") {
		var members map[string]json.RawMessage
		var items []json.RawMessage
		if json.Unmarshal(data, &members) == nil {
			data = members[name]
		} else if index, err := strconv.Atoi(name); err == nil && index >= 0 && json.Unmarshal(data, &items) == nil && index < len(items) {
			data = items[index]
		} else {
			return ""
		}
		pointer.WriteString("/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name))
	}
	if len(data) == 0 || !strings.HasPrefix(found, what(data[0])) {
		return ""
	}
	return pointer.String()
}

// what a value is by its first byte, in the words of Go's errors.
func what(first byte) string {
	switch first {
	case '{':
		return "object"
	case '[':
		return "array"
	case '"':
		return "string"
	case 't', 'f':
		return "bool"
	default:
		return "number"
	}
}

// expected is what fits a type, in words of JSON.
func expected(kind reflect.Type) string {
	switch kind.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return "a whole number that fits"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.String:
		return "a text"
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.Map, reflect.Struct:
		return "an object"
	default:
		return "another value"
	}
}
