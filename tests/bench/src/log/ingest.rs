//! The cases `ingest-batch` and `ingest-single`: acknowledged events per second, against the memory store and against
//! the bare SQLite writer.

use anyhow::Result;

use super::host::{EVENT_BYTES, Store, Subscribe, start};
use super::{Bar, Bench, Sheet, Unit, sqlite};
use crate::load::{self, LoadSpec};
use crate::payload::Payload;
use crate::runner::turns;

/// How events arrive, and what is asked of the host.
#[derive(Debug)]
pub(super) struct Ingest {
    connections: usize,
    batch: usize,
    /// Rows in one commit of the bare writer: what the host could commit at a time.
    groups: &'static [u64],
    per_second: f64,
    /// At least so much of the bare writer with the last of these groups.
    of_bare: Option<f64>,
}

/// Batches: one request at a time, or one of each connection, in a commit.
pub(super) const BATCHES: Ingest =
    Ingest { connections: 8, batch: 100, groups: &[100, 800], per_second: 100_000.0, of_bare: Some(0.5) };

/// Single events: at most one of each connection in a commit.
pub(super) const SINGLE: Ingest =
    Ingest { connections: 64, batch: 1, groups: &[64], per_second: 20_000.0, of_bare: None };

#[derive(Debug, Clone, Copy)]
enum Writer {
    Host(Store),
    Bare(u64),
}

pub(super) fn measure(ingest: &Ingest, bench: &Bench, repetition: usize, sheet: &mut Sheet) -> Result<()> {
    let mut writers = vec![Writer::Host(Store::Fsync), Writer::Host(Store::Memory)];
    writers.extend(ingest.groups.iter().map(|group| Writer::Bare(*group)));
    let (mut fsync, mut memory, mut bare) = (None, None, Vec::new());
    for writer in turns(&writers, repetition) {
        match writer {
            Writer::Host(Store::Fsync) => fsync = Some(publish(ingest, bench, Store::Fsync)?),
            Writer::Host(Store::Memory) => memory = Some(publish(ingest, bench, Store::Memory)?),
            Writer::Bare(group) => {
                let cores = bench.setup.cores.as_ref().map_or(&[][..], |cores| &cores.server);
                bare.push((group, sqlite::rows_per_s(cores, group, EVENT_BYTES, bench.sizes.ingest)?));
            }
        }
    }
    bare.sort_unstable_by_key(|(group, _)| *group);
    let (fsync, memory) = (fsync.unwrap_or_default(), memory.unwrap_or_default());
    sheet.check("fsync", &fsync);
    sheet.check("memory", &memory);

    let rate = fsync.published_per_s;
    sheet.judge("fsync: acknowledged", Unit::PerSecond, rate, Bar::AtLeast(ingest.per_second));
    sheet.add("fsync: request to answer, p50", Unit::Milliseconds, fsync.answer_ms.p50);
    sheet.add("fsync: request to answer, p99", Unit::Milliseconds, fsync.answer_ms.p99);
    sheet.add("fsync: server", Unit::Cores, fsync.server_cores);
    sheet.add("fsync: generator, whose limit is near 1", Unit::Cores, fsync.generator_cores);
    sheet.add("memory: acknowledged", Unit::PerSecond, memory.published_per_s);
    sheet.add("fsync ÷ memory", Unit::Times, rate / memory.published_per_s);
    for (group, rows) in &bare {
        sheet.add(&format!("bare SQLite, {group} rows per commit"), Unit::PerSecond, *rows);
        let name = format!("fsync ÷ bare SQLite, {group} rows per commit");
        match ingest.of_bare.filter(|_| ingest.groups.last() == Some(group)) {
            Some(wanted) => sheet.judge(&name, Unit::Times, rate / rows, Bar::AtLeast(wanted)),
            None => sheet.add(&name, Unit::Times, rate / rows),
        }
    }
    Ok(())
}

fn publish(ingest: &Ingest, bench: &Bench, store: Store) -> Result<load::Outcome> {
    let host = start(bench, store, Subscribe::default())?;
    load::publish(&LoadSpec {
        publishers: ingest.connections,
        duration: bench.sizes.ingest,
        ..host.load(&Payload::ping_event(EVENT_BYTES)?, ingest.batch)?
    })
}
