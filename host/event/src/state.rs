//! What plugins keep between events: keys of their own. Changes come with the events of a batch, and are stored in the
//! same commit or not at all.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;

use crate::Timestamp;

/// What one key of a plugin is from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateChange {
    /// The plugin whose key it is.
    pub plugin: Arc<str>,
    /// The key.
    pub key: String,
    /// Its value; none: it is there no more.
    pub entry: Option<StateEntry>,
}

/// The value of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateEntry {
    /// The value.
    pub value: Bytes,
    /// Larger than that of any value written before, under whatever key of the plugin.
    pub version: u64,
    /// From when on it counts as not there.
    pub expires_at: Option<Timestamp>,
}

/// Changes that belong to one batch.
#[derive(Debug, Clone, Default)]
pub struct StateChanges {
    /// The changes, one for each key.
    pub changes: Vec<StateChange>,
    /// What they go on from.
    pub history: History,
}

impl StateChanges {
    /// Bytes of keys and values in it.
    pub fn bytes(&self) -> usize {
        let value = |change: &StateChange| change.entry.as_ref().map_or(0, |entry| entry.value.len());
        self.changes.iter().map(|change| change.key.len() + value(change)).sum()
    }
}

/// Changes that build on each other. Once some of them were not stored, none of those that follow may be.
#[derive(Debug, Clone, Default)]
pub struct History(Arc<AtomicBool>);

impl History {
    /// Notes that some changes were not stored.
    pub fn break_off(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Whether this is the same history as another one.
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Whether some changes were not stored.
    pub fn is_broken(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}
