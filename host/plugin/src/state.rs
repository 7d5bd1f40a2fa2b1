//! What all plugins keep between events, as it stands in memory, and how it stays in step with the log.
//!
//! Owns the order: changes are handed to the log in the order in which they were made here, so that whatever of them is
//! stored is the beginning of all of them. Must not know the log, nor what a call may do (`transaction.rs`).

mod keys;

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use hashbrown::HashMap;
use tidemill_event::{History, StateChange, StateChanges, Timestamp};
use tokio::sync::OwnedMutexGuard;

use crate::limits::{STATE_OPEN_BYTES_MAX, STATE_ROOM_PAUSE};
pub(crate) use keys::{Basis, How, Keys, cost};

/// The state of all plugins. Cheap to clone; all clones are the same.
#[derive(Clone, Default)]
pub struct States(Arc<Shared>);

#[derive(Default)]
struct Shared {
    /// Held by whoever works with state on a thread that never waits for others: such turns follow each other, and do not
    /// get in each other's way.
    turn: Arc<tokio::sync::Mutex<()>>,
    /// Held from when changes count until they are handed to the log.
    order: Mutex<()>,
    kept: Mutex<Kept>,
    /// What became of changes. Taken note of by whoever looks at state next: the log, which tells, waits for nobody.
    told: Mutex<Vec<(u64, bool)>>,
    is_told: AtomicBool,
    is_told_of: Condvar,
}

/// What plugins keep, with changes that are not stored yet.
#[derive(Default)]
pub(crate) struct Kept {
    plugins: HashMap<Arc<str>, Keys>,
    /// Changes that the log has not confirmed, oldest first, and what was there before them.
    open: VecDeque<Open>,
    /// Bytes of these changes, old values and new ones.
    open_bytes: usize,
    last: u64,
    pub(crate) history: History,
}

/// Changes that are on their way to the log.
struct Open {
    number: u64,
    before: Vec<StateChange>,
    bytes: usize,
}

/// What one plugin keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StateUsage {
    /// Keys.
    pub keys: usize,
    /// Bytes of keys and values, and 64 for each key.
    pub bytes: usize,
}

/// State changed under somebody who worked with it: what was made of it is void, and to be made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the plugin's state changed meanwhile")]
pub struct Conflict;

/// To be told what became of changes; of none, by default.
#[derive(Debug, Default)]
pub struct Receipt(Option<(States, u64)>);

impl Receipt {
    /// Says whether the changes were stored.
    pub fn settle(self, stored: bool) {
        if let Some((states, number)) = self.0 {
            states.0.told.lock().unwrap_or_else(PoisonError::into_inner).push((number, stored));
            states.0.is_told.store(true, Ordering::Release);
            states.0.is_told_of.notify_all();
        }
    }
}

impl fmt::Debug for States {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("States").finish_non_exhaustive()
    }
}

impl States {
    /// With what was kept before.
    pub fn new(kept: Vec<StateChange>) -> Self {
        let states = Self::default();
        {
            let mut all = states.kept();
            // Versions of keys that are gone are not known; time goes on all the same.
            let least = now().unix_ms() * 1_000;
            for change in kept {
                let version = change.entry.as_ref().map_or(0, |entry| entry.version);
                let keys = all.plugins.entry(Arc::clone(&change.plugin)).or_default();
                keys.version = keys.version.max(version).max(least);
                keys.set(change.key, change.entry);
            }
        }
        states
    }

    /// How much a plugin keeps.
    pub fn usage(&self, plugin: &str) -> StateUsage {
        let kept = self.kept();
        kept.plugins.get(plugin).map(|keys| StateUsage { keys: keys.count(), bytes: keys.bytes() }).unwrap_or_default()
    }

    /// Removes all that a plugin keeps; how many keys that were. `submit` hands the change to the log, now.
    pub fn clear(&self, plugin: &str, submit: impl FnOnce(StateChanges, Receipt)) -> usize {
        let _order = self.order();
        let mut kept = self.kept();
        let Some((name, keys)) = kept.plugins.get_key_value(plugin) else { return 0 };
        let removed = |key: &String| StateChange { plugin: Arc::clone(name), key: key.clone(), entry: None };
        let changes: Vec<StateChange> = keys.names().map(removed).collect();
        let count = changes.len();
        let number = kept.apply(&changes);
        let state = StateChanges { changes, history: kept.history.clone() };
        drop(kept);
        submit(state, Receipt(Some((self.clone(), number))));
        count
    }

    /// Waits until no other turn works with state.
    pub(crate) fn turn(&self) -> OwnedMutexGuard<()> {
        Arc::clone(&self.0.turn).blocking_lock_owned()
    }

