// Package export_tidemill_plugin_webhook hands deliveries to the plugin.
package export_tidemill_plugin_webhook

import (
	"errors"

	types "go.bytecodealliance.org/pkg/wit/types"
	"tidemill.dev/sdk"
	"tidemill.dev/sdk/gen/author"
	"tidemill.dev/sdk/gen/convert"
	bound "tidemill.dev/sdk/gen/tidemill_plugin_webhook"
	"tidemill.dev/sdk/log"
)

// Receive makes events of a delivery.
func Receive(delivered bound.Delivery) types.Result[[]bound.Draft, bound.Refusal] {
	drafts, err := author.Plugin.Receive(tidemill.Delivery{
		Headers: convert.Pairs(delivered.Headers), Query: delivered.Query, Body: delivered.Body,
	})
	if err != nil {
		var refusal *tidemill.Refusal
		if errors.As(err, &refusal) {
			return types.Err[[]bound.Draft, bound.Refusal](bound.Refusal{Status: refusal.Status, Detail: refusal.Detail})
		}
		if problems, ok := tidemill.AsProblems(err); ok {
			return types.Err[[]bound.Draft, bound.Refusal](bound.Refusal{Status: 400, Detail: problems.Error()})
		}
		log.Error(err.Error()) // for the operator; the sender is told to come again
		return types.Err[[]bound.Draft, bound.Refusal](bound.Refusal{Status: 503, Detail: "the delivery could not be handled"})
	}
	answers := make([]bound.Draft, len(drafts))
	for number, draft := range drafts {
		when := types.None[uint64]()
		if draft.TimeMS != 0 {
			when = types.Some(draft.TimeMS)
		}
		answers[number] = bound.Draft{
			Type: draft.Type, Id: convert.Text(draft.ID), Source: convert.Text(draft.Source), Subject: convert.Text(draft.Subject),
			TimeMs: when, ContentType: convert.Text(draft.ContentType), Extensions: convert.Tuples(draft.Extensions), Data: draft.Data,
		}
	}
	return types.Ok[[]bound.Draft, bound.Refusal](answers)
}
