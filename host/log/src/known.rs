//! The events that would be recognised if they were published again: those of the last while, at most so many.

use std::collections::VecDeque;
use std::time::Duration;

use hashbrown::HashMap;
use tidemill_event::Timestamp;

use crate::{Key, Placed};

/// Where published events stand, by their keys, oldest forgotten first. Takes about 64 bytes for each.
#[derive(Debug)]
pub(crate) struct Known {
    window: Duration,
    max: usize,
    places: HashMap<Key, (u64, u32)>,
    order: VecDeque<(Timestamp, Key)>,
}

impl Known {
    pub(crate) fn new(window: Duration, max: usize) -> Self {
        Self { window, max, places: HashMap::new(), order: VecDeque::new() }
    }

    pub(crate) fn get(&self, key: &Key) -> Option<Placed> {
        self.places.get(key).map(|(first, events)| Placed { first: *first, events: *events, duplicate: true })
    }

    /// Notes a published event, and forgets those whose time is over.
    pub(crate) fn insert(&mut self, key: Key, first: u64, events: u32, now: Timestamp) {
        if self.max == 0 || self.window.is_zero() {
            return;
        }
        if self.places.insert(key, (first, events)).is_none() {
            self.order.push_back((now, key));
        }
        while self.order.len() > self.max {
            self.forget_oldest();
        }
    }

    /// Forgets those whose time is over.
    pub(crate) fn expire(&mut self, now: Timestamp) {
        let since = self.since(now);
        while self.order.front().is_some_and(|(stored_at, _)| *stored_at < since) {
            self.forget_oldest();
        }
    }

    /// From when on events are recognised.
    pub(crate) fn since(&self, now: Timestamp) -> Timestamp {
        let window = u64::try_from(self.window.as_millis()).unwrap_or(u64::MAX);
        Timestamp::from_unix_ms(now.unix_ms().saturating_sub(window))
    }

    /// The first sequence of the oldest of them.
    pub(crate) fn oldest(&self) -> Option<u64> {
        self.order.front().and_then(|(_, key)| self.places.get(key)).map(|(first, _)| *first)
    }

    pub(crate) const fn max(&self) -> usize {
        self.max
    }

    pub(crate) fn len(&self) -> usize {
        self.order.len()
    }

    fn forget_oldest(&mut self) {
        if let Some((_, key)) = self.order.pop_front() {
            self.places.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_unix_ms(seconds * 1000)
    }

    #[test]
    fn events_are_forgotten_after_the_window_and_beyond_the_bound() {
        let mut known = Known::new(Duration::from_secs(10), 3);
        let key = |n: u64| Key::new("/s", &n.to_string());
        (1..=4).for_each(|n| known.insert(key(n), n, 1, at(n)));
        assert_eq!(known.get(&key(1)), None, "beyond the bound");
        assert_eq!(known.get(&key(2)).unwrap().first, 2);
        known.expire(at(13));
        assert_eq!((known.get(&key(2)), known.len()), (None, 2), "after the window");
        assert!(known.get(&key(3)).is_some());
        // A clock that goes back forgets nothing early.
        known.expire(at(0));
        assert_eq!(known.len(), 2);
    }
}
