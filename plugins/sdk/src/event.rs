//! Owns the view of one event: its attributes and data, read where they lie.
//!
//! Follows CloudEvents 1.0 for names and meanings. Knows nothing about answers.
use std::fmt;

use serde::Deserialize;

use crate::{batch::ROW, extensions, json};

/// One event, as the host handed it over. Copying it copies two pointers.
#[derive(Clone, Copy)]
pub struct Event<'a> {
    row: &'a [u8; ROW],
    arena: &'a [u8],
}

/// The spans of a row, in their order.
const FIELDS: [&str; 7] = ["id", "source", "type", "subject", "content type", "extensions", "data"];

impl<'a> Event<'a> {
    pub(crate) fn new(row: &'a [u8; ROW], arena: &'a [u8]) -> Self {
        Self { row, arena }
    }

    /// Identifies the event within its source.
    pub fn id(&self) -> &'a str {
        self.attribute(0)
    }

    /// Where the event comes from, as a URI reference.
    pub fn source(&self) -> &'a str {
        self.attribute(1)
    }

    /// The event's type, such as `order.created`. (`type` is a keyword in Rust.)
    pub fn kind(&self) -> &'a str {
        self.attribute(2)
    }

    /// What the event is about within its source, if it says so.
    pub fn subject(&self) -> Option<&'a str> {
        Some(self.attribute(3)).filter(|text| !text.is_empty())
    }

    /// The media type of the data (RFC 9110). Absent means JSON.
    pub fn content_type(&self) -> Option<&'a str> {
        Some(self.attribute(4)).filter(|text| !text.is_empty())
    }

    /// When it happened, in milliseconds since 1970-01-01T00:00:00 UTC.
    pub fn time_ms(&self) -> u64 {
        let [.., a, b, c, d, e, f, g, h] = *self.row;
        u64::from_le_bytes([a, b, c, d, e, f, g, h])
    }

    /// One CloudEvents extension attribute as text; numbers and booleans in their canonical form. `None` if it is
    /// absent. Reads through all extensions each time: for several at once [`Event::extensions`] is cheaper.
    pub fn extension(&self, name: &str) -> Option<String> {
        extensions::find(self.bytes(5), name)
    }

    /// All extension attributes as any type that serde can read from a JSON object, for example
    /// `BTreeMap<String, serde_json::Value>` or a struct with `Option` members.
    ///
    /// # Errors
    ///
    /// An [`json::Error`] that says which extension does not fit the type.
    pub fn extensions<T: Deserialize<'a>>(&self) -> Result<T, json::Error> {
        let bytes = self.bytes(5);
        json::from_slice(if bytes.is_empty() { b"{}" } else { bytes })
    }

    /// The extension attributes as the host wrote them: one JSON object, or empty if there are none.
    pub fn extensions_json(&self) -> &'a str {
        self.attribute(5)
    }

    /// The data as bytes; empty without data, or if the manifest says that the plugin does not need them.
    pub fn data(&self) -> &'a [u8] {
        self.bytes(6)
    }

    /// The data as text.
    ///
    /// # Errors
    ///
    /// It is not UTF-8. In a function that answers with `Result<_, Failure>`, `?` rejects the event with that.
    pub fn text(&self) -> Result<&'a str, json::Error> {
        std::str::from_utf8(self.data()).map_err(|error| json::Error {
            at: String::new(),
            detail: format!("the data is not UTF-8 at byte {}", error.valid_up_to()),
        })
    }

    /// Whether the data is JSON by its content type: none, `application/json`, or one that ends in `+json`
    /// (RFC 6839), whatever its parameters. The host has the same rule.
    pub fn is_json(&self) -> bool {
        let Some(content_type) = self.content_type() else {
            return true;
        };
        let essence = content_type.split(';').next().unwrap_or_default().trim_end();
        let suffix = essence.as_bytes().last_chunk::<5>();
        essence.eq_ignore_ascii_case("application/json")
            || (essence.is_ascii() && suffix.is_some_and(|suffix| suffix.eq_ignore_ascii_case(b"+json")))
    }

    /// The data as a value of `T`, which may borrow texts from the event (`&'a str`, `Cow<'a, str>`).
    ///
    /// # Errors
    ///
    /// A [`json::Error`] with a JSON Pointer to the member that does not fit. In a function that answers with
    /// `Result<_, Failure>`, `?` rejects the event with it.
    pub fn json<T: Deserialize<'a>>(&self) -> Result<T, json::Error> {
        json::from_slice(self.data())
    }

    /// The first field whose span ends outside the arena.
    pub(crate) fn misplaced(&self) -> Option<&'static str> {
        (0..FIELDS.len()).find(|&field| self.span(field).is_none()).map(|field| FIELDS[field])
    }

    fn span(&self, field: usize) -> Option<&'a [u8]> {
        let (numbers, _) = self.row.as_chunks::<4>();
        let number = |at: usize| numbers.get(at).map_or(0, |bytes| u32::from_le_bytes(*bytes) as usize);
        let (offset, length) = (number(field * 2), number(field * 2 + 1));
        if length == 0 {
            return Some(&[]);
        }
        self.arena.get(offset..offset.checked_add(length)?)
    }

    fn bytes(&self, field: usize) -> &'a [u8] {
        self.span(field).unwrap_or_default()
    }

    /// The contract says UTF-8; of anything else the part before the mistake, so that no access can fail.
    fn attribute(&self, field: usize) -> &'a str {
        let bytes = self.bytes(field);
        std::str::from_utf8(bytes)
            .unwrap_or_else(|error| std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default())
    }
}

impl fmt::Debug for Event<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Event")
            .field("id", &self.id())
            .field("source", &self.source())
            .field("kind", &self.kind())
            .field("subject", &self.subject())
            .field("content_type", &self.content_type())
            .field("time_ms", &self.time_ms())
            .field("extensions", &self.extensions_json())
            .field("data", &String::from_utf8_lossy(self.data()))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::testing;

    #[test]
    fn every_attribute_is_read_back() {
        let sample = testing::event("order.created")
            .id("7")
            .source("/shop")
            .subject("alice")
            .content_type("text/plain")
            .time_ms(1_700_000_000_123)
            .extension("traceid", "ä")
            .data("hello");
        let event = sample.event();
        assert_eq!((event.id(), event.source(), event.kind()), ("7", "/shop", "order.created"));
        assert_eq!((event.subject(), event.content_type()), (Some("alice"), Some("text/plain")));
        assert_eq!(event.time_ms(), 1_700_000_000_123);
        assert_eq!(event.data(), b"hello");
        assert_eq!(event.extension("traceid").as_deref(), Some("ä"));
        assert_eq!(event.extensions::<BTreeMap<String, String>>().expect("texts")["traceid"], "ä");
    }

    #[test]
    fn data_borrows_from_the_event() {
        let sample = testing::event("a").data(r#"{"name":"alice"}"#);
        let parsed: BTreeMap<&str, &str> = sample.event().json().expect("borrowed texts");
        assert!(sample.event().data().as_ptr_range().contains(&parsed["name"].as_ptr()));
    }

    #[test]
    fn json_by_content_type() {
        let json = |content_type| testing::event("a").content_type(content_type).event().is_json();
        for yes in ["", "application/json", "Application/JSON; charset=utf-8", "application/geo+json"] {
            assert!(json(yes), "{yes}");
        }
        for no in ["text/plain", "text/json", "application/jsonp", "json", "application/json-seq"] {
            assert!(!json(no), "{no}");
        }
    }
}
