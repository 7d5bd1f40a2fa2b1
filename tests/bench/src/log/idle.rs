//! The case `idle`: memory of the server for each subscriber that gets nothing.

use std::time::Duration;

use anyhow::Result;

use super::host::{Store, Subscribe, start};
use super::{Bench, Sheet, Unit};
use crate::load::{self, IdleOutcome, LoadSpec};
use crate::payload::Payload;
use crate::runner::{connections, turns};

const HELD: Duration = Duration::from_secs(3);

pub(super) fn measure(bench: &Bench, repetition: usize, sheet: &mut Sheet) -> Result<()> {
    let subscribers = connections(&bench.setup, bench.sizes.idle);
    let (mut disk, mut memory) = (IdleOutcome::default(), IdleOutcome::default());
    for store in turns(&[Store::Fsync, Store::Memory], repetition) {
        let host = start(bench, store, Subscribe::default())?;
        let outcome = load::hold(&LoadSpec { subscribers, duration: HELD, ..host.load(&Payload::ping(0), 1)? })?;
        if outcome.failed + outcome.disconnected > 0 {
            sheet.fault(&format!("{} refused, {} disconnected", outcome.failed, outcome.disconnected));
        }
        match store {
            Store::Fsync => disk = outcome,
            Store::Memory => memory = outcome,
        }
    }
    let (each, peer) = (disk.resident_bytes_per_connection, memory.resident_bytes_per_connection);
    sheet.add(&format!("disk: memory for each of {subscribers}"), Unit::Bytes, each);
    sheet.add("disk: memory in all", Unit::Megabytes, disk.resident_bytes as f64 / 1e6);
    sheet.add("disk: server while nothing happens", Unit::Cores, disk.idle_cores);
    sheet.add(&format!("memory: memory for each of {subscribers}"), Unit::Bytes, peer);
    sheet.add("disk ÷ memory, for each", Unit::Times, each / peer);
    Ok(())
}
