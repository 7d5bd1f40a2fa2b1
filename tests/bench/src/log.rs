//! What the log costs and what it gives: the cases of `tidemill-bench log`, each on the host with its log on disk and
//! compared with something of the same run: the host with its log in memory, the bare [SQLite writer](sqlite), a
//! smaller log, or the same load without what is being tested.
//!
//! Reading order: [`Case`] (what is measured), [`run`] (in which order), [`host`] (how it is started), [`sheet`] (what
//! comes of a run); then one file per case.

mod host;
mod idle;
mod ingest;
mod latency;
mod reconnect;
mod resume;
mod sheet;
mod slow;
mod sqlite;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::ValueEnum;
use serde::Serialize;

use crate::cpu;
use crate::hub::Setup;
use crate::runner::{append, only_one, say};
use crate::unit::{Bar, Unit};

pub use sheet::{Figure, Sheet};

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Case {
    /// Batches of 100 over 8 connections.
    IngestBatch,
    /// One event per request over 64 connections.
    IngestSingle,
    /// From publishing to delivery at a low rate.
    Latency,
    /// One subscriber reads old events.
    Resume,
    /// Everybody comes back at once.
    Reconnect,
    /// Some subscribers hardly read.
    Slow,
    /// Subscribers that get nothing.
    Idle,
}

/// How much of everything.
#[derive(Debug, Clone, Copy)]
pub struct Sizes {
    /// Events in the largest log; smaller ones, and what those who reconnect have missed, follow from it.
    pub events: u64,
    /// How long events are taken in.
    pub ingest: Duration,
    /// How long latencies are measured.
    pub live: Duration,
    /// How long slow subscribers are held.
    pub slow: Duration,
    /// Subscribers with events; the case of slow ones has half as many.
    pub subscribers: usize,
    /// Subscribers without events.
    pub idle: usize,
}

/// What all cases work with.
#[derive(Debug, Clone)]
pub struct Bench {
    /// Where programs are and on which cores they run.
    pub setup: Setup,
    /// How much of everything.
    pub sizes: Sizes,
    /// The host's `subscribe.ring-max` where old events are read, so small that they come from the log.
    pub ring_max: String,
    /// The host's `subscribe.replay-rate` where old events are read, instead of the case's own.
    pub replay_rate: Option<String>,
}

/// What to run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The cases.
    pub cases: Vec<Case>,
    /// How often everything is measured.
    pub repetitions: usize,
    /// A file that gets one JSON line per run.
    pub json: Option<PathBuf>,
}

/// One run of one case.
#[derive(Debug, Clone, Serialize)]
pub struct Record {
    /// Which case.
    pub case: Case,
    /// Which repetition, from 0.
    pub repetition: usize,
    /// What came of it.
    #[serde(flatten)]
    pub sheet: Sheet,
    /// Why nothing more came of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
}

impl Sizes {
    /// What a report is made of.
    #[must_use]
    pub fn full(events: u64) -> Self {
        let seconds = Duration::from_secs;
        Self { events, ingest: seconds(3), live: seconds(6), slow: seconds(20), subscribers: 1_000, idle: 10_000 }
    }

    /// Enough to see that everything works.
    #[must_use]
    pub fn quick() -> Self {
        let second = Duration::from_secs(1);
        Self { events: 100_000, ingest: second, live: second, slow: second, subscribers: 100, idle: 500 }
    }
}

/// Runs a plan; every run's record, in order. What goes wrong is said on standard error and noted in the record.
///
/// # Errors
///
/// When records cannot be written, or another bench holds the lock and cannot be waited for.
pub fn run(plan: &Plan, bench: &Bench) -> Result<Vec<Record>> {
    let _lock = only_one()?;
    if let Some(cores) = &bench.setup.cores {
        cpu::pin(&cores.generator)?;
    }
    let mut records = Vec::new();
    for repetition in 0..plan.repetitions {
        for case in &plan.cases {
            say(&format!("#{} {}", repetition + 1, case.name()));
            let mut sheet = Sheet::default();
            let failed = case.measure(bench, repetition, &mut sheet).err().map(|error| format!("{error:#}"));
            if let Some(error) = &failed {
                say(&format!("  FAILED: {error}"));
            }
            let record = Record { case: *case, repetition, sheet, failed };
            append(plan.json.as_deref(), &record)?;
            records.push(record);
        }
    }
    Ok(records)
}

impl Case {
    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::IngestBatch => "ingest-batch",
            Self::IngestSingle => "ingest-single",
            Self::Latency => "latency",
            Self::Resume => "resume",
            Self::Reconnect => "reconnect",
            Self::Slow => "slow",
            Self::Idle => "idle",
        }
    }

    fn measure(self, bench: &Bench, repetition: usize, sheet: &mut Sheet) -> Result<()> {
        match self {
            Self::IngestBatch => ingest::measure(&ingest::BATCHES, bench, repetition, sheet),
            Self::IngestSingle => ingest::measure(&ingest::SINGLE, bench, repetition, sheet),
            Self::Latency => latency::measure(bench, repetition, sheet),
            Self::Resume => resume::measure(bench, sheet),
            Self::Reconnect => reconnect::measure(bench, sheet),
            Self::Slow => slow::measure(bench, repetition, sheet),
            Self::Idle => idle::measure(bench, repetition, sheet),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_command_line() {
        for case in Case::value_variants() {
            assert_eq!(case.to_possible_value().unwrap().get_name(), case.name());
            assert_eq!(serde_json::to_value(case).unwrap(), case.name());
        }
    }
}
