//! Owns what an operator can set. Knows nothing about events.
use serde::Deserialize;

/// The table `[config]` of the plugin's sidecar.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Configuration {
    /// Whether hypermedia members are removed from the data: names that end in `_url` but for `html_url`, and
    /// `_links`, `node_id`, `url`. They are two thirds of a usual delivery.
    pub trim: bool,
    /// What deliveries to `/hooks/github` are signed with, as set at GitHub. Without it none is taken.
    pub secret: Option<String>,
}

pub(crate) const SCHEMA: &str = r#"{
  "type": "object",
  "properties": {
    "trim": {
      "type": "boolean",
      "default": false,
      "description": "Remove members that end in _url (but html_url), and _links, node_id, url"
    },
    "secret": {
      "type": "string",
      "minLength": 16,
      "description": "What deliveries to /hooks/github are signed with, as set at GitHub; without it none is taken"
    }
  },
  "additionalProperties": false
}"#;
