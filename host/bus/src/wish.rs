//! What subscribers with the same wish have in common: what was stored for it, and who waits for it.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering, fence};

use crate::Wanted;
use crate::waiting::Waiting;
use crate::wanted::Filter;

#[derive(Debug)]
pub(crate) struct Wish {
    pub(crate) filter: Filter,
    /// Whoever puts a chunk together.
    pub(crate) turn: Mutex<()>,
    pub(crate) waiting: Waiting,
    /// No event after this sequence is wanted, of those that can be had. The largest number while it changes.
    last_match: AtomicU64,
    /// Nothing between these sequences is wanted: the stretch before the last match.
    quiet_from: AtomicU64,
    quiet_to: AtomicU64,
}

impl Wish {
    /// A wish of which nothing is known up to `last`.
    pub(crate) fn new(wanted: Wanted, last: u64) -> Self {
        Self {
            filter: Filter::new(wanted),
            turn: Mutex::default(),
            waiting: Waiting::default(),
            last_match: AtomicU64::new(last),
            quiet_from: AtomicU64::new(last),
            quiet_to: AtomicU64::new(last),
        }
    }

    pub(crate) fn last_match(&self) -> u64 {
        self.last_match.load(Ordering::Acquire)
    }

    /// Of records from `first` on, which cannot be had yet, the newest that is wanted stands at `last`. Called by one
    /// thread at a time.
    pub(crate) fn note(&self, first: u64, last: u64) {
        // A sequence lock (H.-J. Boehm, "Can seqlocks get along with programming language memory models?", 2012):
        // many look, and a lock would make them wait for each other.
        let before = self.last_match();
        self.last_match.store(u64::MAX, Ordering::Relaxed);
        fence(Ordering::Release);
        self.quiet_from.store(before, Ordering::Relaxed);
        self.quiet_to.store(first - 1, Ordering::Relaxed);
        self.last_match.store(last, Ordering::Release);
    }

    /// Where somebody stands who had everything wanted up to `after`: further on, if nothing in between is wanted. `last`
    /// is where what can be had ends, looked at before this.
    pub(crate) fn standing(&self, after: u64, last: u64) -> u64 {
        let last_match = self.last_match();
        if after >= last_match {
            return last.max(after);
        }
        let (from, to) = (self.quiet_from.load(Ordering::Relaxed), self.quiet_to.load(Ordering::Relaxed));
        fence(Ordering::Acquire);
        let changed = last_match == u64::MAX || self.last_match.load(Ordering::Relaxed) != last_match;
        // What was noted is not always to be had yet.
        if changed || after < from { after } else { to.min(last).max(after) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_had_everything_wanted_stands_before_the_next_that_is() {
        let wish = Wish::new(Wanted::default(), 10);
        assert_eq!((wish.standing(9, 15), wish.standing(10, 15)), (9, 15), "nothing is known up to 10");
        wish.note(16, 18);
        // Not to be had yet.
        assert_eq!((wish.standing(10, 15), wish.standing(15, 15)), (15, 15));
        assert_eq!((wish.standing(9, 20), wish.standing(12, 20), wish.standing(17, 20)), (9, 15, 17));
        assert_eq!(wish.standing(18, 20), 20);
        wish.note(30, 31);
        assert_eq!((wish.standing(17, 31), wish.standing(18, 31)), (17, 29));
    }
}
