//! The work that the bench gives to plugins and, from the same source, to native code. Each plugin is one file in
//! `examples` that calls one of these functions.
//!
//! Must not know how it is called or measured.
use serde::Deserialize;
use serde_json::{Map, Value};

/// The one type that filters keep.
pub const WANTED: &str = "github.issues.opened";

/// The member of the data that filters look at, and that the transform adds next to.
pub const FIELD: &str = "lane";

/// What [`wants_data`] reads; everything else is skipped.
#[derive(Deserialize)]
struct Marked {
    lane: u64,
}

/// Whether a filter on the type keeps an event.
#[must_use]
pub fn wants_type(event_type: &str) -> bool {
    event_type == WANTED
}

/// Whether a filter on one member of the data keeps an event.
#[must_use]
pub fn wants_data(data: &[u8]) -> bool {
    serde_json::from_slice::<Marked>(data).is_ok_and(|marked| marked.lane == 0)
}

/// The data with one member more: parsed, changed and written again.
///
/// # Errors
///
/// When the data are no JSON object.
pub fn with_member(data: &[u8]) -> Result<Vec<u8>, serde_json::Error> {
    let mut members: Map<String, Value> = serde_json::from_slice(data)?;
    members.insert("seen-by".to_owned(), Value::from("bench"));
    serde_json::to_vec(&members)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wanted_and_what_is_added() {
        assert!(wants_type("github.issues.opened") && !wants_type("github.issues.closed"));
        assert!(wants_data(br#"{"a":[1,{"lane":3}],"lane":0}"#) && !wants_data(br#"{"lane":1}"#) && !wants_data(b"{}"));
        assert_eq!(with_member(br#"{"b":1,"a":2}"#).expect("an object"), br#"{"b":1,"a":2,"seen-by":"bench"}"#);
        assert!(with_member(b"[]").is_err());
    }
}
