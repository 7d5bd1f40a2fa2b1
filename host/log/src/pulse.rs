//! Whether something gets on: since when it has been at what it does now. Must not know what that is, or how long is too
//! long.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Written by whoever works, read by anybody.
#[derive(Debug)]
pub struct Pulse {
    start: Instant,
    /// Milliseconds from `start` to the beginning of what is being done, plus one; 0 in between.
    busy_since: AtomicU64,
}

impl Default for Pulse {
    fn default() -> Self {
        Self { start: Instant::now(), busy_since: AtomicU64::new(0) }
    }
}

impl Pulse {
    /// Something begins.
    pub fn begin(&self) {
        self.busy_since.store(self.now(), Ordering::Relaxed);
    }

    /// The same, unless it has begun before.
    pub fn begin_once(&self) {
        let _ = self.busy_since.compare_exchange(0, self.now(), Ordering::Relaxed, Ordering::Relaxed);
    }

    /// It is over. Cheap if nothing has begun.
    pub fn end(&self) {
        if self.busy_since.load(Ordering::Relaxed) != 0 {
            self.busy_since.store(0, Ordering::Relaxed);
        }
    }

    /// How long it has been going on.
    pub fn busy(&self) -> Duration {
        match self.busy_since.load(Ordering::Relaxed) {
            0 => Duration::ZERO,
            since => self.start.elapsed().saturating_sub(Duration::from_millis(since - 1)),
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX - 1) + 1
    }
}
