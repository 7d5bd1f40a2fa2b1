//! Views: a plugin decides what a subscriber sees, once for all who are in the same class.
//!
//! Classes are judged on a thread of their view's own (`worker.rs`), asked by the cursors that meet events nobody judged
//! yet (`cursor/judging.rs`), and what comes of it is kept for the others (`judgement.rs`). So a view that is slow, or does
//! not come to an end, stalls its own subscribers only. Must not know what is wanted beside that, nor how it is written.

mod judge;
mod judgement;
#[cfg(test)]
mod tests;
mod views;
mod worker;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

pub(crate) use judge::{Judge, Judged, Judging};
pub(crate) use judgement::{Judgement, Judgements};
pub use views::NoView;
pub(crate) use views::Views;
#[cfg(test)]
pub(crate) use {
    judge::Question,
    worker::{Sight, Worker, find},
};

/// What somebody sees through a view: the plugin in one version with its settings, and a class.
#[derive(Clone)]
pub struct View {
    judge: Arc<Judge>,
    class: Arc<str>,
}

impl View {
    pub(crate) const fn new(judge: Arc<Judge>, class: Arc<str>) -> Self {
        Self { judge, class }
    }

    /// The plugin's name.
    pub fn plugin(&self) -> &str {
        self.judge.plugin()
    }

    /// The class. Whoever is in the same one sees the same.
    pub fn class(&self) -> &str {
        &self.class
    }

    pub(crate) const fn judge(&self) -> &Arc<Judge> {
        &self.judge
    }

    /// What was judged of a run of events that begins with this sequence, if that is still known.
    pub(crate) fn known(&self, judgements: &Judgements, first: u64) -> Option<Arc<Judgement>> {
        judgements.find(self.judge.number(), &self.class, first)
    }

    /// Has what comes after a sequence judged.
    pub(crate) fn ask(&self, after: u64) -> Judging {
        self.judge.ask(&self.class, after)
    }
}

impl PartialEq for View {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.judge, &other.judge) && self.class == other.class
    }
}

impl Eq for View {}

impl Hash for View {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.judge.number(), &self.class).hash(state);
    }
}

impl fmt::Debug for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("View").field("plugin", &self.plugin()).field("class", &self.class).finish_non_exhaustive()
    }
}
