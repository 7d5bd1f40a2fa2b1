//! What other systems deliver, and what a plugin makes of it (`wit/v0.1/webhook.wit`).

use bytes::Bytes;
use serde_json::{Map, Value};
use tidemill_event::{Attributes, Data, Event, Problem, Timestamp};

/// One delivery, as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Header fields in the order in which they came, names in lower case.
    pub headers: Vec<(String, String)>,
    /// What followed the question mark, not decoded.
    pub query: String,
    /// The body, byte for byte.
    pub body: Vec<u8>,
}

/// What became of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received {
    /// It is these events. Nothing of them was checked.
    Events(Vec<Draft>),
    /// It is not taken.
    Refused {
        /// The status of the answer: 400 to 499, or 503.
        status: u16,
        /// Why, for people.
        detail: String,
    },
}

/// An event that a plugin made of a delivery.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Draft {
    /// Event type.
    pub event_type: String,
    /// By which it is known to its source; none: any.
    pub id: Option<String>,
    /// Where it happened; none: at the hook.
    pub source: Option<String>,
    /// What it is about.
    pub subject: Option<String>,
    /// When it happened, in milliseconds since the Unix epoch; none: now.
    pub time_ms: Option<u64>,
    /// Media type of the data; none: JSON.
    pub content_type: Option<String>,
    /// CloudEvents extension attributes.
    pub extensions: Vec<(String, String)>,
    /// The data.
    pub data: Bytes,
}

impl Draft {
    /// The event, and whether the plugin gave its id; or what is wrong with it. It gets this id and time if it says none.
    pub fn into_event(
        self,
        plugin: &str,
        id: impl FnOnce() -> String,
        now: Timestamp,
    ) -> Result<(Event, bool), Vec<Problem>> {
        let id_given = self.id.is_some();
        let id = self.id.unwrap_or_else(id);
        let source = self.source.unwrap_or_else(|| format!("/hooks/{plugin}"));
        let extensions: Map<String, Value> =
            self.extensions.into_iter().map(|(name, value)| (name, Value::String(value))).collect();
        let attributes = Attributes {
            id: &id,
            source: &source,
            event_type: &self.event_type,
            subject: self.subject.as_deref(),
            content_type: self.content_type.as_deref(),
            data_schema: None,
            extensions: &extensions,
        };
        let time = self.time_ms.map_or(now, Timestamp::from_unix_ms);
        Ok((Event::new(&attributes, time, Data::Bytes(self.data))?, id_given))
    }
}
