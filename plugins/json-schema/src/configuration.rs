//! Owns what an operator writes down about types. Knows nothing about events.
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// The table `[config]` of the plugin's sidecar.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Configuration {
    /// The types by their exact names, at most 1,024.
    pub types: BTreeMap<String, Declaration>,
}

/// One event type.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declaration {
    /// The version of this type, `1.0.0` if it is not given.
    #[serde(default = "first")]
    pub version: String,
    /// What such an event says, in one line.
    #[serde(default)]
    pub summary: String,
    /// JSON Schema of the data: draft 2020-12 unless `$schema` says otherwise, at most 256 KiB.
    pub schema: Value,
    /// Examples of the data. They must fit the schema.
    #[serde(default)]
    pub examples: Vec<Value>,
    /// One line about an event, with JSON Pointers in braces: `{/customer/name} ordered {/total}`.
    #[serde(default)]
    pub render: Option<String>,
}

fn first() -> String {
    "1.0.0".into()
}

pub(crate) const SCHEMA: &str = r#"{
  "type": "object",
  "properties": {
    "types": {
      "type": "object",
      "description": "Event types by their exact names",
      "maxProperties": 1024,
      "additionalProperties": {
        "type": "object",
        "required": ["schema"],
        "properties": {
          "version": { "type": "string", "default": "1.0.0" },
          "summary": { "type": "string", "default": "" },
          "schema": { "type": ["object", "boolean"], "description": "JSON Schema (2020-12) of the data" },
          "examples": { "type": "array", "description": "Examples of the data; they must fit the schema" },
          "render": {
            "type": "string",
            "description": "One line about an event, with JSON Pointers in braces: {/customer/name} ordered {/total}"
          }
        },
        "additionalProperties": false
      }
    }
  },
  "additionalProperties": false
}"#;
