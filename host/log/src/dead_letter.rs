//! Events that a plugin could not process, with what is needed to understand and repeat it.

use tidemill_event::{Event, Timestamp};

/// An event that a plugin failed on, as it was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// The event as it was published, before any plugin saw it.
    pub event: Event,
    /// The plugin that failed.
    pub plugin: String,
    /// That plugin's version.
    pub version: String,
    /// The generation of plugins that it ran in; counted anew with every start of the host. 0 in what older hosts kept.
    pub generation: u64,
    /// What kind of failure, a stable word such as `trap`.
    pub reason: String,
    /// The failure for people: one line, and below it the calls that led there, if they are known.
    pub detail: String,
}

/// A dead letter in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptDeadLetter {
    /// Its number. Numbers only grow.
    pub number: u64,
    /// When the last failure was kept.
    pub stored_at: Timestamp,
    /// How often it failed. The same event published again, or replayed, counts here and keeps its number.
    pub attempts: u32,
    /// The event and its last failure.
    pub letter: DeadLetter,
}

impl DeadLetter {
    /// Bytes that it counts for in retention.
    pub(crate) fn bytes(&self) -> u64 {
        (self.event.stored_len() + self.plugin.len() + self.version.len() + self.reason.len() + cut(&self.detail).len())
            as u64
    }
}

/// The part of a failure's text that is kept.
pub(crate) fn cut(detail: &str) -> &str {
    &detail[..detail.floor_char_boundary(crate::limits::DETAIL_BYTES_MAX)]
}
