//! What one plugin wrote in a turn, over what it keeps.

use std::collections::BTreeMap;
use std::ops::Bound::{self, Excluded, Included, Unbounded};
use std::sync::Arc;

use bytes::Bytes;
use hashbrown::HashSet;
use tidemill_event::{StateEntry, Timestamp};

use crate::limits::{STATE_EXPIRED_MAX, STATE_KEY_BYTES_MAX, STATE_VALUE_BYTES_MAX, STATE_WRITES_MAX};
use crate::state::{Basis, How, Kept, Keys, cost, now};

#[derive(Default)]
pub(crate) struct Overlay {
    pub(super) slots: BTreeMap<String, Slot>,
    /// How much more, or less, it keeps with this.
    growth: isize,
    /// What was there before the present call, of what it wrote.
    undo: BTreeMap<String, Option<Slot>>,
    undo_growth: isize,
    /// Bytes that the plugin may keep.
    quota: usize,
    /// Keys that were read, where that is of interest; none: too many to know.
    read: Option<HashSet<String>>,
}

/// One key that was written.
#[derive(Clone)]
pub(super) struct Slot {
    pub(super) entry: Option<StateEntry>,
    pub(super) basis: Basis,
}

/// Why something was not written.
pub(crate) enum WriteError {
    /// The key has another version: what it holds.
    Stale(Option<StateEntry>),
    Quota,
    Other(String),
}

impl Overlay {
    /// Nothing but that keys whose time is over go, some of them.
    ///
    /// If others may change what it is made of meanwhile (`shared`), it is noted which keys are read.
    pub(super) fn begin(kept: &mut Kept, plugin: &Arc<str>, quota: usize, shared: bool) -> Self {
        let keys = kept.keys(plugin);
        let mut overlay = Self { quota, read: shared.then(HashSet::new), ..Self::default() };
        keys.expired(now(), STATE_EXPIRED_MAX).into_iter().for_each(|key| overlay.set(keys, key, None, How::Depends));
        // Not a call's doing.
        overlay.keep();
        overlay
    }

    /// What the present call wrote stays.
    pub(super) fn keep(&mut self) {
        self.undo.clear();
        self.undo_growth = self.growth;
    }

    /// What the present call wrote goes.
    pub(super) fn take_back(&mut self) {
        for (key, before) in std::mem::take(&mut self.undo) {
            match before {
                Some(slot) => self.slots.insert(key, slot),
                None => self.slots.remove(&key),
            };
        }
        self.growth = self.undo_growth;
    }

    pub(crate) fn get<'a>(&'a self, keys: &'a Keys, key: &str) -> Option<&'a StateEntry> {
        let entry = match self.slots.get(key) {
            Some(slot) => slot.entry.as_ref(),
            None => keys.get(key),
        };
        entry.filter(|entry| is_there(entry, now()))
    }

    /// What a key holds, for the plugin to make something of it.
    pub(crate) fn read(&mut self, keys: &Keys, key: &str) -> Option<StateEntry> {
        if self.read.as_ref().is_some_and(|read| read.len() >= STATE_WRITES_MAX) {
            self.read = None;
        }
        // Longer ones there cannot be.
        if let Some(read) = &mut self.read
            && key.len() <= STATE_KEY_BYTES_MAX
        {
            read.insert(key.to_owned());
        }
        self.get(keys, key).cloned()
    }

    /// Writes a value if the key has a version, 0 being that of one that is not there; its new version.
    pub(crate) fn put(
        &mut self,
        keys: &mut Keys,
        key: String,
        value: Bytes,
        if_version: Option<u64>,
        ttl_ms: Option<u64>,
    ) -> Result<u64, WriteError> {
        let current = self.get(keys, &key);
        if if_version.is_some_and(|wanted| wanted != current.map_or(0, |entry| entry.version)) {
            return Err(WriteError::Stale(current.cloned()));
        }
        let unread = if_version.is_none() && self.read.as_ref().is_some_and(|read| !read.contains(&key));
        let how = if unread { How::Set } else { How::Depends };
        self.write(keys, key, value, expiry(ttl_ms), how)
    }

