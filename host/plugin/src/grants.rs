//! What a plugin wants of the host beyond what every plugin has, and what its operator grants it. What is not granted is
//! not there (invariant I5).

use tidemill_event::TypePattern;

/// Something that is only there when it is granted. A plugin's imports say that it wants it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Capability {
    /// Durable keys of its own: it imports `tidemill:plugin/state`.
    State,
    /// Publishing events beside those that pass through it: it imports `tidemill:plugin/bus`.
    Publish,
}

impl Capability {
    /// The name used in settings and answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::Publish => "publish",
        }
    }
}

/// What one plugin is granted. Nothing by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grants {
    /// Whether it has durable keys of its own.
    pub state: bool,
    /// Types of events that it may publish.
    pub publish: Vec<TypePattern>,
}

impl Grants {
    /// Whether something is granted at all.
    pub fn has(&self, capability: Capability) -> bool {
        match capability {
            Capability::State => self.state,
            Capability::Publish => !self.publish.is_empty(),
        }
    }

    /// What of this is wanted and not granted, each in one line that says what to write.
    pub(crate) fn missing(&self, wanted: &[Capability]) -> Vec<String> {
        let missing = wanted.iter().filter(|capability| !self.has(**capability));
        let told = missing.map(|capability| match capability {
            Capability::State => "state — not granted (`state = true`)",
            Capability::Publish => "publish — not granted (`publish = [\"<types that it may publish>\"]`)",
        });
        told.map(str::to_owned).collect()
    }
}
