//! Rates that are counted for each key, in bounded memory: who comes when there is no room for one more shares a count with
//! the others who did, and those who have one keep it. Must not know what is counted.

use std::hash::Hash;

use governor::clock::DefaultClock;
use governor::middleware::StateInformationMiddleware;
use governor::nanos::Nanos;
use governor::state::StateStore;
use governor::state::keyed::{DefaultKeyedStateStore, ShrinkableKeyedStateStore};
use governor::{Quota, RateLimiter};

/// Counts for keys, which tells what is left.
pub(crate) type Limiter<K> = RateLimiter<K, Counts<K>, DefaultClock, StateInformationMiddleware>;

/// Something that counts are kept for.
pub(crate) trait Key: Hash + Eq + Clone {
    /// How many keys there may be for this one to get a count of its own.
    fn room(&self) -> usize;
    /// The key of all for whom there is no room.
    fn others(&self) -> Self;
}

/// Where counts are kept.
#[derive(Debug)]
pub(crate) struct Counts<K: Key>(DefaultKeyedStateStore<K>);

/// A limiter with nothing counted yet.
pub(crate) fn limiter<K: Key>(quota: Quota) -> Limiter<K> {
    let counts = Counts(DefaultKeyedStateStore::default());
    RateLimiter::<K, _, _>::new(quota, counts, DefaultClock::default()).with_middleware()
}

impl<K: Key> StateStore for Counts<K> {
    type Key = K;

    fn measure_and_replace<T, F, E>(&self, key: &K, count: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        if self.0.contains_key(key) || self.0.len() < key.room() {
            self.0.measure_and_replace(key, count)
        } else {
            self.0.measure_and_replace(&key.others(), count)
        }
    }
}

impl<K: Key> ShrinkableKeyedStateStore<K> for Counts<K> {
    fn retain_recent(&self, drop_below: Nanos) {
        ShrinkableKeyedStateStore::retain_recent(&self.0, drop_below);
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    #[derive(Debug, Clone, PartialEq, Eq, Hash)]
    enum Number {
        One(u32),
        Others,
    }

    impl Key for Number {
        fn room(&self) -> usize {
            3
        }

        fn others(&self) -> Self {
            Self::Others
        }
    }

    #[test]
    fn who_was_counted_before_keeps_a_count_of_their_own_when_there_is_no_more_room() {
        let limiter = limiter(Quota::per_hour(NonZeroU32::new(2).unwrap()));
        let fits = |number| limiter.check_key(&Number::One(number)).is_ok();
        assert!(fits(1) && fits(2) && fits(3), "each has its own");
        assert!(fits(4) && fits(5), "the others share two");
        assert!(!fits(6) && !fits(4));
        assert!(fits(1) && fits(2) && fits(3), "these have one more each");
        assert!(!fits(1) && !fits(2) && !fits(3));
        assert_eq!(limiter.len(), 4);
    }
}
