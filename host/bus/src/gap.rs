//! What a subscriber is told of events that it cannot have.

use tidemill_event::Position;

/// Events that a subscriber does not get: those after `from`, up to and with `to`, or some of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// Where the subscriber stood, in the log's epoch or in the one that it came with.
    pub from: Position,
    /// Up to where events are missing.
    pub to: Position,
    /// How many events of any type are missing; none if that cannot be known.
    pub missed: Option<u64>,
    /// Why.
    pub reason: Skip,
}

impl Gap {
    /// The gap as JSON, the data of a `tidemill.gap` event.
    pub fn json(&self) -> String {
        let missed = self.missed.map(|n| format!("\"missed\":{n},")).unwrap_or_default();
        format!("{{\"from\":\"{}\",\"to\":\"{}\",{missed}\"reason\":\"{}\"}}", self.from, self.to, self.reason.name())
    }
}

/// Why events are skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Skip {
    /// Retention removed them.
    Retention,
    /// The position is of another log, or of an earlier life of this one.
    Epoch,
    /// The log has not given out that position.
    UnknownPosition,
    /// They are damaged on disk.
    Damaged,
    /// A newer event of the same key replaces them, for a subscriber that is behind and asked for it.
    Conflated,
    /// They were left out, for a subscriber that is behind and asked for it.
    Sampled,
}

impl Skip {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Retention, Self::Epoch, Self::UnknownPosition, Self::Damaged, Self::Conflated, Self::Sampled];

    /// The name used in events, answers and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Retention => "retention",
            Self::Epoch => "epoch",
            Self::UnknownPosition => "unknown-position",
            Self::Damaged => "damaged",
            Self::Conflated => "conflated",
            Self::Sampled => "sampled",
        }
    }
}
