//! What subscribers with the same wish have in common: what was stored for it, who waits for it, the bytes they share.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::Wanted;
use crate::chunk::Chunks;
use crate::waiting::Waiting;
use crate::wanted::Filter;

#[derive(Debug)]
pub(crate) struct Wish {
    pub(crate) filter: Filter,
    pub(crate) chunks: Chunks,
    pub(crate) waiting: Waiting,
    /// No event after this sequence is wanted, of those that can be had.
    last_match: AtomicU64,
    /// Nothing between these sequences is wanted: the stretch before the last match.
    quiet: Mutex<(u64, u64)>,
}

impl Wish {
    /// A wish of which nothing is known up to `last`.
    pub(crate) fn new(wanted: Wanted, last: u64) -> Self {
        Self {
            filter: Filter::new(wanted),
            chunks: Chunks::default(),
            waiting: Waiting::default(),
            last_match: AtomicU64::new(last),
            quiet: Mutex::new((last, last)),
        }
    }

    pub(crate) fn last_match(&self) -> u64 {
        self.last_match.load(Ordering::Acquire)
    }

    /// Of records from `first` on, which cannot be had yet, the newest that is wanted stands at `last`.
    pub(crate) fn note(&self, first: u64, last: u64) {
        *self.quiet.lock().unwrap_or_else(PoisonError::into_inner) = (self.last_match(), first - 1);
        self.last_match.store(last, Ordering::Release);
    }

    /// Where somebody stands who had everything wanted up to `after`: further on, if nothing in between is wanted. `last`
    /// is where what can be had ends, looked at before this.
    pub(crate) fn standing(&self, after: u64, last: u64) -> u64 {
        if after >= self.last_match() {
            return last.max(after);
        }
        let (from, to) = *self.quiet.lock().unwrap_or_else(PoisonError::into_inner);
        // What was noted is not always to be had yet.
        if after >= from { to.min(last).max(after) } else { after }
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
