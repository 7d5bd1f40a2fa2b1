//! The case `latency`: what a durable log adds to the way from a publisher to many subscribers, at a low rate.

use anyhow::Result;

use super::host::{Store, Subscribe, start};
use super::{Bar, Bench, Sheet, Unit};
use crate::load::{self, LoadSpec, Outcome, Pace};
use crate::payload::Payload;
use crate::runner::turns;

/// Milliseconds that the log may add at the 99th percentile.
const OVER_MEMORY_MS: f64 = 3.0;

pub(super) fn measure(bench: &Bench, repetition: usize, sheet: &mut Sheet) -> Result<()> {
    let (mut fsync, mut memory) = (Outcome::default(), Outcome::default());
    for store in turns(&[Store::Fsync, Store::Memory], repetition) {
        let host = start(bench, store, Subscribe::default())?;
        let outcome = load::publish(&LoadSpec {
            subscribers: bench.sizes.subscribers,
            pace: Pace::Rate(100.0),
            duration: bench.sizes.live,
            ..host.load(&Payload::ping(200), 1)?
        })?;
        match store {
            Store::Fsync => fsync = outcome,
            Store::Memory => memory = outcome,
        }
    }
    sheet.check("fsync", &fsync);
    sheet.check("memory", &memory);
    let (fsync, memory) = (fsync.latency_ms, memory.latency_ms);
    for (name, latency) in [("fsync", &fsync), ("memory", &memory)] {
        sheet.add(&format!("{name}: p50"), Unit::Milliseconds, latency.p50);
        sheet.add(&format!("{name}: p99"), Unit::Milliseconds, latency.p99);
    }
    sheet.add("fsync − memory, p50", Unit::Milliseconds, fsync.p50 - memory.p50);
    sheet.judge("fsync − memory, p99", Unit::Milliseconds, fsync.p99 - memory.p99, Bar::AtMost(OVER_MEMORY_MS));
    sheet.add("fsync ÷ memory, p99", Unit::Times, fsync.p99 / memory.p99);
    Ok(())
}
