package convert

import (
	types "go.bytecodealliance.org/pkg/wit/types"
	"tidemill.dev/sdk"
	bound "tidemill.dev/sdk/gen/tidemill_plugin_types"
)

// Fault is what an error says about the batch.
func Fault(err error) bound.Fault {
	fault := tidemill.AsFault(err)
	if fault.Again {
		return bound.MakeFaultRetry(fault.Why)
	}
	return bound.MakeFaultBroken(fault.Why)
}

// Problems are the bindings'.
func Problems(own []tidemill.Problem) []bound.Problem {
	made := make([]bound.Problem, len(own))
	for number, problem := range own {
		made[number] = bound.Problem{At: problem.At, Detail: problem.Detail}
	}
	return made
}

// Output is the bindings'.
func Output(own tidemill.Output) bound.Output {
	made := bound.Output{Type: given(own.Type), Subject: given(own.Subject), ContentType: given(own.ContentType)}
	made.Extensions = types.None[[]types.Tuple2[string, string]]()
	if own.Extensions != nil {
		made.Extensions = types.Some(Tuples(own.Extensions))
	}
	made.Data = types.None[[]uint8]()
	if own.Data != nil {
		made.Data = types.Some(own.Data)
	}
	return made
}

func given(text *string) types.Option[string] {
	if text == nil {
		return types.None[string]()
	}
	return types.Some(*text)
}
