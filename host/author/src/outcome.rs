//! What became of one input, as authors see it and as golden files keep it.
//!
//! Owns the JSON form, and that nothing in it differs from run to run: what the host chose itself is left out.

use serde::Serialize;
use serde_json::{Map, Value, json};
use tidemill_event::{Event, Problem, Timestamp};
use tidemill_plugin::Fault;
use uuid::Uuid;

use crate::answer::{Answer, base64};

/// All that came of one input.
#[derive(Debug, Clone)]
pub struct Ran {
    /// What became of it.
    pub outcome: Outcome,
    /// Whether the subscriber that was named last sees the event, if the plugin is a view.
    pub visible: Option<bool>,
    /// Events that the plugin published beside it, as far as they were stored.
    pub published: Vec<Value>,
    /// What it logged or printed.
    pub log: Vec<LogLine>,
    /// How long it took, queue and log included.
    pub took: std::time::Duration,
}

/// A line that a plugin logged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogLine {
    /// `info` and the like.
    pub level: String,
    /// What it says, with its fields after it.
    pub message: String,
}

/// What becomes of an input.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// These events are stored; several if the plugin split it.
    Stored {
        /// As they stand in the log.
        events: Vec<Value>,
        /// It was there before.
        duplicate: bool,
    },
    /// The plugin dropped it.
    Dropped,
    /// It is not acceptable.
    Rejected {
        /// The host says so, not the plugin.
        by_host: bool,
        /// Why.
        problems: Vec<Problem>,
    },
    /// Not now.
    Retry(String),
    /// The plugin failed.
    Failed(Fault),
    /// The events of a delivery, each with its own outcome.
    Delivered(Vec<Outcome>),
    /// The plugin does not take the delivery or the subscriber.
    Refused {
        /// Of the answer to a delivery.
        status: Option<u16>,
        /// Why.
        detail: String,
    },
    /// The subscriber sees what this class sees.
    Class(String),
    /// What a client gets.
    Answered(Answer),
    /// The plugin was not called: it has no such thing, or the arguments are wrong.
    Uncalled(String),
}

impl Outcome {
    /// The word for it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Stored { .. } => "stored",
            Self::Dropped => "dropped",
            Self::Rejected { .. } => "rejected",
            Self::Retry(_) => "retry",
            Self::Failed(_) => "failed",
            Self::Delivered(_) => "delivered",
            Self::Refused { .. } => "refused",
            Self::Class(_) => "class",
            Self::Answered(_) => "answered",
            Self::Uncalled(_) => "uncalled",
        }
    }

    /// How the plugin failed, if it did.
    pub fn fault(&self) -> Option<&Fault> {
        match self {
            Self::Failed(fault) => Some(fault),
            Self::Delivered(all) => all.iter().find_map(Self::fault),
            _ => None,
        }
    }

    fn json(&self) -> Map<String, Value> {
        let mut json = Map::from_iter([("outcome".to_owned(), Value::from(self.name()))]);
        let mut put = |name: &str, value: Value| drop(json.insert(name.to_owned(), value));
        match self {
            Self::Stored { events, duplicate } => {
                match &events[..] {
                    [event] => put("event", event.clone()),
                    several => put("events", several.into()),
                }
                if *duplicate {
                    put("duplicate", true.into());
                }
            }
            Self::Dropped => {}
            Self::Rejected { by_host, problems } => {
                if *by_host {
                    put("by", "host".into());
                }
                let problem = |problem: &Problem| json!({"at": problem.at, "detail": problem.detail});
                put("problems", problems.iter().map(problem).collect());
            }
            Self::Retry(detail) | Self::Uncalled(detail) => put("detail", detail.as_str().into()),
            Self::Failed(fault) => {
                put("fault", fault.kind.name().into());
                put("detail", fault.detail.as_str().into());
            }
            Self::Delivered(all) => put("events", all.iter().map(|one| Value::Object(one.json())).collect()),
            Self::Refused { status, detail } => {
                status.iter().for_each(|status| put("status", (*status).into()));
                put("detail", detail.as_str().into());
            }
            Self::Class(class) => put("class", class.as_str().into()),
            Self::Answered(answer) => put("answer", answer.json()),
        }
        json
    }
}

impl Ran {
    /// What golden files keep: no log, no times, no backtrace.
    pub fn golden(&self) -> Value {
        let mut json = self.outcome.json();
        if let Some(visible) = self.visible {
            json.insert("visible".into(), visible.into());
        }
        if !self.published.is_empty() {
            json.insert("published".into(), self.published.clone().into());
        }
        Value::Object(json)
    }

