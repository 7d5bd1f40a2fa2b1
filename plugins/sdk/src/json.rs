//! Owns how data that does not fit a type is explained: where, as a JSON Pointer (RFC 6901), and what was expected.
//!
//! Knows nothing about events.
use std::ops::Range;

use serde::Deserialize;
use serde_path_to_error::{Path, Segment};

use crate::{
    cursor::Cursor,
    rewrite::{Malformed, quote},
};

/// Why a JSON text does not fit a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// JSON Pointer to the value that does not fit; empty for the text as a whole.
    pub at: String,
    /// What was expected, in one sentence.
    pub detail: String,
}

impl std::fmt::Display for Error {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.at.is_empty() { out.write_str(&self.detail) } else { write!(out, "{}: {}", self.at, self.detail) }
    }
}

impl std::error::Error for Error {}

/// Reads a JSON text as a `T`, which may borrow from it.
///
/// # Errors
///
/// Where the text does not fit `T`, or is not JSON.
pub fn from_slice<'a, T: Deserialize<'a>>(text: &'a [u8]) -> Result<T, Error> {
    // Keeping track of the path costs time, so it is done only for texts that are known not to fit.
    serde_json::from_slice(text).map_err(|error| explain::<T>(text, &error))
}

/// Finds a value by the names of the members that lead to it, without reading the rest: its JSON text, or `None` if a
/// member is missing or a value on the way is no object. Of members of the same name the last one counts.
///
/// # Errors
///
/// If the text is not JSON so far as it was walked over.
pub fn find<'a>(text: &'a [u8], names: &[&str]) -> Result<Option<&'a [u8]>, Malformed> {
    let mut text = text;
    for &wanted in names {
        let mut cursor = Cursor::new(text);
        if !cursor.take(b'{') {
            return Ok(None);
        }
        match member(&mut cursor, wanted)?.value {
            Some(value) => text = &text[value],
            None => return Ok(None),
        }
    }
    Ok(Some(text))
}

/// A member of an object.
struct Member {
    /// Where its value stands; none if there is no such member. Of several of the same name it is the last one.
    value: Option<Range<usize>>,
    /// Where the object's closing brace stands.
    end: usize,
    /// Whether the object has no members at all.
    alone: bool,
}

/// Finds a member of the object whose opening brace was taken, and takes the closing one.
fn member(cursor: &mut Cursor<'_>, wanted: &str) -> Result<Member, Malformed> {
    let (mut value, mut alone) = (None, true);
    while cursor.peek() != Some(b'}') {
        let name = cursor.string()?;
        cursor.expect(b':')?;
        cursor.peek();
        let start = cursor.at();
        cursor.skip_value()?;
        let same = match name.plain() {
            Some(plain) => plain == wanted.as_bytes(),
            None => name.decode()? == wanted,
        };
        if same {
            value = Some(start..cursor.at());
        }
        alone = false;
        if !cursor.take(b',') {
            break;
        }
    }
    cursor.peek();
    let end = cursor.at();
    cursor.expect(b'}')?;
    Ok(Member { value, end, alone })
}

/// Sets a member of an object to a value, which is a JSON text: in the place of the member of that name, or as the last
/// one. All else stays byte for byte as it is. Several times faster than reading the object into a tree and writing it.
///
/// ```
/// let text = tidemill_sdk::json::set(br#"{"total":7}"#, "seen", "true").unwrap();
/// assert_eq!(text, br#"{"total":7,"seen":true}"#);
/// ```
///
/// # Errors
///
/// If the text is no JSON object so far as it was walked over: what it leaves as it is is not checked.
pub fn set(text: &[u8], name: &str, value: &str) -> Result<Vec<u8>, Malformed> {
    let mut cursor = Cursor::new(text);
    cursor.expect(b'{')?;
    let Member { value: found, end, alone } = member(&mut cursor, name)?;
    cursor.end()?;
    let before = match (&found, alone) {
        (Some(_), _) => String::new(),
        (None, true) => format!("{}:", quote(name)),
        (None, false) => format!(",{}:", quote(name)),
    };
    let place = found.unwrap_or(end..end);
    let mut out = Vec::with_capacity(text.len() + before.len() + value.len());
    for part in [&text[..place.start], before.as_bytes(), value.as_bytes(), &text[place.end..]] {
        out.extend_from_slice(part);
    }
    Ok(out)
}

