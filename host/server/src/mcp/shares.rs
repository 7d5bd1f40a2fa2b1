//! Room that all have in common, and of which nobody gets more than a share. Must not know what there is room for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::auth::Principal;

/// Room for so much.
#[derive(Debug)]
pub(super) struct Shares {
    all: usize,
    of_one: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    by: HashMap<String, usize>,
}

/// What somebody has of it, until it is dropped.
#[derive(Debug)]
pub(super) struct Share {
    of: Arc<Shares>,
    who: String,
    size: usize,
}

impl Shares {
    pub(super) fn new(all: usize, of_one: usize) -> Arc<Self> {
        Arc::new(Self { all, of_one, taken: Mutex::default() })
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The most that somebody gets. Whoever has no token shares the name with all others who have none: they get half.
    pub(super) fn most(&self, who: &Principal) -> usize {
        if who.kind().is_none() { self.all / 2 } else { self.of_one }
    }

    /// So much of it, if there is still room.
    pub(super) fn take(self: &Arc<Self>, who: &Principal, size: usize) -> Option<Share> {
        let mut taken = self.lock();
        let own = taken.by.get(who.name()).copied().unwrap_or_default();
        if own.saturating_add(size) > self.most(who) || taken.all.saturating_add(size) > self.all {
            return None;
        }
        taken.all += size;
        *taken.by.entry(who.name().to_owned()).or_default() += size;
        Some(Share { of: Arc::clone(self), who: who.name().to_owned(), size })
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut taken = self.of.lock();
        taken.all -= self.size;
        let own = taken.by.get_mut(&self.who);
        let left = own.map_or(0, |own| {
            *own -= self.size;
            *own
        });
        if left == 0 {
            taken.by.remove(&self.who);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::{Rights, TokenType};

    fn bearer(name: &str) -> Principal {
        let rights = Rights::new(TokenType::Team, Vec::new(), Vec::new(), None, None).unwrap();
        Principal::bearer(name.into(), rights, None, None)
    }

    #[test]
    fn nobody_takes_more_than_a_share_and_all_together_no_more_than_there_is() {
        let (shares, ann, bob) = (Shares::new(10, 4), bearer("ann"), bearer("bob"));
        let own = shares.take(&ann, 3).unwrap();
        assert!(shares.take(&ann, 2).is_none(), "more than a share");
        assert!(
            shares.take(&bob, 4).is_some_and(|share| {
                drop(share);
                true
            }),
            "what one has, others can have, too"
        );
        let strangers = shares.take(&Principal::anonymous(), 5).unwrap();
        assert!(shares.take(&Principal::visitor(&[]), 1).is_none(), "all without a token are one");
        assert!(shares.take(&bob, 3).is_none(), "it is not there");
        drop(own);
        assert!(shares.take(&ann, 4).is_some() && shares.take(&bob, usize::MAX).is_none());
        drop(strangers);
        let taken = shares.lock();
        assert!(taken.all == 0 && taken.by.is_empty(), "nothing is left behind: {taken:?}");
    }
}
