//! The host for these cases: no plugins, and exactly the settings of the log that a case is about.
//! Must not know what is measured.

use std::fmt::Write as _;
use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};

use super::Bench;
use crate::cases::Chain;
use crate::hub::{self, Running};
use crate::load::{self, LoadSpec, Outcome};
use crate::payload::Payload;
use crate::runner::REST;

/// The bytes of an event as it is published.
pub(super) const EVENT_BYTES: usize = 500;

/// Where a host keeps its log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Store {
    /// On disk; events are acknowledged once they would survive a power failure.
    Fsync,
    /// In memory.
    Memory,
}

/// Settings of `[subscribe]` beside the defaults.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Subscribe<'a> {
    pub(super) ring_max: Option<&'a str>,
    pub(super) replay_rate: Option<&'a str>,
}

/// Starts a host and lets it rest.
pub(super) fn start(bench: &Bench, store: Store, subscribe: Subscribe<'_>) -> Result<Running> {
    let host = hub::host(&bench.setup, Chain::None, &configuration(store, subscribe))?;
    thread::sleep(REST);
    Ok(host)
}

/// Fills the log with so many events, numbered from 0.
pub(super) fn fill(host: &Running, events: u64) -> Result<Outcome> {
    let payload = Payload::ping_event(EVENT_BYTES)?;
    let spec = LoadSpec { events, duration: Duration::from_secs(300), warmup_requests: 0, ..host.load(&payload, 100)? };
    let filled = load::publish(&spec)?;
    ensure!(filled.acknowledged == events, "the log could not be filled: {}", filled.faults().join(", "));
    Ok(filled)
}

/// Retention is out of the way: neither the bare writer nor the memory store would pay for it alike.
fn configuration(store: Store, subscribe: Subscribe<'_>) -> String {
    let store = match store {
        Store::Fsync => "store = \"disk\"\ndurability = \"fsync\"",
        Store::Memory => "store = \"memory\"",
    };
    let mut text = format!("[log]\n{store}\nmax-bytes = \"64GiB\"\nmax-events = 1000000000\n\n[subscribe]\n");
    for (key, value) in [("ring-max", subscribe.ring_max), ("replay-rate", subscribe.replay_rate)] {
        if let Some(value) = value {
            // Writing to a string cannot fail.
            writeln!(text, "{key} = \"{value}\"").ok();
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configurations_say_only_what_is_asked_for() {
        let memory = configuration(Store::Memory, Subscribe::default());
        assert!(memory.contains("store = \"memory\"") && !memory.contains("durability"), "{memory}");
        assert!(memory.ends_with("[subscribe]\n"), "{memory}");
        let disk = configuration(Store::Fsync, Subscribe { ring_max: Some("1MiB"), replay_rate: None });
        assert!(disk.contains("durability = \"fsync\"") && disk.ends_with("\nring-max = \"1MiB\"\n"), "{disk}");
    }
}
