//! What was done with one event and when, written down if its publisher, or a trace, asks for it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tidemill_plugin::{Kind, Verdict};

/// The way of one event, in order.
#[derive(Debug, Default)]
pub struct Trail(Mutex<Way>);

/// What is known of an event's way so far.
#[derive(Debug, Clone, Default)]
pub struct Way {
    /// What plugins did.
    pub steps: Vec<Step>,
    /// The turns of workers that it was in; several if it had to wait.
    pub turns: Vec<TurnTaken>,
    /// When the log had it, or said that it would not.
    pub appended: Option<Instant>,
}

/// One turn of a worker.
#[derive(Debug, Clone, Copy)]
pub struct TurnTaken {
    /// When the worker began.
    pub began: Instant,
    /// When plugins were through, and the log had not begun.
    pub ended: Instant,
    /// Events that it was about.
    pub events: usize,
}

/// One plugin's part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Which plugin.
    pub plugin: Arc<str>,
    /// As what.
    pub kind: Kind,
    /// What it did with the event, or with the part of it that it saw.
    pub did: Did,
    /// Events in its call; the time is their share of it.
    pub batch: usize,
    /// How long it took.
    pub took: Duration,
    /// When the call began.
    pub began: Instant,
    /// How long it took for all its events.
    pub call: Duration,
}

/// What a plugin did with an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Did {
    /// Let it go on as it was.
    Kept,
    /// Changed it.
    Changed,
    /// Made so many events of it.
    Split(usize),
    /// Ended it.
    Dropped,
    /// Refused it.
    Rejected,
    /// Asked its publisher or the host for it later.
    Delayed,
    /// Failed on it.
    Failed,
}

impl Did {
    /// The name used in answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Changed => "changed",
            Self::Split(_) => "split",
            Self::Dropped => "dropped",
            Self::Rejected => "rejected",
            Self::Delayed => "delayed",
            Self::Failed => "failed",
        }
    }
}

impl From<&Verdict> for Did {
    fn from(verdict: &Verdict) -> Self {
        match verdict {
            Verdict::Keep => Self::Kept,
            Verdict::Emit(changes) if changes.len() == 1 => Self::Changed,
            Verdict::Emit(changes) => Self::Split(changes.len()),
            Verdict::Drop => Self::Dropped,
            Verdict::Reject(_) => Self::Rejected,
            Verdict::Retry(_) | Verdict::Later(_) => Self::Delayed,
            Verdict::Fault(_) => Self::Failed,
        }
    }
}

impl Trail {
    /// The steps so far.
    pub fn steps(&self) -> Vec<Step> {
        self.lock().steps.clone()
    }

    /// All of it so far.
    pub fn way(&self) -> Way {
        self.lock().clone()
    }

    pub(crate) fn add(&self, step: Step) {
        self.lock().steps.push(step);
    }

    pub(crate) fn note_turn(&self, turn: TurnTaken) {
        self.lock().turns.push(turn);
    }

    pub(crate) fn note_appended(&self, at: Instant) {
        self.lock().appended = Some(at);
    }

    fn lock(&self) -> MutexGuard<'_, Way> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
