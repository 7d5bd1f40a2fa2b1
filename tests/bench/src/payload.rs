//! What the events carry: a GitHub `ping` made to measure, or a real delivery near a size, each with a place for the
//! generator's marker. Must not know how it is sent.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Map, Value};

use crate::load::MARKER;

/// Text to pad with: words, so that nothing looks like a secret.
const WORDS: &str = "the mill turns with the tide and the wheel turns with the mill ";

/// Members that a person wrote: a marker before their text changes nothing else.
const FREE_TEXT: [&str; 5] = ["zen", "title", "body", "message", "description"];

/// An event without its identity: every one that is published has the same type and, but for the marker, the same data.
#[derive(Debug, Clone)]
pub struct Payload {
    /// The event's type.
    pub event_type: String,
    /// Its data, compact JSON with one marker.
    pub data: String,
}

impl Payload {
    /// A valid `github.ping` whose data has exactly so many bytes, or as few as possible.
    #[must_use]
    pub fn ping(bytes: usize) -> Self {
        let with = |pad: &str| {
            let hook = r#"{"type":"Repository","id":1,"active":true,"events":[],"config":{}}"#;
            let sender = r#"{"login":"o","id":1,"type":"User"}"#;
            format!(r#"{{"zen":"{MARKER}{pad}","hook_id":1,"hook":{hook},"sender":{sender}}}"#)
        };
        let pad: String = WORDS.chars().cycle().take(bytes.saturating_sub(with("").len())).collect();
        Self { event_type: "github.ping".to_owned(), data: with(&pad) }
    }

    /// The same so that the whole event, as the host takes it, has so many bytes.
    ///
    /// # Errors
    ///
    /// As [`envelope`](Self::envelope).
    pub fn ping_event(bytes: usize) -> Result<Self> {
        let least = Self::ping(0);
        Ok(Self::ping(bytes.saturating_sub(least.envelope()?.len() - least.data.len())))
    }

    /// The delivery whose data is nearest to a size, out of a file with one event per line.
    ///
    /// # Errors
    ///
    /// When the file is not there or holds no such event.
    pub fn delivery(file: &Path, bytes: usize) -> Result<Self> {
        let text = fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
        let mut nearest: Option<(usize, Value)> = None;
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let event: Value =
                serde_json::from_str(line).with_context(|| format!("{} is not NDJSON", file.display()))?;
            let distance = event["data"].to_string().len().abs_diff(bytes);
            if nearest.as_ref().is_none_or(|(least, _)| distance < *least) {
                nearest = Some((distance, event));
            }
        }
        let (_, mut event) = nearest.with_context(|| format!("{} is empty", file.display()))?;
        let event_type = event["type"].as_str().context("an event has no type")?.to_owned();
        let data = event["data"].as_object_mut().context("an event's data is no object")?;
        if !mark(data) {
            data.insert("bench".to_owned(), MARKER.into());
        }
        Ok(Self { event_type, data: event["data"].to_string() })
    }

    /// The event as the host takes it.
    ///
    /// # Errors
    ///
    /// When the type cannot be written as JSON, which no string can cause.
    pub fn envelope(&self) -> Result<String> {
        ensure!(self.data.contains(MARKER), "the data have no marker");
        let event_type = serde_json::to_string(&self.event_type)?;
        Ok(format!(r#"{{"type":{event_type},"source":"bench","data":{}}}"#, self.data))
    }
}

/// Puts the marker before the first free text; false when there is none.
fn mark(object: &mut Map<String, Value>) -> bool {
    for name in FREE_TEXT {
        if let Some(Value::String(text)) = object.get_mut(name) {
            text.insert_str(0, MARKER);
            return true;
        }
    }
    object.values_mut().filter_map(Value::as_object_mut).any(mark)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn pings_have_the_size_asked_for_and_are_json() {
        for bytes in [200, 1_000, 10_000] {
            let payload = Payload::ping(bytes);
            assert_eq!(payload.data.len(), bytes);
            let event: Value = serde_json::from_str(&payload.envelope().unwrap()).unwrap();
            assert_eq!((&event["type"], &event["data"]["hook_id"]), (&"github.ping".into(), &1.into()));
        }
        assert_eq!(Payload::ping_event(500).unwrap().envelope().unwrap().len(), 500);
        assert_eq!(Payload::ping(0).data.matches(MARKER).count(), 1);
    }

    #[test]
    fn the_nearest_delivery_gets_one_marker() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let issue = format!(r#"{{"action":"opened","issue":{{"id":1,"title":"{}"}}}}"#, "x".repeat(900));
        for (name, data) in [("github.ping", r#"{"zen":"z"}"#), ("github.issues.opened", &issue), ("a.b", "{\"n\":1}")]
        {
            writeln!(file, r#"{{"type":"{name}","source":"github","id":"1","data":{data}}}"#).unwrap();
        }
        let large = Payload::delivery(file.path(), 1_000).unwrap();
        assert_eq!(large.event_type, "github.issues.opened");
        assert!(large.data.contains(&format!(r#""title":"{MARKER}xxx"#)));
        let small = Payload::delivery(file.path(), 7).unwrap();
        assert_eq!(small.data, format!(r#"{{"n":1,"bench":"{MARKER}"}}"#));
    }
}