    /// Adds to a number; the sum.
    pub(crate) fn increment(
        &mut self,
        keys: &mut Keys,
        key: String,
        by: i64,
        ttl_ms: Option<u64>,
    ) -> Result<i64, WriteError> {
        let (before, expires_at) = match self.get(keys, &key) {
            None => (0, expiry(ttl_ms)),
            Some(entry) => match <[u8; 8]>::try_from(&entry.value[..]) {
                Ok(bytes) => (i64::from_le_bytes(bytes), entry.expires_at),
                Err(_) => return Err(WriteError::Other("its value is no number, which has eight bytes".into())),
            },
        };
        let sum = before.saturating_add(by);
        let value = Bytes::copy_from_slice(&sum.to_le_bytes());
        self.write(keys, key, value, expires_at, How::Added(by)).map(|_| sum)
    }

    /// Removes a key; whether it was there.
    pub(crate) fn delete(&mut self, keys: &Keys, key: &str) -> bool {
        let was_there = self.get(keys, key).is_some();
        if was_there {
            self.set(keys, key.to_owned(), None, How::Depends);
        }
        was_there
    }

    /// Keys with a prefix after one, in order.
    pub(crate) fn list(&self, keys: &Keys, prefix: &str, after: &str, limit: usize) -> Vec<String> {
        let (now, mut found) = (now(), Vec::new());
        let start = if after < prefix { Included(prefix) } else { Excluded(after) };
        // Both are in order; of a key in both, what was written counts.
        let (mut kept, mut written) = (keys.from(start).peekable(), self.from(start).peekable());
        while found.len() < limit {
            let (key, entry) = match (kept.peek(), written.peek()) {
                (Some((key, entry)), newer) if newer.is_none_or(|(newer, _)| key < newer) => (*key, Some(*entry)),
                (_, Some((key, slot))) => (*key, slot.entry.as_ref()),
                (_, None) => break,
            };
            kept.next_if(|(own, _)| *own == key);
            written.next_if(|(own, _)| *own == key);
            if !key.starts_with(prefix) {
                break;
            }
            if entry.is_some_and(|entry| is_there(entry, now)) {
                found.push(key.clone());
            }
        }
        found
    }

    fn from<'a>(&'a self, start: Bound<&str>) -> impl Iterator<Item = (&'a String, &'a Slot)> {
        self.slots.range::<str, _>((start, Unbounded))
    }

    /// Writes a value, within bounds; its version.
    fn write(
        &mut self,
        keys: &mut Keys,
        key: String,
        value: Bytes,
        expires_at: Option<Timestamp>,
        how: How,
    ) -> Result<u64, WriteError> {
        let bounds = [
            ("a key", key.len(), STATE_KEY_BYTES_MAX, key.is_empty()),
            ("a value", value.len(), STATE_VALUE_BYTES_MAX, false),
        ];
        if let Some((what, found, max, _)) = bounds.into_iter().find(|(_, found, max, empty)| *empty || found > max) {
            return Err(WriteError::Other(format!("{what} of {found} bytes; at most {max} are possible")));
        }
        let more = self.more(keys, &key, Some(value.len()));
        if more > 0 && keys.bytes().saturating_add_signed(self.growth).saturating_add_signed(more) > self.quota {
            return Err(WriteError::Quota);
        }
        let version = keys.next_version();
        self.set(keys, key, Some(StateEntry { value, version, expires_at }), how);
        Ok(version)
    }

    fn set(&mut self, keys: &Keys, key: String, entry: Option<StateEntry>, how: How) {
        self.growth += self.more(keys, &key, entry.as_ref().map(|entry| entry.value.len()));
        let before = self.slots.remove(&key);
        let basis = match &before {
            Some(slot) => Basis { how: how.after(slot.basis.how), ..slot.basis },
            None => Basis { seen: keys.version_of(&key), how },
        };
        // Of a key that was not there and is not there nothing is to be remembered.
        if entry.is_some() || basis.seen > 0 {
            self.slots.insert(key.clone(), Slot { entry, basis });
        }
        self.undo.entry(key).or_insert(before);
    }

    /// How much more there is with a value of a length, or none, under a key.
    fn more(&self, keys: &Keys, key: &str, value: Option<usize>) -> isize {
        let size = |length: usize| isize::try_from(cost(key.len(), length)).unwrap_or(isize::MAX);
        let now = match self.slots.get(key) {
            Some(slot) => slot.entry.as_ref().map(|entry| entry.value.len()),
            None => keys.get(key).map(|entry| entry.value.len()),
        };
        value.map_or(0, size) - now.map_or(0, size)
    }

    pub(super) const fn quota(&self) -> usize {
        self.quota
    }

    /// How many keys the present call wrote.
    pub(super) fn written(&self) -> usize {
        self.undo.len()
    }
}

