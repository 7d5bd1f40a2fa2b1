//! The keys of one plugin, and what becomes of a change to one that has changed meanwhile.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use bytes::Bytes;
use tidemill_event::{StateChange, StateEntry, Timestamp};

use super::Conflict;
use crate::limits::STATE_KEY_COST;

/// The keys of one plugin.
#[derive(Default)]
pub(crate) struct Keys {
    entries: BTreeMap<String, StateEntry>,
    expiring: BTreeSet<(Timestamp, String)>,
    bytes: usize,
    pub(super) version: u64,
}

/// What a change was made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Basis {
    /// The version under it when it was written first.
    pub(crate) seen: u64,
    pub(crate) how: How,
}

/// How a change depends on what the key held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    /// Not at all.
    Set,
    /// So much was added.
    Added(i64),
    /// In ways that only the plugin knows.
    Depends,
}

impl How {
    /// What one change after another is.
    pub(crate) const fn after(self, before: Self) -> Self {
        match (before, self) {
            (Self::Added(first), Self::Added(second)) => Self::Added(first.saturating_add(second)),
            // Whatever is added to what was set is set, too.
            (Self::Set, Self::Added(_) | Self::Set) | (Self::Added(_), Self::Set) => Self::Set,
            _ => Self::Depends,
        }
    }
}

impl Keys {
    /// None, and versions that begin after one.
    pub(super) fn from_version(version: u64) -> Self {
        Self { version, ..Self::default() }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&StateEntry> {
        self.entries.get(key)
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.entries.len()
    }

    /// All of them.
    pub(super) fn names(&self) -> impl Iterator<Item = &String> {
        self.entries.keys()
    }

    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// A version that no value of the plugin has had.
    pub(crate) const fn next_version(&mut self) -> u64 {
        self.version += 1;
        self.version
    }

    /// The version of a key, 0 if it is not there. What has expired and was not cleared yet is there.
    pub(crate) fn version_of(&self, key: &str) -> u64 {
        self.entries.get(key).map_or(0, |entry| entry.version)
    }

    /// Keys from one on, in order.
    pub(crate) fn from<'a>(&'a self, start: Bound<&str>) -> impl Iterator<Item = (&'a String, &'a StateEntry)> {
        self.entries.range::<str, _>((start, Bound::Unbounded))
    }

    /// What a change is if its key has changed since it was made.
    pub(super) fn settle_on(&mut self, change: &mut StateChange, basis: Basis) -> Result<(), Conflict> {
        let now = self.entries.get(&change.key);
        match basis.how {
            _ if now.map_or(0, |entry| entry.version) == basis.seen => Ok(()),
            How::Set => Ok(()),
            How::Depends => Err(Conflict),
            How::Added(by) => {
                let before = now.map_or(Ok([0; 8]), |entry| <[u8; 8]>::try_from(&entry.value[..]));
                let sum = i64::from_le_bytes(before.map_err(|_| Conflict)?).saturating_add(by);
                let expires_at = now
                    .map_or_else(|| change.entry.as_ref().and_then(|entry| entry.expires_at), |entry| entry.expires_at);
                let value = Bytes::copy_from_slice(&sum.to_le_bytes());
                change.entry = Some(StateEntry { value, version: self.next_version(), expires_at });
                Ok(())
            }
        }
    }

    /// Whether changes would make more of it than a plugin may keep.
    pub(super) fn exceeds(&self, quota: usize, plugin: &str, changes: &[StateChange]) -> bool {
        let size = |key: &str, entry: Option<&StateEntry>| entry.map_or(0, |entry| cost(key.len(), entry.value.len()));
        let own = changes.iter().filter(|change| *change.plugin == *plugin);
        let (before, after) = own.fold((0, 0), |(before, after), change| {
            let key = &change.key;
            (before + size(key, self.entries.get(key)), after + size(key, change.entry.as_ref()))
        });
        after > before && self.bytes + after - before > quota
    }

    /// Keys whose time is over, some of them.
    pub(crate) fn expired(&self, now: Timestamp, max: usize) -> Vec<String> {
        let over = self.expiring.iter().take_while(|(at, _)| *at <= now);
        over.take(max).map(|(_, key)| key.clone()).collect()
    }

    pub(super) fn set(&mut self, key: String, entry: Option<StateEntry>) -> Option<StateEntry> {
        let length = key.len();
        if let Some(at) = entry.as_ref().and_then(|entry| entry.expires_at) {
            self.expiring.insert((at, key.clone()));
        }
        self.bytes += entry.as_ref().map_or(0, |entry| cost(length, entry.value.len()));
        let name = key.clone();
        let before = match entry {
            Some(entry) => self.entries.insert(key, entry),
            None => self.entries.remove(&key),
        };
        if let Some(before) = &before {
            self.bytes -= cost(length, before.value.len());
            let still = self.entries.get(&name).and_then(|entry| entry.expires_at);
            if let Some(at) = before.expires_at.filter(|at| still != Some(*at)) {
                self.expiring.remove(&(at, name));
            }
        }
        before
    }
}

/// Bytes that a key counts for.
pub(crate) const fn cost(key: usize, value: usize) -> usize {
    key + value + STATE_KEY_COST
}
