//! Owns what an operator can set. Knows nothing about events.
use serde::Deserialize;

/// The table `[config]` of the plugin's sidecar.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Configuration {
    /// An expression in the Common Expression Language that is true for the events that go on.
    pub expression: String,
    /// What becomes of an event for which the expression fails, for example because a member is missing.
    #[serde(default)]
    pub on_error: OnError,
}

/// What becomes of an event for which the expression fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnError {
    /// It goes on.
    #[default]
    Keep,
    /// It ends here.
    Drop,
    /// It ends here as a mistake of the publisher.
    Reject,
}

pub(crate) const SCHEMA: &str = r#"{
  "type": "object",
  "required": ["expression"],
  "properties": {
    "expression": {
      "type": "string",
      "description": "Common Expression Language; variables: id, source, type, subject, time, extensions, data",
      "examples": ["type == 'order.created' && data.total > 100"]
    },
    "on-error": {
      "enum": ["keep", "drop", "reject"],
      "default": "keep",
      "description": "What becomes of an event for which the expression fails"
    }
  },
  "additionalProperties": false
}"#;
