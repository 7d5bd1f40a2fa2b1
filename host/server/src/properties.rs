//! What holds whatever comes in: one property for each thing that strangers write, in a form that tests with chosen inputs
//! and fuzzers share. Each takes bytes, and panics if what it promises does not hold for them.
//!
//! Must not know who makes the inputs. `fuzz/README.md` says how they are read.

mod sse;

/// A property, by the name of its fuzz target.
pub type Property = (&'static str, fn(&[u8]));

/// All of them.
pub const PROPERTIES: [Property; 5] = [
    ("sse", sse::check),
    ("cloudevents", crate::http::decoding::check),
    ("query", crate::sse::query_property::check),
    ("jwt", crate::auth::property::check),
    ("config", crate::config::property::check),
];

#[cfg(test)]
mod tests;
