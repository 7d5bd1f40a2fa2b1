//! So many in a second, and no more. Must not know of what.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Counts in windows of a second.
#[derive(Debug)]
pub(crate) struct Rate {
    per_second: u32,
    window: Mutex<(Instant, u32)>,
}

impl Rate {
    pub(crate) fn new(per_second: u32) -> Self {
        Self { per_second, window: Mutex::new((Instant::now(), 0)) }
    }

    /// Takes one, if there is one left in this second.
    pub(crate) fn admit(&self) -> bool {
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        if window.0.elapsed() >= Duration::from_secs(1) {
            *window = (Instant::now(), 0);
        }
        let admitted = window.1 < self.per_second;
        window.1 += u32::from(admitted);
        admitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_than_so_many_in_a_second() {
        let rate = Rate::new(3);
        assert_eq!((0..10).filter(|_| rate.admit()).count(), 3);
        rate.window.lock().unwrap().0 -= Duration::from_secs(1);
        assert!(rate.admit());
    }
}