    /// To be held from when changes count until they are handed to the log.
    pub(crate) fn order(&self) -> MutexGuard<'_, ()> {
        self.0.order.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A look at state. Short: others wait.
    pub(crate) fn kept(&self) -> MutexGuard<'_, Kept> {
        let mut kept = self.0.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if self.0.is_told.swap(false, Ordering::Acquire) {
            let told = std::mem::take(&mut *self.0.told.lock().unwrap_or_else(PoisonError::into_inner));
            told.into_iter().for_each(|(number, stored)| kept.settle(number, stored));
        }
        kept
    }

    /// Makes changes count, if nothing that they depend on has changed. The caller holds the [order](Self::order).
    pub(crate) fn commit(
        &self,
        mut changes: StateChanges,
        bases: &[Basis],
        quotas: &HashMap<Arc<str>, usize>,
    ) -> Result<(StateChanges, Receipt), Conflict> {
        let mut kept = self.kept();
        if !changes.history.is(&kept.history) {
            return Err(Conflict);
        }
        for (change, basis) in changes.changes.iter_mut().zip(bases) {
            kept.keys(&change.plugin).settle_on(change, *basis)?;
        }
        if quotas.iter().any(|(plugin, quota)| kept.keys(plugin).exceeds(*quota, plugin, &changes.changes)) {
            return Err(Conflict);
        }
        let number = kept.apply(&changes.changes);
        Ok((changes, Receipt(Some((self.clone(), number)))))
    }

    /// Whether changes count here that the log has not confirmed.
    pub(crate) fn has_open_changes(&self) -> bool {
        !self.kept().open.is_empty()
    }

    /// Waits while the log has more changes before it than memory should hold.
    pub(crate) fn wait_for_room(&self) {
        while self.kept().open_bytes > STATE_OPEN_BYTES_MAX {
            let told = self.0.told.lock().unwrap_or_else(PoisonError::into_inner);
            // With an end: whoever looked meanwhile took the news along.
            let _ = self.0.is_told_of.wait_timeout_while(told, STATE_ROOM_PAUSE, |told| told.is_empty());
        }
    }
}

impl Kept {
    pub(crate) fn keys(&mut self, plugin: &Arc<str>) -> &mut Keys {
        self.plugins.entry_ref(plugin).or_insert_with(|| Keys::from_version(now().unix_ms() * 1_000))
    }

    /// Makes changes, and remembers how to take them back.
    fn apply(&mut self, changes: &[StateChange]) -> u64 {
        let mut before = Vec::with_capacity(changes.len());
        for StateChange { plugin, key, entry } in changes {
            let entry = self.keys(plugin).set(key.clone(), entry.clone());
            before.push(StateChange { plugin: Arc::clone(plugin), key: key.clone(), entry });
        }
        self.last += 1;
        let bytes = weight(changes) + weight(&before);
        self.open_bytes += bytes;
        self.open.push_back(Open { number: self.last, before, bytes });
        self.last
    }

    /// Takes note of what became of changes. If they were not stored, those that build on them will not be either.
    fn settle(&mut self, number: u64, stored: bool) {
        let Some(place) = self.open.iter().position(|open| open.number == number) else { return };
        if stored {
            self.open_bytes -= self.open.remove(place).map_or(0, |open| open.bytes);
        } else {
            self.history.break_off();
            (self.history, self.open_bytes) = (History::default(), 0);
            while let Some(Open { before, .. }) = self.open.pop_back() {
                for StateChange { plugin, key, entry } in before.into_iter().rev() {
                    self.keys(&plugin).set(key, entry);
                }
            }
        }
    }
}

fn weight(changes: &[StateChange]) -> usize {
    let value = |change: &StateChange| change.entry.as_ref().map_or(0, |entry| entry.value.len());
    changes.iter().map(|change| cost(change.key.len(), value(change))).sum()
}

