//! Owns what an operator can set. Knows nothing about events.
use serde::Deserialize;

/// The table `[config]` of the plugin's sidecar.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Configuration {
    /// A jq program; its input is the data, `$event` has the attributes.
    pub program: String,
    /// What becomes of an event for which the program fails.
    #[serde(default)]
    pub on_error: OnError,
}

/// What becomes of an event for which the program fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnError {
    /// It goes on as it came.
    Keep,
    /// It ends here.
    Drop,
    /// It ends here as a mistake of the publisher, who is told jq's message.
    #[default]
    Reject,
}

pub(crate) const SCHEMA: &str = r#"{
  "type": "object",
  "required": ["program"],
  "properties": {
    "program": {
      "type": "string",
      "description": "A jq program; its input is the data, $event has the attributes",
      "examples": ["{total, customer: .customer.name}", ".items[]", "select($event.subject != \"test\")"]
    },
    "on-error": {
      "enum": ["keep", "drop", "reject"],
      "default": "reject",
      "description": "What becomes of an event for which the program fails"
    }
  },
  "additionalProperties": false
}"#;
