//! What the test guests share. Each guest is one file in `examples`, and one component.
//!
//! Guests misbehave on purpose or show what the host did to them; no plugin of use stands here.
use tidemill_sdk::{Event, Outcome, Output};

/// Sets the extension `stamp`, so that a test sees which version of a plugin an event passed.
pub fn stamp(_: &Event<'_>, version: &str) -> Outcome {
    Outcome::change(Output::new().extension("stamp", version))
}

/// The one type that `owner` owns and `owner_again` claims too.
pub const CLAIMED: &str = "claimed.thing";

/// A declaration of [`CLAIMED`].
pub fn claimed() -> Vec<tidemill_sdk::EventType> {
    vec![tidemill_sdk::EventType {
        name: CLAIMED.into(),
        version: "1.0.0".into(),
        summary: "Something that has an owner".into(),
        schema_json: r#"{"type":"object","required":["ok"],"properties":{"ok":{"const":true}}}"#.into(),
        examples: vec![r#"{"ok":true}"#.into()],
    }]
}
