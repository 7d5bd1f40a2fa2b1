//! Owns what an operator can set. Knows nothing about events.
use serde::Deserialize;

/// The table `[config]` of the plugin's sidecar.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Configuration {
    /// Members to mask: JSON Pointers (RFC 6901) in which `*` stands for any member or item. At most 64.
    pub paths: Vec<String>,
    /// Whether common secrets are masked wherever they stand in a text.
    pub secrets: bool,
    /// What stands in place of what was masked.
    pub mask: String,
}

impl Default for Configuration {
    fn default() -> Self {
        Self { paths: Vec::new(), secrets: true, mask: "[redacted]".into() }
    }
}

pub(crate) const SCHEMA: &str = r#"{
  "type": "object",
  "properties": {
    "paths": {
      "type": "array",
      "items": { "type": "string", "pattern": "^/" },
      "maxItems": 64,
      "default": [],
      "description": "Members to mask: JSON Pointers in which * stands for any member or item",
      "examples": [["/password", "/users/*/email"]]
    },
    "secrets": {
      "type": "boolean",
      "default": true,
      "description": "Mask tokens and keys of well-known kinds wherever they stand in a text"
    },
    "mask": { "type": "string", "default": "[redacted]", "description": "What stands in place of what was masked" }
  },
  "additionalProperties": false
}"#;
