//! A change to an event, as a plugin asks for it: only what differs is named.

use bytes::Bytes;
use serde_json::Value;

use crate::limits::EXTENSION_CHANGES_MAX;
use crate::{Attributes, Data, Event, Problem, is_reserved_type};

/// What to change in an event; absent members keep what the event has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// New type.
    pub event_type: Option<String>,
    /// New subject; empty removes it.
    pub subject: Option<String>,
    /// New media type of the data; empty removes it.
    pub content_type: Option<String>,
    /// Extension attributes to set; an empty value removes the attribute.
    pub extensions: Vec<(String, String)>,
    /// New data.
    pub data: Option<Bytes>,
}

impl Change {
    /// Whether nothing is changed.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether an event changed so has to be looked at again by the type's owner.
    pub fn concerns_type_or_data(&self) -> bool {
        self.event_type.is_some() || self.data.is_some() || self.content_type.is_some()
    }

    /// The event that results, or what is wrong with it. Output number `part` of one input keeps the input's id if it
    /// is the first (0) and has `.part` appended otherwise.
    pub fn apply(self, event: &Event, part: usize) -> Result<Event, Vec<Problem>> {
        if self.extensions.len() > EXTENSION_CHANGES_MAX {
            let found = self.extensions.len();
            let detail =
                format!("{found} extension attributes are changed, at most {EXTENSION_CHANGES_MAX} are possible");
            return Err(vec![Problem::new("extensions", detail)]);
        }
        let mut extensions = event.extensions();
        for (name, value) in self.extensions {
            if value.is_empty() {
                extensions.shift_remove(&name);
            } else {
                extensions.insert(name, Value::from(value));
            }
        }
        let event_type = self.event_type.as_deref().unwrap_or(event.event_type());
        if is_reserved_type(event_type) && !is_reserved_type(event.event_type()) {
            return Err(vec![Problem::new("type", "types that begin with `tidemill.` are made by the host alone")]);
        }
        let id = if part == 0 { event.id().to_owned() } else { format!("{}.{part}", event.id()) };
        let keep_or = |new: Option<&'_ str>, old: Option<&'_ str>| -> Option<String> {
            new.or(old).filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let subject = keep_or(self.subject.as_deref(), event.subject());
        let content_type = keep_or(self.content_type.as_deref(), event.content_type());
        let attributes = Attributes {
            id: &id,
            source: event.source(),
            event_type,
            subject: subject.as_deref(),
            content_type: content_type.as_deref(),
            data_schema: event.data_schema(),
            extensions: &extensions,
        };
        let changed = match self.data {
            None if self.content_type.is_none() => Event::with_checked_data(&attributes, event.time(), event.data()),
            // Data that stays was checked under its old content type only.
            data => Event::new(&attributes, event.time(), Data::Bytes(data.unwrap_or_else(|| event.data().clone()))),
        };
        // What becomes of an event is for nobody else.
        changed.map(|changed| changed.with_audience(event.audience().cloned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AUDIENCE_ATTRIBUTE, Audience, Timestamp};
    use serde_json::{Map, json};

    fn event() -> Event {
        let Value::Object(extensions) = json!({"keep": "1", "gone": "2"}) else { unreachable!() };
        let attributes = Attributes {
            id: "7",
            source: "/s",
            event_type: "a",
            subject: Some("s"),
            content_type: None,
            data_schema: Some("urn:x"),
            extensions: &extensions,
        };
        Event::new(&attributes, Timestamp::from_unix_ms(5), Data::Bytes("{}".into())).unwrap()
    }

    #[test]
    fn an_empty_change_changes_nothing() {
        assert_eq!(Change::default().apply(&event(), 0).unwrap(), event());
    }

    #[test]
    fn named_members_change_and_the_rest_stays() {
        let change = Change {
            event_type: Some("b".into()),
            subject: Some(String::new()),
            extensions: vec![("gone".into(), String::new()), ("new".into(), "3".into())],
            data: Some("[1, 2]".into()),
            ..Change::default()
        };
        let changed = change.apply(&event(), 2).unwrap();
        assert_eq!((changed.id(), changed.event_type(), changed.subject()), ("7.2", "b", None));
        assert_eq!(changed.extensions(), Map::from_iter([("keep".into(), "1".into()), ("new".into(), "3".into())]));
        assert_eq!((changed.data().as_ref(), changed.data_schema()), (b"[1,2]".as_ref(), Some("urn:x")));
        assert_eq!((changed.source(), changed.time()), ("/s", event().time()));
    }

    /// Whatever is changed, whichever part it is: nobody else sees it, and no plugin says who does.
    #[test]
    fn the_audience_stays() {
        let audience = Audience::parse("audience", "{\"groups\":[\"g\"]}").unwrap();
        let event = event().with_audience(Some(audience.into()));
        for part in [0, 1, 9] {
            for change in [
                Change::default(),
                Change { event_type: Some("b".into()), ..Change::default() },
                Change { data: Some("[]".into()), content_type: Some(String::new()), ..Change::default() },
                Change { content_type: Some("text/plain".into()), subject: Some(String::new()), ..Change::default() },
            ] {
                assert_eq!(change.apply(&event, part).unwrap().audience(), event.audience());
            }
        }
        for value in ["", "{\"groups\":[\"h\"]}"] {
            let change = Change { extensions: vec![(AUDIENCE_ATTRIBUTE.into(), value.into())], ..Change::default() };
            let after = change.apply(&event, 0);
            assert!(after.is_err() || after.is_ok_and(|after| after == event), "{value}");
        }
    }

    #[test]
    fn bad_changes_are_told() {
        let at = |change: Change| change.apply(&event(), 0).unwrap_err()[0].at.clone();
        assert_eq!(at(Change { event_type: Some("tidemill.x".into()), ..Change::default() }), "type");
        assert_eq!(at(Change { event_type: Some("not a type".into()), ..Change::default() }), "type");
        assert_eq!(at(Change { data: Some("{oops".into()), ..Change::default() }), "data");
        assert_eq!(at(Change { extensions: vec![("No".into(), "x".into())], ..Change::default() }), "No");
        let audience = vec![(AUDIENCE_ATTRIBUTE.to_owned(), "{}".to_owned())];
        assert_eq!(at(Change { extensions: audience, ..Change::default() }), AUDIENCE_ATTRIBUTE);
        let removals = vec![("gone".to_owned(), String::new()); EXTENSION_CHANGES_MAX + 1];
        assert_eq!(at(Change { extensions: removals, ..Change::default() }), "extensions");
    }
}
