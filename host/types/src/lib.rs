//! From event types to what consumers work with: TypeScript, Python, JSON Schema and AsyncAPI.
//!
//! Pure: types in, text out. What plugins say of their types is hostile: it may end no comment and no text in what is made of
//! it, and take no more than its own size in time. Must not know where types come from.

mod definitions;
mod documents;
mod limits;
mod naming;
mod python;
mod shape;
mod typescript;

use serde::Deserialize;
use serde_json::Value;

pub use documents::{asyncapi, json_schema};
pub use python::python;
pub use typescript::typescript;

/// One event type, as `GET /event-types` tells it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct EventType {
    /// The exact type, such as `order.created`.
    pub name: String,
    /// The author's version of it.
    #[serde(default)]
    pub version: String,
    /// What such an event says, in one line.
    #[serde(default)]
    pub summary: String,
    /// JSON Schema (2020-12) of the data.
    #[serde(default)]
    pub schema: Value,
    /// Examples of the data.
    #[serde(default)]
    pub examples: Vec<Value>,
}

impl EventType {
    /// What stands above its definition.
    fn about(&self) -> String {
        let version = if self.version.is_empty() { String::new() } else { format!(" (version {})", self.version) };
        let summary = if self.summary.is_empty() { "Data of an event".to_owned() } else { self.summary.clone() };
        format!("`{}`{version}: {summary}", self.name)
    }
}

#[cfg(test)]
mod tests;
