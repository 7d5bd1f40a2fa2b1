// Package bus publishes events beside those that pass through. Only for plugins to which it is granted, with the types that
// they may publish ([grants] publish = ["alert.*"]), while events are processed and in calls of tools.
package bus

import (
	"errors"

	"tidemill.dev/sdk/internal/host"
)

// Event is an event to publish. What is empty is left to the host.
type Event struct {
	Type                             string
	ID, Source, Subject, ContentType string
	Extensions                       [][2]string
	// Data is JSON unless ContentType says something else.
	Data []byte
}

// Published are the events that were published natively, for tests.
var Published []Event

// Publish publishes events once those of the batch are stored. On an error none of them is taken.
func Publish(events ...Event) error {
	if host.Publish == nil {
		host.Missing("bus")
		Published = append(Published, events...)
		return nil
	}
	drafts := make([]host.Draft, len(events))
	for number, event := range events {
		drafts[number] = host.Draft(event)
	}
	if why, ok := host.Publish(drafts); !ok {
		return errors.New(why)
	}
	return nil
}