/// Appends one reference token to a JSON Pointer, escaped as RFC 6901 says.
pub fn push_token(pointer: &mut String, token: &str) {
    pointer.push('/');
    for character in token.chars() {
        match character {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            other => pointer.push(other),
        }
    }
}

#[cold]
fn explain<'a, T: Deserialize<'a>>(text: &'a [u8], first: &serde_json::Error) -> Error {
    let mut reader = serde_json::Deserializer::from_slice(text);
    match serde_path_to_error::deserialize::<_, T>(&mut reader) {
        Err(error) => Error { at: pointer(error.path()), detail: error.inner().to_string() },
        Ok(_) => Error { at: String::new(), detail: first.to_string() },
    }
}

fn pointer(path: &Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => push_token(&mut pointer, &index.to_string()),
            Segment::Map { key } => push_token(&mut pointer, key),
            // Variants are not a place in the text, and what is unknown cannot be named.
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    pointer
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Order {
        #[serde(rename = "a/b")]
        _items: Vec<Item>,
    }

    #[derive(Debug, Deserialize)]
    struct Item {
        _price: u32,
    }

    #[test]
    fn the_error_points_at_the_member() {
        let error = from_slice::<Order>(br#"{"a/b":[{"_price":1},{"_price":"x"}]}"#).expect_err("a text is no number");
        assert_eq!(error.at, "/a~1b/1/_price");
        assert!(error.to_string().starts_with("/a~1b/1/_price: invalid type: string \"x\", expected u32"), "{error}");
    }

    #[test]
    fn values_are_found_by_name() {
        let text = br#"{"x":{"b":0},"a":{"b":1,"c":[2],"\u0062":"last"},"d":3}"#;
        let found = |names: &[&str]| find(text, names).expect("JSON").map(String::from_utf8_lossy);
        assert_eq!(found(&["a", "b"]).as_deref(), Some("\"last\""));
        assert_eq!(found(&["a", "c"]).as_deref(), Some("[2]"));
        assert_eq!(found(&["d"]).as_deref(), Some("3"));
        assert_eq!(found(&["d", "e"]), None);
        assert_eq!(found(&["a", "x"]), None);
        assert_eq!(found(&[]).map(|all| all.len()), Some(text.len()));
        assert!(find(b"{\"a\":", &["a"]).is_err());
        assert_eq!(find(b"{}", &["a"]), Ok(None));
    }

    #[test]
    fn members_are_set_where_they_are_or_at_the_end() {
        for (before, after) in [
            ("{}", r#"{"n":1}"#),
            (r#"{"a":2}"#, r#"{"a":2,"n":1}"#),
            (r#"{"n":{"x":[2]},"a":2}"#, r#"{"n":1,"a":2}"#),
            (r#"{"n":0,"\u006e":"0","a":{"n":0}}"#, r#"{"n":0,"\u006e":1,"a":{"n":0}}"#),
            (r#"{"a":"n}","b":[]}"#, r#"{"a":"n}","b":[],"n":1}"#),
            (" { \"n\" : 0 } ", " { \"n\" : 1 } "),
        ] {
            assert_eq!(
                String::from_utf8_lossy(&set(before.as_bytes(), "n", "1").expect("an object")),
                after,
                "{before}"
            );
        }
        assert_eq!(set(b"{}", "\"", "[]").expect("an object"), br#"{"\"":[]}"#);
        for text in ["", "[]", "1", r#"{"a"}"#, r#"{"a":1"#, r#"{"a":1}x"#, r#"{"a":1 "b":2}"#, "{,}"] {
            assert!(set(text.as_bytes(), "n", "1").is_err(), "{text}");
        }
    }

    #[test]
    fn what_follows_the_value_is_an_error_too() {
        let error = from_slice::<u32>(b"1 2").expect_err("two values");
        assert_eq!((error.at.as_str(), error.detail.as_str()), ("", "trailing characters at line 1 column 3"));
    }
}
