package author

import (
	types "go.bytecodealliance.org/pkg/wit/types"
	bound "tidemill.dev/sdk/gen/tidemill_plugin_bus"
	"tidemill.dev/sdk/internal/host"
)

func init() {
	host.Publish = func(events []host.Draft) (string, bool) {
		made := make([]bound.NewEvent, len(events))
		for number, event := range events {
			extensions := make([]types.Tuple2[string, string], len(event.Extensions))
			for at, pair := range event.Extensions {
				extensions[at] = types.Tuple2[string, string]{F0: pair[0], F1: pair[1]}
			}
			made[number] = bound.NewEvent{
				Type: event.Type, Id: optional(event.ID), Source: optional(event.Source), Subject: optional(event.Subject),
				ContentType: optional(event.ContentType), Extensions: extensions, Data: event.Data,
			}
		}
		if answer := bound.Publish(made); answer.IsErr() {
			return answer.Err(), false
		}
		return "", true
	}
}

func optional(text string) types.Option[string] {
	if text == "" {
		return types.None[string]()
	}
	return types.Some(text)
}
