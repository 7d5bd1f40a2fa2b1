//! A loaded plugin: one component in one version with one configuration, immutable and shared by all workers.

use std::fmt;
use std::sync::Arc;

use hashbrown::HashMap;
use sha2::{Digest, Sha256};
use tidemill_event::TypePattern;

use crate::instance::Code;
use crate::voice::Voice;
use crate::{Kind, Limits};

/// A component's version: the SHA-256 of its bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Version([u8; 32]);

impl Version {
    /// The version of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The first twelve hexadecimal digits, enough to tell versions apart by eye.
    pub fn short(&self) -> String {
        self.to_string()[..12].to_owned()
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// One event type that a plugin owns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventTypeInfo {
    /// The exact type.
    pub name: String,
    /// The author's version of the type.
    pub version: String,
    /// What such an event says, in one line.
    pub summary: String,
    /// JSON Schema (2020-12) of the data, valid JSON.
    pub schema: serde_json::Value,
    /// Examples of the data, valid JSON.
    pub examples: Vec<serde_json::Value>,
}

/// A loaded plugin.
pub struct Plugin {
    pub(crate) name: Arc<str>,
    pub(crate) version: Version,
    pub(crate) title: String,
    pub(crate) author_version: String,
    pub(crate) summary: String,
    pub(crate) kinds: Vec<Kind>,
    pub(crate) subscribes: Vec<TypePattern>,
    pub(crate) needs_data: bool,
    pub(crate) order: i32,
    pub(crate) limits: Limits,
    pub(crate) config_json: String,
    pub(crate) event_types: HashMap<String, EventTypeInfo>,
    pub(crate) size: usize,
    pub(crate) voice: Arc<Voice>,
    pub(crate) code: Code,
}

impl Plugin {
    /// The file's stem, by which the host knows the plugin.
    pub const fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The component's version.
    pub const fn version(&self) -> Version {
        self.version
    }

    /// The name and the version that the author gave it.
    pub fn title(&self) -> (&str, &str) {
        (&self.title, &self.author_version)
    }

    /// What it does, in one line.
    pub fn summary(&self) -> &str {
        &self.summary
    }

    /// What it is.
    pub fn kinds(&self) -> &[Kind] {
        &self.kinds
    }

    /// The types for which its filter and transform are called.
    pub fn subscribes(&self) -> &[TypePattern] {
        &self.subscribes
    }

    /// Its place in the chain.
    pub const fn order(&self) -> i32 {
        self.order
    }

    /// The limits that apply to it.
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The types that it owns.
    pub fn event_types(&self) -> impl Iterator<Item = &EventTypeInfo> {
        self.event_types.values()
    }

    /// Bytes of the component.
    pub const fn size(&self) -> usize {
        self.size
    }
}

impl fmt::Debug for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plugin").field("name", &self.name).field("version", &self.version).finish_non_exhaustive()
    }
}