    /// All of it.
    pub fn full(&self) -> Value {
        let Value::Object(mut json) = self.golden() else { return Value::Null };
        if let Some(fault) = self.outcome.fault() {
            json.insert("backtrace".into(), fault.backtrace.lines().collect());
        }
        if !self.log.is_empty() {
            json.insert("log".into(), serde_json::to_value(&self.log).unwrap_or_default());
        }
        json.insert("us".into(), (self.took.as_nanos() as f64 / 1e3).into());
        Value::Object(json)
    }
}

/// A stored event in the simple form, without what it has in common with the one that came in. Where none came in, without
/// an id and a time that the host made.
pub(crate) fn simple(event: &Event, came: Option<&Event>) -> Value {
    let mut json = Map::new();
    let mut put = |name: &str, value: Value| drop(json.insert(name.to_owned(), value));
    let own_id = match came {
        Some(came) => came.id() != event.id(),
        None => !Uuid::parse_str(event.id()).is_ok_and(|id| id.get_version_num() == 7),
    };
    put("type", event.event_type().into());
    if own_id {
        put("id", event.id().into());
    }
    if came.is_none_or(|came| came.source() != event.source()) {
        put("source", event.source().into());
    }
    if came.map_or_else(|| is_past(event.time()), |came| came.time() != event.time()) {
        put("time", event.time().to_string().into());
    }
    event.subject().into_iter().for_each(|subject| put("subject", subject.into()));
    event.content_type().into_iter().for_each(|kind| put("datacontenttype", kind.into()));
    event.data_schema().into_iter().for_each(|schema| put("dataschema", schema.into()));
    if event.extensions_json().is_some() {
        put("extensions", Value::Object(event.extensions()));
    }
    if event.is_json() {
        match readable(event.data()) {
            Some(value) => put("data", value),
            None => put("data_json", String::from_utf8_lossy(event.data()).into()),
        }
    } else if !event.data().is_empty() {
        match std::str::from_utf8(event.data()) {
            Ok(text) => put("data", text.into()),
            Err(_) => put("data_base64", base64(event.data()).into()),
        }
    }
    Value::Object(json)
}

/// JSON data as a value, if there is one that a golden file can keep: not of `1e400`, of half a surrogate pair, or of data
/// that is too deep to be read again where it stands in an outcome.
fn readable(json: &[u8]) -> Option<Value> {
    // An event of a delivery stands deepest.
    let nested = [b"[[[[[", json, b"]]]]]"].concat();
    let [[[[[value]]]]]: [[[[[Value; 1]; 1]; 1]; 1]; 1] = serde_json::from_slice(&nested).ok()?;
    Some(value)
}

/// Whether a plugin must have given this time itself: the host would have given the present one.
fn is_past(time: Timestamp) -> bool {
    const RECENT_MS: u64 = 60_000;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX).abs_diff(time.unix_ms()) > RECENT_MS
}

#[cfg(test)]
mod tests {
    use tidemill_event::{Attributes, Data, JsonText};

    use super::*;

    fn shown(data: &str) -> Value {
        let extensions = Map::new();
        let (id, source, event_type, subject, content_type, data_schema) = ("1", "/s", "t", None, None, None);
        let attributes =
            Attributes { id, source, event_type, subject, content_type, data_schema, extensions: &extensions };
        let data = JsonText::parse(&data.to_owned().into()).unwrap();
        let event = Event::new(&attributes, Timestamp::from_unix_ms(1), Data::Json(data)).unwrap();
        simple(&event, Some(&event))
    }

    /// Otherwise a golden test could not see it change.
    #[test]
    fn data_that_no_value_can_be_made_of_is_shown_as_text() {
        assert_eq!(shown("{\"a\":1}"), json!({"type": "t", "data": {"a": 1}}));
        let deep = "[".repeat(127) + &"]".repeat(127);
        for odd in ["1e400", "[\"\\ud800\"]", &deep] {
            assert_eq!(shown(odd), json!({"type": "t", "data_json": odd}));
        }
    }

    #[test]
    fn what_is_kept_of_deep_data_can_be_read_again() {
        for levels in 110..=127 {
            let event = shown(&("[".repeat(levels) + &"]".repeat(levels)));
            let stored = |event| Outcome::Stored { events: vec![event], duplicate: false };
            let outcome = Value::Object(Outcome::Delivered(vec![stored(event.clone()), stored(event)]).json());
            assert_eq!(serde_json::from_str::<Value>(&outcome.to_string()).ok(), Some(outcome), "{levels}");
        }
    }
}