/// The time by which keys expire.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_unix_ms(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use tidemill_event::StateEntry;

    use super::*;
    use crate::limits::STATE_KEY_COST;
    use crate::transaction::{Outlet, Transaction, lock};

    fn entry(value: &str, version: u64) -> StateEntry {
        StateEntry { value: Bytes::copy_from_slice(value.as_bytes()), version, expires_at: None }
    }

    fn change(key: &str, value: Option<StateEntry>) -> StateChange {
        StateChange { plugin: Arc::from("p"), key: key.into(), entry: value }
    }

    fn value(states: &States, key: &str) -> Option<String> {
        let mut kept = states.kept();
        let keys = kept.keys(&Arc::from("p"));
        keys.get(key).map(|entry| String::from_utf8(entry.value.to_vec()).unwrap())
    }

    fn commit(states: &States, history: &History, key: &str, to: &str, seen: u64) -> Result<Receipt, Conflict> {
        let changes = vec![change(key, Some(entry(to, seen + 1)))];
        let changes = StateChanges { changes, history: history.clone() };
        states.commit(changes, &[Basis { seen, how: How::Depends }], &HashMap::new()).map(|(_, receipt)| receipt)
    }

    #[test]
    fn what_was_not_stored_is_taken_back_with_all_that_builds_on_it() {
        let states = States::new(vec![change("k", Some(entry("0", 1)))]);
        let history = states.kept().history.clone();
        let first = commit(&states, &history, "k", "1", 1).unwrap();
        let second = commit(&states, &history, "k", "2", 2).unwrap();
        let third = commit(&states, &history, "new", "3", 0).unwrap();
        first.settle(true);
        assert_eq!(value(&states, "k").unwrap(), "2");
        second.settle(false);
        assert_eq!((value(&states, "k").unwrap(), value(&states, "new")), ("1".into(), None));
        assert!(history.is_broken(), "the log will not take the third");
        assert!(commit(&states, &history, "k", "4", 2).is_err(), "nor does anybody go on from there");
        let history = states.kept().history.clone();
        commit(&states, &history, "k", "5", 2).unwrap().settle(true);
        // It comes late, and is about nothing that is there still.
        third.settle(false);
        assert_eq!((value(&states, "k").unwrap(), history.is_broken()), ("5".into(), false));
    }

    #[test]
    fn whoever_saw_something_else_has_to_look_again() {
        let states = States::new(vec![change("k", Some(entry("0", 1)))]);
        let history = states.kept().history.clone();
        commit(&states, &history, "k", "1", 1).unwrap();
        assert_eq!(commit(&states, &history, "k", "2", 1).unwrap_err(), Conflict);
        assert_eq!(commit(&states, &history, "other", "2", 7).unwrap_err(), Conflict);
    }

    #[test]
    fn what_is_added_or_set_holds_whatever_was_there_meanwhile() {
        let number = |n: i64, version| {
            let value = Bytes::copy_from_slice(&n.to_le_bytes());
            StateEntry { value, version, expires_at: None }
        };
        let states = States::new(vec![change("n", Some(number(5, 7)))]);
        let history = states.kept().history.clone();
        let commit = |entry: StateEntry, how| {
            let changes = StateChanges { changes: vec![change("n", Some(entry))], history: history.clone() };
            states
                .commit(changes, &[Basis { seen: 1, how }], &HashMap::new())
                .map(|(state, _)| state.changes[0].entry.clone().unwrap())
        };
        // It saw 1, and made 3 of it.
        let added = commit(number(3, 2), How::Added(2)).unwrap();
        assert_eq!((&added.value[..], added.version > 7), (&7_i64.to_le_bytes()[..], true));
        assert_eq!(commit(entry("text", 9), How::Set).unwrap(), entry("text", 9));
        assert!(commit(number(3, 2), How::Added(2)).is_err(), "it is no number any more");
        assert!(commit(number(3, 2), How::Depends).is_err());
        use How::{Added, Depends, Set};
        let pairs = [(Added(1), Added(2)), (Added(1), Set), (Set, Added(1)), (Depends, Set), (Set, Depends)];
        assert_eq!(pairs.map(|(first, second)| second.after(first)), [Added(3), Set, Set, Depends, Depends]);
    }

    #[test]
    fn usage_is_what_there_is() {
        let states = States::new(vec![change("a", Some(entry("123", 1))), change("b", Some(entry("", 2)))]);
        assert_eq!(states.usage("p"), StateUsage { keys: 2, bytes: 2 + 3 + 2 * STATE_KEY_COST });
        let mut submitted = Vec::new();
        assert_eq!(states.clear("p", |state, _| submitted = state.changes), 2);
        assert_eq!((submitted, states.usage("p")), (vec![change("a", None), change("b", None)], StateUsage::default()));
        assert_eq!(states.usage("nobody"), StateUsage::default());
    }

    #[test]
    fn nothing_is_there_outside_of_calls() {
        let outlet = Outlet { states: States::default(), room: Arc::new(tokio::sync::Semaphore::new(1)), waits: false };
        let desk = Transaction::new(Some(outlet));
        assert!(lock(&desk).keys("p", |_, _| ()).unwrap_err().to_string().contains("no events were processed"));
        assert!(lock(&desk).hops("p").is_none() && lock(&desk).finish().commit().unwrap().state.changes.is_empty());
    }
}
