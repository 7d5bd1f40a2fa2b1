//! Every selection in use, found by the types that it wants: a stored event visits only those that it matches, however
//! many others there are.

use std::sync::{Arc, Weak};

use hashbrown::{HashMap, HashSet};
use tidemill_event::{TypeMatcher, TypePattern};
use tidemill_log::Record;

use crate::wish::Wish;
use crate::{Selection, Wanted};

/// An index of the selections in use, so bounded by the number of cursors. Owned by the tail, behind a lock; nothing here
/// drops a selection, which would want that lock.
#[derive(Debug, Default)]
pub(crate) struct Interest {
    wishes: HashMap<u64, (Arc<Wish>, Weak<Selection>)>,
    by_wish: HashMap<Wanted, u64>,
    by_type: TypeMatcher<Filed>,
    /// The newest key. None is given out twice: bytes are kept by it, and may outlive their wish.
    last: u64,
}

/// A wish where events find it, without a look into another table: there may be thousands for one type.
#[derive(Debug)]
struct Filed(Arc<Wish>);

impl PartialEq for Filed {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Interest {
    /// The selection that somebody else with the same wish uses.
    pub(crate) fn find(&self, wanted: &Wanted) -> Option<Arc<Selection>> {
        let key = self.by_wish.get(wanted)?;
        self.wishes.get(key)?.1.upgrade()
    }

    /// Takes a new wish in; `make` makes its selection, to which the key belongs.
    pub(crate) fn insert(
        &mut self,
        wanted: Wanted,
        last: u64,
        make: impl FnOnce(u64, Arc<Wish>) -> Arc<Selection>,
    ) -> Arc<Selection> {
        self.last += 1;
        let key = self.last;
        let wish = Arc::new(Wish::new(wanted.clone(), last));
        let selection = make(key, Arc::clone(&wish));
        patterns(&wanted).for_each(|pattern| self.by_type.insert(pattern, Filed(Arc::clone(&wish))));
        self.wishes.insert(key, (wish, Arc::downgrade(&selection)));
        self.by_wish.insert(wanted, key);
        selection
    }

    /// Forgets the wish of a selection that is gone.
    pub(crate) fn remove(&mut self, key: u64, wanted: &Wanted) {
        if let Some((wish, _)) = self.wishes.remove(&key) {
            let filed = Filed(wish);
            patterns(wanted).for_each(|pattern| self.by_type.remove(pattern, &filed));
        }
        // An equal one may have come while it went.
        if self.by_wish.get(wanted) == Some(&key) {
            self.by_wish.remove(wanted);
        }
    }

    /// Tells wishes of what was just stored and cannot be had yet; those that want some of it.
    pub(crate) fn note(&self, records: &[Arc<Record>]) -> Vec<Arc<Wish>> {
        let mut matched = Vec::new();
        let Some(first) = records.first().map(|record| record.position.sequence) else { return matched };
        // Newest first, as only the newest for each wish counts. Types whose wishes all know are not looked up again.
        let mut known = HashSet::new();
        for record in records.iter().rev() {
            let name = record.event.event_type();
            if known.contains(name) {
                continue;
            }
            let mut all = true;
            for Filed(wish) in self.by_type.find(name) {
                if wish.last_match() >= first {
                    continue;
                }
                if wish.filter.matches_beside_type(&record.event) {
                    wish.note(first, record.position.sequence);
                    matched.push(Arc::clone(wish));
                } else {
                    all = false;
                }
            }
            if all {
                known.insert(name);
            }
        }
        matched
    }

    /// All wishes.
    pub(crate) fn all(&self) -> Vec<Arc<Wish>> {
        self.wishes.values().map(|(wish, _)| Arc::clone(wish)).collect()
    }
}

/// What a wish is filed under.
fn patterns(wanted: &Wanted) -> impl Iterator<Item = &TypePattern> {
    const ALL: &[TypePattern] = &[TypePattern::All];
    let all = wanted.types.is_empty() || wanted.types.contains(&TypePattern::All);
    if all { ALL } else { &wanted.types }.iter()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ring::tests::record;
    use proptest::prelude::*;

    /// An index with a wish for each list of types; their selections are of no matter here.
    fn index(lists: &[String]) -> (Interest, Vec<Wanted>) {
        let mut interest = Interest::default();
        let wishes: Vec<Wanted> = lists
            .iter()
            .map(|list| Wanted { types: TypePattern::parse_list(list).unwrap(), ..Wanted::default() })
            .collect();
        for (key, wanted) in (0..).zip(&wishes) {
            let wish = Arc::new(Wish::new(wanted.clone(), 0));
            patterns(wanted).for_each(|pattern| interest.by_type.insert(pattern, Filed(Arc::clone(&wish))));
            interest.wishes.insert(key, (wish, Weak::new()));
        }
        (interest, wishes)
    }

    proptest! {
        /// A batch visits exactly the wishes that want some of it, and each learns of its newest event.
        #[test]
        fn events_visit_those_who_want_them(
            lists in prop::collection::vec("(\\*|[ab](\\.[ab])?(\\.\\*)?)(,[ab]\\.[ab])?", 0..8),
            names in prop::collection::vec("[abc](\\.[ab]){0,2}", 1..8),
            gone in prop::collection::vec(any::<bool>(), 8),
        ) {
            let (mut interest, wishes) = index(&lists);
            for (key, wanted) in (0..).zip(&wishes).filter(|(key, _)| gone[*key as usize]) {
                interest.remove(key, wanted);
            }
            let records: Vec<_> = (11..).zip(&names).map(|(sequence, name)| record(sequence, name)).collect();
            let matched = interest.note(&records);
            let mut expected = 0;
            for (key, wanted) in (0..).zip(&wishes).filter(|(key, _)| !gone[*key as usize]) {
                let wants = |name: &String| wanted.types.iter().any(|pattern| pattern.matches(name));
                let newest = (11_u64..).zip(&names).filter(|(_, name)| wants(name)).map(|(sequence, _)| sequence).last();
                prop_assert_eq!(interest.wishes[&key].0.last_match(), newest.unwrap_or(0));
                expected += usize::from(newest.is_some());
            }
            prop_assert_eq!(matched.len(), expected);
        }
    }
}
