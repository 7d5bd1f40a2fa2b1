//! How much per second: counters looked at once a second, and what they did over the last seconds.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Looks that are kept; one minute of them.
const LOOKS_MAX: usize = 61;

/// What was counted up to a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Look {
    pub(crate) at: Instant,
    /// Events stored.
    pub(crate) stored: u64,
    /// Events handed to subscribers.
    pub(crate) delivered: u64,
}

/// The last looks at the counters.
#[derive(Debug, Default)]
pub(crate) struct Rates(Mutex<VecDeque<Look>>);

/// Events per second.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct PerSecond {
    pub(crate) stored: f64,
    pub(crate) delivered: f64,
}

impl Rates {
    /// Notes what the counters say now.
    pub(crate) fn note(&self, look: Look) {
        let mut looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if looks.len() == LOOKS_MAX {
            looks.pop_front();
        }
        looks.push_back(look);
    }

    /// The rates over about the last so many seconds.
    pub(crate) fn over(&self, seconds: usize) -> PerSecond {
        let looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(newest) = looks.back() else { return PerSecond::default() };
        let oldest = looks.get(looks.len().saturating_sub(seconds + 1)).unwrap_or(newest);
        let time = newest.at.saturating_duration_since(oldest.at).as_secs_f64();
        if time == 0.0 {
            return PerSecond::default();
        }
        let rate = |new: u64, old: u64| new.saturating_sub(old) as f64 / time;
        PerSecond { stored: rate(newest.stored, oldest.stored), delivered: rate(newest.delivered, oldest.delivered) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn rates_are_of_the_last_seconds() {
        let rates = Rates::default();
        assert_eq!(rates.over(10), PerSecond::default());
        let start = Instant::now();
        for second in 0..100_u32 {
            let stored = if second < 90 { 0 } else { u64::from(second - 89) * 50 };
            rates.note(Look { at: start + Duration::from_secs(1) * second, stored, delivered: 0 });
        }
        assert!((rates.over(10).stored - 50.0).abs() < 1e-9);
        assert!((rates.over(60).stored - 500.0 / 60.0).abs() < 1e-9);
    }
}
