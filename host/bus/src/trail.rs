//! What plugins did with one event, written down if its publisher asks for it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tidemill_plugin::{Kind, Verdict};

/// The steps of one event, in order.
#[derive(Debug, Default)]
pub struct Trail(Mutex<Vec<Step>>);

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
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn add(&self, step: Step) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(step);
    }
}
