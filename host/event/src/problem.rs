//! What is wrong with an event, in a form that every layer up to HTTP passes on unchanged.

use std::fmt;

/// One thing that is wrong with an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where: a JSON Pointer (RFC 6901) into the data, or an attribute's name. Empty: the data as a whole.
    pub at: String,
    /// What, for a person, in one sentence that says what was expected.
    pub detail: String,
}

impl Problem {
    /// A problem at an attribute or JSON Pointer.
    pub fn new(at: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { at: at.into(), detail: detail.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.at.is_empty() { f.write_str(&self.detail) } else { write!(f, "{}: {}", self.at, self.detail) }
    }
}