fn is_there(entry: &StateEntry, now: Timestamp) -> bool {
    entry.expires_at.is_none_or(|at| at > now)
}

fn expiry(ttl_ms: Option<u64>) -> Option<Timestamp> {
    ttl_ms.map(|ttl| Timestamp::from_unix_ms(now().unix_ms().saturating_add(ttl)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::States;
    use proptest::prelude::*;

    const MAX: usize = 1_000;

    fn put(overlay: &mut Overlay, keys: &mut Keys, key: &str, bytes: usize) -> bool {
        overlay.put(keys, key.to_owned(), vec![0; bytes].into(), None, None).is_ok()
    }

    /// What is kept and what was written, as one would see it in one map.
    fn all(overlay: &Overlay, keys: &Keys) -> Vec<(String, usize)> {
        let listed = overlay.list(keys, "", "", 100);
        listed.into_iter().map(|key| (key.clone(), overlay.get(keys, &key).unwrap().value.len())).collect()
    }

    proptest! {
        /// Whatever is written, kept and taken back: what is seen is what a plain map would have, and the quota holds.
        #[test]
        fn an_overlay_is_a_map(steps in prop::collection::vec((0_u8..5, "[ab]{1,2}", 0_usize..300), 1..60)) {
            let (states, name) = (States::default(), Arc::from("p"));
            let mut kept = states.kept();
            let mut overlay = Overlay::begin(&mut kept, &name, MAX, false);
            let keys = kept.keys(&name);
            let (mut map, mut before) = (BTreeMap::new(), BTreeMap::new());
            for (step, key, bytes) in steps {
                match step {
                    0 | 1 => {
                        let had: usize = map.iter().filter(|(own, _)| **own != key).map(|(k, v): (&String, &usize)| cost(k.len(), *v)).sum();
                        let grows = map.get(&key).is_none_or(|now| *now < bytes);
                        let fits = !grows || had + cost(key.len(), bytes) <= MAX;
                        prop_assert_eq!(put(&mut overlay, keys, &key, bytes), fits);
                        if fits {
                            map.insert(key, bytes);
                        }
                    }
                    2 => prop_assert_eq!(overlay.delete(keys, &key), map.remove(&key).is_some()),
                    3 => {
                        overlay.keep();
                        before.clone_from(&map);
                    }
                    _ => {
                        overlay.take_back();
                        map.clone_from(&before);
                    }
                }
                prop_assert_eq!(all(&overlay, keys), map.clone().into_iter().collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn lists_are_in_order_and_go_on_after_a_key() {
        let (states, name) = (States::default(), Arc::from("p"));
        let mut kept = states.kept();
        let mut overlay = Overlay::begin(&mut kept, &name, MAX, false);
        let keys = kept.keys(&name);
        for key in ["a", "a/2", "a/1", "b", "a/"] {
            assert!(put(&mut overlay, keys, key, 1));
        }
        assert_eq!(overlay.list(keys, "a/", "", 9), ["a/", "a/1", "a/2"]);
        assert_eq!(overlay.list(keys, "a/", "a/1", 9), ["a/2"]);
        assert_eq!(overlay.list(keys, "", "a/1", 2), ["a/2", "b"]);
        assert!(overlay.list(keys, "a/", "b", 9).is_empty() && overlay.list(keys, "c", "", 9).is_empty());
    }

    #[test]
    fn keys_and_values_are_bounded() {
        let (states, name) = (States::default(), Arc::from("p"));
        let mut kept = states.kept();
        let mut overlay = Overlay::begin(&mut kept, &name, 4 << 20, false);
        let keys = kept.keys(&name);
        let mut written =
            |key: &str, bytes: usize| match overlay.put(keys, key.to_owned(), vec![0; bytes].into(), None, None) {
                Ok(_) => String::new(),
                Err(WriteError::Other(reason)) => reason,
                Err(_) => "something else".into(),
            };
        assert!(written("", 0).contains("a key of 0 bytes"));
        assert!(written(&"x".repeat(STATE_KEY_BYTES_MAX + 1), 0).contains("a key of 257 bytes"));
        assert!(written("k", STATE_VALUE_BYTES_MAX + 1).contains("a value of"));
        assert_eq!(written(&"x".repeat(STATE_KEY_BYTES_MAX), STATE_VALUE_BYTES_MAX), "");
    }
}
