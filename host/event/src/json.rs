//! JSON data: checked once, kept as compact text, never turned into a tree.
//!
//! Owns what valid JSON data is. serde_json checks the syntax; what is added here is the bound on nesting and the
//! removal of white space between tokens, so that the text fits on one SSE `data:` line. Numbers keep their digits and
//! members their order.

use bytes::Bytes;
use serde_json::value::RawValue;

use crate::limits::JSON_DEPTH_MAX;

/// One valid JSON text without white space between its tokens, nested at most [`JSON_DEPTH_MAX`] levels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonText(Bytes);

/// Data is not usable JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// Not JSON at all.
    #[error("expected JSON: {0}")]
    Syntax(String),
    /// Too many levels.
    #[error("the JSON is nested more than {JSON_DEPTH_MAX} levels deep")]
    Depth,
}

impl JsonText {
    /// Checks a text that is the caller's own; copies it only if there is white space to remove.
    pub fn parse(text: &Bytes) -> Result<Self, JsonError> {
        let raw: &RawValue = serde_json::from_slice(text).map_err(|e| JsonError::Syntax(e.to_string()))?;
        let value = raw.get().as_bytes();
        Ok(Self(compact(value)?.map_or_else(|| text.slice_ref(value), Bytes::from)))
    }

    /// A copy of a value that serde_json found inside a larger text. Sharing that text would keep all of it in memory
    /// for as long as the value, and with it whatever buffer it was received in.
    pub fn from_raw(raw: &RawValue) -> Result<Self, JsonError> {
        let text = raw.get().as_bytes();
        Ok(Self(compact(text)?.map_or_else(|| Bytes::copy_from_slice(text), Bytes::from)))
    }

    /// The text.
    pub fn as_bytes(&self) -> &Bytes {
        &self.0
    }

    /// The text.
    pub fn into_bytes(self) -> Bytes {
        self.0
    }
}

impl From<&serde_json::Value> for JsonText {
    /// Writes a value that the host made itself; such values are shallow.
    fn from(value: &serde_json::Value) -> Self {
        Self(value.to_string().into())
    }
}

/// Whether data of this media type is JSON: `application/json`, any `+json` suffix (RFC 6839), or no type at all.
pub fn is_json_media_type(content_type: Option<&str>) -> bool {
    let Some(content_type) = content_type else { return true };
    let essence = content_type.split(';').next().unwrap_or_default().trim_end();
    let suffix = |s: &str| essence.len() >= s.len() && essence[essence.len() - s.len()..].eq_ignore_ascii_case(s);
    essence.eq_ignore_ascii_case("application/json") || (essence.is_ascii() && suffix("+json"))
}

/// Checks the nesting of valid JSON; the text without its white space, if it has any.
fn compact(text: &[u8]) -> Result<Option<Vec<u8>>, JsonError> {
    let shape = scan(text);
    if shape.depth > JSON_DEPTH_MAX {
        return Err(JsonError::Depth);
    }
    Ok(shape.first_space.map(|at| without_spaces(text, at)))
}

struct Shape {
    depth: usize,
    first_space: Option<usize>,
}

/// One pass over valid JSON, jumping over strings.
fn scan(text: &[u8]) -> Shape {
    let mut shape = Shape { depth: 0, first_space: None };
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(&byte) = text.get(at) {
        match byte {
            b'"' => at = string_end(text, at),
            b'{' | b'[' => {
                depth += 1;
                shape.depth = shape.depth.max(depth);
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b' ' | b'\t' | b'\n' | b'\r' if shape.first_space.is_none() => shape.first_space = Some(at),
            _ => {}
        }
        at += 1;
    }
    shape
}

fn without_spaces(text: &[u8], first: usize) -> Vec<u8> {
    let mut compact = Vec::with_capacity(text.len());
    compact.extend_from_slice(&text[..first]);
    let mut at = first;
    while let Some(&byte) = text.get(at) {
        let end = if byte == b'"' { string_end(text, at) } else { at };
        if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
            compact.extend_from_slice(&text[at..=end.min(text.len() - 1)]);
        }
        at = end + 1;
    }
    compact
}

/// Index of the quote that ends the string that begins at `start`.
fn string_end(text: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(found) = memchr::memchr2(b'"', b'\\', text.get(at..).unwrap_or_default()) {
        at += found;
        if text[at] == b'"' {
            return at;
        }
        at += 2;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[ \"\\\\\n\ta-c{}\\[\\]é]{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec(("[ \"\\\\a-c]{0,4}", inner), 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn pretty_text_becomes_compact_text(value in value()) {
            let pretty = Bytes::from(serde_json::to_vec_pretty(&value).unwrap());
            prop_assert_eq!(JsonText::parse(&pretty).unwrap().0, serde_json::to_vec(&value).unwrap());
        }

        #[test]
        fn compact_text_is_shared_not_copied(value in value()) {
            let text = Bytes::from(value.to_string());
            prop_assert_eq!(JsonText::parse(&text).unwrap().0.as_ptr(), text.as_ptr());
        }

        #[test]
        fn any_bytes_are_an_answer_not_a_panic(bytes: Vec<u8>) {
            let _ = JsonText::parse(&bytes.into());
        }
    }

    #[test]
    fn digits_and_order_are_kept() {
        let text = Bytes::from_static(b"{ \"b\" : 1.10e5, \"a\": 123456789012345678901234567890 }");
        let compact: &[u8] = b"{\"b\":1.10e5,\"a\":123456789012345678901234567890}";
        assert_eq!(JsonText::parse(&text).unwrap().0, compact);
    }

    #[test]
    fn nesting_is_bounded() {
        let nested = |levels: usize| Bytes::from("[".repeat(levels) + &"]".repeat(levels));
        let deepest = nested(JSON_DEPTH_MAX);
        assert!(JsonText::parse(&deepest).is_ok());
        assert!(serde_json::from_slice::<Value>(&deepest).is_ok(), "what is taken can be read");
        assert_eq!(JsonText::parse(&nested(JSON_DEPTH_MAX + 1)), Err(JsonError::Depth));
        assert!(JsonText::parse(&nested(500_000)).is_err());
    }

    #[test]
    fn media_types() {
        for json in
            [None, Some("application/json"), Some("Application/JSON; charset=utf-8"), Some("application/x+json")]
        {
            assert!(is_json_media_type(json), "{json:?}");
        }
        for other in ["", "text/plain", "text/json", "application/json5", "application/jsonx; a=+json", "é+json"] {
            assert!(!is_json_media_type(Some(other)), "{other}");
        }
    }
}
