//! The import `bus`, for the plugin that is called (`wit/v0.1/bus.wit`).

use serde_json::{Map, Value};
use tidemill_event::{Attributes, Data, Event, is_reserved_type};
use uuid::Uuid;

use super::Host;
use crate::bindings::bus;
use crate::state::now;
use crate::transaction::lock;

impl bus::Host for Host {
    fn publish(&mut self, events: Vec<bus::NewEvent>) -> wasmtime::Result<Result<(), String>> {
        if self.call.is_some() {
            return self.publish_now(events);
        }
        Ok(self.publish_later(events))
    }
}

impl Host {
    /// Publishes while events are processed: once they are stored.
    fn publish_later(&mut self, events: Vec<bus::NewEvent>) -> Result<(), String> {
        let mut transaction = lock(&self.desk);
        let hops = transaction
            .hops(&self.plugin)
            .ok_or("events can be published only while events are processed, and in calls by clients")?;
        if hops >= self.hops_max {
            self.figures.note_unpublished(events.len());
            return Err(format!(
                "these are on account of events that were published on account of others, {hops} times; the limit is \
                 `hops`"
            ));
        }
        let before = transaction.published();
        for event in events {
            let id_given = event.id.is_some();
            let published = self.event(event).and_then(|event| transaction.publish(event, id_given));
            if let Err(reason) = published {
                transaction.unpublish(before);
                self.figures.note_unpublished(1);
                return Err(reason);
            }
        }
        Ok(())
    }

    /// The event that a plugin wants to publish, if it may.
    pub(super) fn event(&self, new: bus::NewEvent) -> Result<Event, String> {
        let event_type = new.type_;
        if is_reserved_type(&event_type) {
            return Err(format!("`{event_type}`: types that begin with `tidemill.` are made by the host alone"));
        }
        if !self.publishes.iter().any(|pattern| pattern.matches(&event_type)) {
            return Err(format!("`{event_type}` is none of the types that it may publish (`grants.publish`)"));
        }
        let own = format!("/plugins/{}", self.plugin);
        let source = new.source.unwrap_or_else(|| own.clone());
        if source.strip_prefix(&own).is_none_or(|rest| !rest.is_empty() && !rest.starts_with('/')) {
            return Err(format!("`{source}` is not its own source, which is `{own}` or something below that"));
        }
        let id = new.id.unwrap_or_else(|| Uuid::now_v7().to_string());
        let extensions: Map<String, Value> =
            new.extensions.into_iter().map(|(name, value)| (name, Value::String(value))).collect();
        let attributes = Attributes {
            id: &id,
            source: &source,
            event_type: &event_type,
            subject: new.subject.as_deref(),
            content_type: new.content_type.as_deref(),
            data_schema: None,
            extensions: &extensions,
        };
        Event::new(&attributes, now(), Data::Bytes(new.data.into()))
            .map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
    }
}
