//! What the bus counts, to be read at any time: events that came, and what became of them. Each is counted once, however
//! often it is tried.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::Outcome;

/// Where events come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Publishers.
    Publisher,
    /// Plugins, beside those that pass through them.
    Plugin,
    /// The host itself.
    Host,
}

/// What becomes of events, without the details of [`Outcome`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Stored.
    Stored,
    /// Stored before.
    Duplicate,
    /// Dropped by a plugin.
    Dropped,
    /// Refused by a plugin or by the host.
    Rejected,
    /// A plugin failed on it.
    Failed,
    /// A plugin wants it later, and its publisher is to send it again.
    Retry,
    /// The log had no room.
    Full,
    /// The log did not take it.
    Lost,
}

/// Counters of a bus.
#[derive(Debug, Default)]
pub struct Figures {
    received: [AtomicU64; Origin::ALL.len()],
    became: [AtomicU64; Fate::ALL.len()],
    busy: AtomicU64,
    turns: AtomicU64,
}

/// The ingress queue at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QueueUsage {
    /// Bytes of events that are in it, or that wait for their outcome, rounded up per request.
    pub bytes: usize,
    /// The bound of these.
    pub bytes_max: usize,
    /// Requests, or parts of them, that no worker has taken yet.
    pub submissions: usize,
    /// The bound of these.
    pub submissions_max: usize,
}

impl Origin {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Publisher, Self::Plugin, Self::Host];

    /// The name used in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Publisher => "publisher",
            Self::Plugin => "plugin",
            Self::Host => "host",
        }
    }
}

impl Fate {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Stored,
        Self::Duplicate,
        Self::Dropped,
        Self::Rejected,
        Self::Failed,
        Self::Retry,
        Self::Full,
        Self::Lost,
    ];

    /// The name used in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Duplicate => "duplicate",
            Self::Dropped => "dropped",
            Self::Rejected => "rejected",
            Self::Failed => "failed",
            Self::Retry => "retry",
            Self::Full => "full",
            Self::Lost => "lost",
        }
    }
}

impl From<&Outcome> for Fate {
    fn from(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Stored { duplicate: false, .. } => Self::Stored,
            Outcome::Stored { duplicate: true, .. } => Self::Duplicate,
            Outcome::Dropped { .. } => Self::Dropped,
            Outcome::Rejected { .. } => Self::Rejected,
            Outcome::Retry { .. } => Self::Retry,
            Outcome::Failed { .. } => Self::Failed,
            Outcome::Full { .. } => Self::Full,
            Outcome::Lost { .. } => Self::Lost,
        }
    }
}

impl Figures {
    pub(crate) fn note_received(&self, origin: Origin, events: usize) {
        self.received[origin as usize].fetch_add(events as u64, Relaxed);
    }

    /// Counts outcomes, those of one turn at once: workers share these counters.
    pub(crate) fn note_outcomes<'a>(&self, outcomes: impl Iterator<Item = &'a Outcome>) {
        let mut counts = [0; Fate::ALL.len()];
        outcomes.for_each(|outcome| counts[Fate::from(outcome) as usize] += 1);
        for (total, count) in self.became.iter().zip(counts) {
            if count > 0 {
                total.fetch_add(count, Relaxed);
            }
        }
    }

    pub(crate) fn note_fate(&self, fate: Fate) {
        self.became[fate as usize].fetch_add(1, Relaxed);
    }

    pub(crate) fn note_busy(&self, events: usize) {
        self.busy.fetch_add(events as u64, Relaxed);
    }

    pub(crate) fn note_turn(&self) {
        self.turns.fetch_add(1, Relaxed);
    }

    /// Events that were taken, by where they came from.
    pub fn received(&self) -> impl Iterator<Item = (Origin, u64)> {
        Origin::ALL.into_iter().zip(self.received.iter().map(|count| count.load(Relaxed)))
    }

    /// Events that were decided, by what became of them.
    pub fn became(&self) -> impl Iterator<Item = (Fate, u64)> {
        Fate::ALL.into_iter().zip(self.became.iter().map(|count| count.load(Relaxed)))
    }

    /// Events that were not taken, as there was no room for them in the queue.
    pub fn busy(&self) -> u64 {
        self.busy.load(Relaxed)
    }

    /// Turns that pipeline workers have taken.
    pub fn turns(&self) -> u64 {
        self.turns.load(Relaxed)
    }

    /// Events that were taken and not decided yet.
    pub fn under_way(&self) -> u64 {
        // An event may be decided a moment before it is counted as received.
        let decided: u64 = self.became().map(|(_, count)| count).sum();
        self.received().map(|(_, count)| count).sum::<u64>().saturating_sub(decided)
    }
}
