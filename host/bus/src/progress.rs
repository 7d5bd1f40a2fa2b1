//! How far a subscriber got, for others to look at while it is served.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::Skip;

/// How far a subscriber got. Written by its cursor, read by anybody.
#[derive(Debug, Default)]
pub struct Progress {
    after: AtomicU64,
    events: AtomicU64,
    bytes: AtomicU64,
    live: AtomicBool,
    skipped: [AtomicU64; Skip::ALL.len()],
}

impl Progress {
    /// The sequence up to which everything was handed over or is not wanted.
    pub fn after(&self) -> u64 {
        self.after.load(Ordering::Relaxed)
    }

    /// Events handed over.
    pub fn events(&self) -> u64 {
        self.events.load(Ordering::Relaxed)
    }

    /// Bytes of their frames.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Whether it ever had everything there was.
    pub fn was_live(&self) -> bool {
        self.live.load(Ordering::Relaxed)
    }

    /// Events that were skipped for a reason. For a gap of unknown length, one.
    pub fn skipped(&self, reason: Skip) -> u64 {
        self.skipped[reason as usize].load(Ordering::Relaxed)
    }

    pub(crate) fn stand(&self, after: u64) {
        self.after.store(after, Ordering::Relaxed);
    }

    pub(crate) fn hand_over(&self, events: u64, bytes: usize) {
        self.events.fetch_add(events, Ordering::Relaxed);
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn is_live(&self) {
        // Looked at first: most of the time there is nothing to write.
        if !self.was_live() {
            self.live.store(true, Ordering::Relaxed);
        }
    }

    pub(crate) fn skip(&self, reason: Skip, events: u64) {
        self.skipped[reason as usize].fetch_add(events, Ordering::Relaxed);
    }
}
