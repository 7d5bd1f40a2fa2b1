// Package convert makes the bindings' types of the SDK's.
package convert

import (
	types "go.bytecodealliance.org/pkg/wit/types"
	"tidemill.dev/sdk"
)

// Text is absent where it is empty.
func Text(text string) types.Option[string] {
	if text == "" {
		return types.None[string]()
	}
	return types.Some(text)
}

// Pairs are the SDK's.
func Pairs(tuples []types.Tuple2[string, string]) []tidemill.Pair {
	pairs := make([]tidemill.Pair, len(tuples))
	for number, tuple := range tuples {
		pairs[number] = tidemill.Pair{Name: tuple.F0, Value: tuple.F1}
	}
	return pairs
}

// Tuples are the bindings'.
func Tuples(pairs []tidemill.Pair) []types.Tuple2[string, string] {
	tuples := make([]types.Tuple2[string, string], len(pairs))
	for number, pair := range pairs {
		tuples[number] = types.Tuple2[string, string]{F0: pair.Name, F1: pair.Value}
	}
	return tuples
}
