//! A loaded plugin: one component in one version with one configuration, immutable and shared by all workers.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use hashbrown::HashMap;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tidemill_event::TypePattern;

use crate::breaker::Breaker;
use crate::calls::Pool;
use crate::instance::Code;
use crate::limits::{BATCH_EVENTS_MAX, WAITING_BATCH_EVENTS_MAX};
use crate::offer::Offer;
use crate::plugins::Observer;
use crate::{BreakerSettings, BreakerState, Capability, Destination, Figures, Grants, Kind, Limits, Notice, OnFault};

/// A component's version: the SHA-256 of its bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
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

/// The digits are not those of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a version has 64 hexadecimal digits")]
pub struct VersionError;

impl FromStr for Version {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.is_ascii() {
            return Err(VersionError);
        }
        for (byte, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
            *byte = u8::from_str_radix(&text[at..at + 2], 16).map_err(|_| VersionError)?;
        }
        Ok(Self(bytes))
    }
}

impl From<Version> for String {
    fn from(version: Version) -> Self {
        version.to_string()
    }
}

impl TryFrom<String> for Version {
    type Error = VersionError;

    fn try_from(text: String) -> Result<Self, VersionError> {
        text.parse()
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
    pub(crate) wants: Vec<Capability>,
    pub(crate) hosts: Vec<Destination>,
    pub(crate) grants: Grants,
    pub(crate) subscribes: Vec<TypePattern>,
    pub(crate) needs_data: bool,
    pub(crate) order: i32,
    pub(crate) on_fault: OnFault,
    pub(crate) config_json: String,
    pub(crate) event_types: HashMap<String, EventTypeInfo>,
    pub(crate) size: usize,
    pub(crate) compile_time: Duration,
    pub(crate) breaker: Breaker,
    pub(crate) observer: Observer,
    pub(crate) offer: Offer,
    pub(crate) pool: Pool,
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

    /// What it wants of the host beyond what every plugin has.
    pub fn wants(&self) -> &[Capability] {
        &self.wants
    }

    /// The same in words; where it names hosts, each of them.
    pub fn wanted(&self) -> Vec<String> {
        let named = self.hosts.iter().map(|host| format!("http: {host}"));
        let unnamed = self.wants.iter().filter(|wanted| **wanted != Capability::Http || self.hosts.is_empty());
        unnamed.map(|capability| capability.name().to_owned()).chain(named).collect()
    }

    /// What its operator should look at, though it runs.
    pub fn warnings(&self) -> Vec<String> {
        let denied = self.wants.contains(&Capability::Http) && !self.grants.has(Capability::Http);
        let told = "it imports `wasi:http/outgoing-handler` and was granted no host, so that every request is denied; \
                    grant hosts if it needs any (`http = [\"api.example.com\"]`)";
        denied.then(|| told.to_owned()).into_iter().collect()
    }

    /// Whether its calls may wait beside their time, since it was granted outbound HTTP. They hold their thread meanwhile.
    pub const fn may_wait(&self) -> bool {
        self.code.may_wait
    }

    /// Events that one call gets at most.
    pub(crate) const fn batch_events_max(&self) -> usize {
        if self.may_wait() { WAITING_BATCH_EVENTS_MAX } else { BATCH_EVENTS_MAX }
    }

    /// What it is granted.
    pub const fn grants(&self) -> &Grants {
        &self.grants
    }

    /// Whether its calls may write something that outlives them: state, or events of its own.
    pub(crate) fn writes(&self) -> bool {
        self.wants.iter().any(|capability| matches!(capability, Capability::State | Capability::Publish))
    }

    /// The types for which its filter and transform are called.
    pub fn subscribes(&self) -> &[TypePattern] {
        &self.subscribes
    }

    /// Its place in the chain.
    pub const fn order(&self) -> i32 {
        self.order
    }

    /// What becomes of events on which it fails.
    pub const fn on_fault(&self) -> OnFault {
        self.on_fault
    }

    /// The limits that apply to it.
    pub const fn limits(&self) -> &Limits {
        &self.code.limits
    }

    /// When it is taken out, and what happens then.
    pub const fn breaker_settings(&self) -> &BreakerSettings {
        self.breaker.settings()
    }

    /// Whether it is called for events at the moment.
    pub fn breaker_state(&self) -> BreakerState {
        self.breaker.state()
    }

    /// Whether it is called for clients at the moment.
    pub fn calls_breaker_state(&self) -> BreakerState {
        self.pool.breaker.state()
    }

    /// What it did since the host started, in this and other versions.
    pub fn figures(&self) -> &Figures {
        &self.code.figures
    }

    /// Tells whoever observes plugins that its breaker stands elsewhere.
    pub(crate) fn announce_breaker(self: &Arc<Self>, state: BreakerState) {
        let (plugin, then) = (&*self.name, self.breaker.settings().then.name());
        if state == BreakerState::Open {
            self.figures().note_opened();
            tracing::error!(plugin, then, "plugin keeps failing and is taken out");
        } else {
            tracing::warn!(plugin, state = state.name(), "plugin is tried again");
        }
        (self.observer)(Notice::Breaker { plugin: Arc::clone(self), state });
    }

    /// The types that it owns.
    pub fn event_types(&self) -> impl Iterator<Item = &EventTypeInfo> {
        self.event_types.values()
    }

    /// What it offers to clients.
    pub const fn offer(&self) -> &Offer {
        &self.offer
    }

    /// How long compiling it took, or reading what was compiled before.
    pub const fn compile_time(&self) -> Duration {
        self.compile_time
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
