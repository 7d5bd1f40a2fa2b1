//! Owns data that is checked by a JSON Schema: compiled once, applied to each event, mistakes told as JSON Pointers.
//!
//! [`Shape`] is for schemas that say what most events look like (kinds, names, lengths, constant texts); `Schema`, of the
//! feature `json-schema`, is for all. [`Template`] tells data in a line. Knows nothing about which types a plugin owns.
#[cfg(feature = "json-schema")]
mod full;
mod shape;
mod template;

#[cfg(feature = "json-schema")]
pub use self::full::Schema;
pub use self::{
    shape::{Captures, Shape},
    template::{Template, TemplateError},
};

/// The most problems that are told about one event; the contract allows 64.
pub const MAX_PROBLEMS: usize = 64;

/// The longest text about one problem, in bytes; longer ones are cut.
pub const MAX_DETAIL: usize = 300;

/// Why a schema cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaError {
    /// JSON Pointer into the schema; empty for the schema as a whole.
    pub at: String,
    /// What is wrong there.
    pub detail: String,
}

impl std::fmt::Display for SchemaError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.at.is_empty() { out.write_str(&self.detail) } else { write!(out, "at {}: {}", self.at, self.detail) }
    }
}

impl std::error::Error for SchemaError {}

fn cut(mut detail: String) -> String {
    if detail.len() > MAX_DETAIL {
        detail.truncate(detail.floor_char_boundary(MAX_DETAIL - '…'.len_utf8()));
        detail.push('…');
    }
    detail
}
