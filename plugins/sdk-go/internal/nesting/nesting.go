// Package nesting bounds JSON that nobody has checked: whoever reads nested values calls itself for each level, and a component's
// stack ends long before the 10,000 levels of encoding/json.
package nesting

import "errors"

// Levels that a text may have, as in other SDKs.
const Levels = 128

// ErrTooDeep tells of more.
var ErrTooDeep = errors.New("more than 128 lists and objects within each other")

// Check looks at the brackets of a text, as far as it is JSON.
func Check(text []byte) error {
	depth, quoted := 0, false
	for at := 0; at < len(text); at++ {
		switch one := text[at]; {
		case quoted && one == '\\':
			at++
		case one == '"':
			quoted = !quoted
		case quoted:
		case one == '[' || one == '{':
			if depth++; depth > Levels {
				return ErrTooDeep
			}
		case one == ']' || one == '}':
			depth--
		}
	}
	return nil
}
