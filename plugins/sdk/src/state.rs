//! Keys of the plugin's own that outlive the host: `state::increment("orders", 1)`.
//!
//! Only where the operator grants it (`[grants] state = true`), and only while events are processed. What is written is
//! kept together with the events of the batch, or not at all. What exactly is promised is said in `wit/v0.1/state.wit`. In
//! native tests keys live as long as their thread, and none expires.

use std::fmt;
use std::time::Duration;

#[cfg(target_arch = "wasm32")]
use crate::bindings::imports::tidemill::plugin::state as host;

/// The value of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The value.
    pub value: Vec<u8>,
    /// Changes with every write.
    pub version: u64,
}

/// Why something was not written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WriteError {
    /// The key has another version than was asked for: what it holds now.
    Stale(Option<Entry>),
    /// The plugin has no room for it.
    Quota,
    /// It cannot be, for this reason.
    Other(String),
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stale(_) => f.write_str("the key changed meanwhile"),
            Self::Quota => f.write_str("no room for more state (the limit `state`)"),
            Self::Other(reason) => f.write_str(reason),
        }
    }
}

impl std::error::Error for WriteError {}

/// What a key holds.
pub fn get(key: &str) -> Option<Entry> {
    get_many(&[key]).pop().flatten()
}

/// What keys hold, in order; at most 1,000.
pub fn get_many(keys: &[&str]) -> Vec<Option<Entry>> {
    let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
    host::get_many(&keys).into_iter().map(|entry| entry.map(own)).collect()
}

/// Sets a key; its new version.
///
/// # Errors
///
/// There is no room, or the key or the value is too long.
pub fn put(key: &str, value: &[u8]) -> Result<u64, WriteError> {
    host::put(key, value, None, None).map_err(error)
}

/// Sets a key that is gone after a while; its new version.
///
/// # Errors
///
/// There is no room, or the key or the value is too long.
pub fn put_for(key: &str, value: &[u8], time: Duration) -> Result<u64, WriteError> {
    host::put(key, value, None, Some(millis(time))).map_err(error)
}

/// Sets a key if it has a version, 0 being that of a key that is not there; its new version.
///
/// # Errors
///
/// It has another one, there is no room, or the key or the value is too long.
pub fn put_if(key: &str, value: &[u8], version: u64) -> Result<u64, WriteError> {
    host::put(key, value, Some(version), None).map_err(error)
}

/// Adds to a number, which is 0 if the key is not there; the sum.
///
/// # Errors
///
/// The key holds something else, or there is no room.
pub fn increment(key: &str, by: i64) -> Result<i64, WriteError> {
    host::increment(key, by, None).map_err(error)
}

/// The same; a key that is made by it is gone after a while, however often it is added to: a window to count in.
///
/// # Errors
///
/// The key holds something else, or there is no room.
pub fn increment_for(key: &str, by: i64, time: Duration) -> Result<i64, WriteError> {
    host::increment(key, by, Some(millis(time))).map_err(error)
}

/// Removes a key; whether it was there.
pub fn delete(key: &str) -> bool {
    host::delete(key)
}

/// Keys that begin with a prefix and come after another one, in order; at most 1,000.
pub fn keys(prefix: &str, after: &str, limit: u32) -> Vec<String> {
    host::keys(prefix, after, limit)
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn own(entry: host::Entry) -> Entry {
    Entry { value: entry.value, version: entry.version }
}

fn error(error: host::WriteError) -> WriteError {
    match error {
        host::WriteError::Stale(entry) => WriteError::Stale(entry.map(own)),
        host::WriteError::Quota => WriteError::Quota,
        host::WriteError::Other(reason) => WriteError::Other(reason),
    }
}

/// The host of native tests.
#[cfg(not(target_arch = "wasm32"))]
mod host {
    use std::cell::RefCell;
    use std::collections::BTreeMap;

    pub(super) use crate::bindings::imports::tidemill::plugin::state::{Entry, WriteError};

    thread_local! {
        static KEYS: RefCell<(u64, BTreeMap<String, Entry>)> = const { RefCell::new((0, BTreeMap::new())) };
    }

    pub(super) fn get_many(keys: &[String]) -> Vec<Option<Entry>> {
        KEYS.with_borrow(|(_, kept)| keys.iter().map(|key| kept.get(key).cloned()).collect())
    }

    pub(super) fn put(key: &str, value: &[u8], version: Option<u64>, _: Option<u64>) -> Result<u64, WriteError> {
        KEYS.with_borrow_mut(|(last, kept)| {
            let current = kept.get(key);
            if version.is_some_and(|wanted| wanted != current.map_or(0, |entry| entry.version)) {
                return Err(WriteError::Stale(current.cloned()));
            }
            *last += 1;
            kept.insert(key.to_owned(), Entry { value: value.to_vec(), version: *last });
            Ok(*last)
        })
    }

    pub(super) fn increment(key: &str, by: i64, ttl: Option<u64>) -> Result<i64, WriteError> {
        let before = match get_many(&[key.to_owned()]).pop().flatten() {
            None => 0,
            Some(entry) => <[u8; 8]>::try_from(entry.value)
                .map(i64::from_le_bytes)
                .map_err(|_| WriteError::Other("its value is no number, which has eight bytes".into()))?,
        };
        let sum = before.saturating_add(by);
        put(key, &sum.to_le_bytes(), None, ttl).map(|_| sum)
    }

    pub(super) fn delete(key: &str) -> bool {
        KEYS.with_borrow_mut(|(_, kept)| kept.remove(key).is_some())
    }

    pub(super) fn keys(prefix: &str, after: &str, limit: u32) -> Vec<String> {
        KEYS.with_borrow(|(_, kept)| {
            let all = kept.keys().filter(|key| key.starts_with(prefix) && key.as_str() > after);
            all.take(limit as usize).cloned().collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_kept_and_compared() {
        let first = put("a/1", b"x").unwrap();
        assert_eq!(put_if("a/1", b"y", 0), Err(WriteError::Stale(get("a/1"))));
        assert!(put_if("a/1", b"y", first).unwrap() > first);
        assert_eq!((increment("a/2", 3).unwrap(), increment("a/2", -1).unwrap()), (3, 2));
        assert!(matches!(increment("a/1", 1), Err(WriteError::Other(_))));
        assert_eq!((keys("a/", "", 10), keys("a/", "a/1", 10)), (vec!["a/1".into(), "a/2".into()], vec!["a/2".into()]));
        assert_eq!((delete("a/1"), delete("a/1"), get("a/1")), (true, false, None));
    }
}
