//! What other systems deliver, and what a plugin makes of it (`wit/v0.1/webhook.wit`).

use bytes::Bytes;

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
