//! What a log counts while it writes, to be read at any time.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use crate::Pulse;

/// Bounds of the times of commits, in microseconds: a commit that no disk confirms takes less than a millisecond, one on
/// a disk in trouble seconds.
const BOUNDS_US: [u64; 15] = [
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000,
    5_000_000,
];

/// What was written. All zero for a log that is in memory.
#[derive(Debug, Default)]
pub struct LogFigures {
    /// By bound, and the last one for what takes longer.
    commits: [AtomicU64; BOUNDS_US.len() + 1],
    commit_us: AtomicU64,
    failures: AtomicU64,
    /// What the writer does at the moment.
    pub(crate) writing: Pulse,
}

/// Commits, by how long they took.
#[derive(Debug, Clone, PartialEq)]
pub struct CommitTimes {
    /// Upper bounds in seconds, the last infinite, with the number of commits between it and the one before.
    pub buckets: Vec<(f64, u64)>,
    /// Seconds of all together.
    pub sum: f64,
    /// How many.
    pub count: u64,
}

impl LogFigures {
    pub(crate) fn note_commit(&self, took: Duration) {
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.commits[BOUNDS_US.partition_point(|bound| *bound < us)].fetch_add(1, Relaxed);
        self.commit_us.fetch_add(us, Relaxed);
    }

    pub(crate) fn note_failures(&self, appends: u64) {
        self.failures.fetch_add(appends, Relaxed);
    }

    /// Commits that were tried, with what the disk took to confirm them if it was asked to.
    pub fn commits(&self) -> CommitTimes {
        let bounds = BOUNDS_US.iter().map(|us| *us as f64 / 1e6).chain([f64::INFINITY]);
        let buckets: Vec<_> = bounds.zip(self.commits.iter().map(|count| count.load(Relaxed))).collect();
        let count = buckets.iter().map(|(_, count)| count).sum();
        CommitTimes { buckets, sum: self.commit_us.load(Relaxed) as f64 / 1e6, count }
    }

    /// Appends that were not stored.
    pub fn failures(&self) -> u64 {
        self.failures.load(Relaxed)
    }

    /// How long the writer has been at what it does: a commit, retention, copying its journal back.
    pub fn writing(&self) -> Duration {
        self.writing.busy()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_is_counted_below_its_bound() {
        let figures = LogFigures::default();
        for us in [1, 100, 101, 10_000_000] {
            figures.note_commit(Duration::from_micros(us));
        }
        let commits = figures.commits();
        let filled: Vec<_> = commits.buckets.iter().filter(|(_, count)| *count > 0).copied().collect();
        assert_eq!(filled, [(1e-4, 2), (2.5e-4, 1), (f64::INFINITY, 1)]);
        assert_eq!((commits.count, commits.sum), (4, 10.000202));
    }
}
