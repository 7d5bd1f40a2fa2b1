//! The order of a whole run: repetitions over cases over hubs, one hub at a time, each on a fresh port. Collects one
//! record per run. Must not know what a hub is or how a table looks.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde::Serialize;

use crate::cases::{Case, Kind};
use crate::cpu;
use crate::hub::{Hub, Setup};
use crate::load::{self, IdleOutcome, LoadSpec, Outcome};

/// How long a hub rests between being ready and its first connection.
pub(crate) const REST: Duration = Duration::from_millis(300);

/// Files that a process opens besides its connections.
const OTHER_FILES: u64 = 200;

/// What to run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The cases.
    pub cases: Vec<Case>,
    /// The hubs.
    pub hubs: Vec<Hub>,
    /// How often everything is measured.
    pub repetitions: usize,
    /// A file with real deliveries, one event per line.
    pub deliveries: PathBuf,
    /// A file that gets one JSON line per run.
    pub json: Option<PathBuf>,
}

/// One run of one case on one hub.
#[derive(Debug, Clone, Serialize)]
pub struct Record {
    /// Which hub.
    pub hub: Hub,
    /// Which case, by name.
    pub case: &'static str,
    /// Which repetition, from 0.
    pub repetition: usize,
    /// What came of it.
    #[serde(flatten)]
    pub figures: Figures,
}

/// What came of a run.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Figures {
    /// Events were published.
    Load(Box<Outcome>),
    /// Connections were held.
    Idle(IdleOutcome),
    /// The hub could not be measured.
    Failed(String),
}

/// Runs a plan; every run's record, in order. What goes wrong is said on standard error and noted in the record.
///
/// # Errors
///
/// When records cannot be written, or another bench holds the lock and cannot be waited for.
pub fn run(plan: &Plan, setup: &Setup) -> Result<Vec<Record>> {
    let _lock = only_one()?;
    if let Some(cores) = &setup.cores {
        cpu::pin(&cores.generator)?;
    }
    let mut hubs = plan.hubs.clone();
    hubs.retain(|hub| {
        let obstacle = hub.obstacle(setup);
        if let Some(obstacle) = &obstacle {
            say(&format!("without {}: {obstacle}", hub.name()));
        }
        obstacle.is_none()
    });
    let mut records = Vec::new();
    for repetition in 0..plan.repetitions {
        for case in &plan.cases {
            for hub in turns(&hubs, repetition) {
                if !hub.can(case) {
                    continue;
                }
                let figures =
                    measure(plan, setup, hub, case).unwrap_or_else(|error| Figures::Failed(format!("{error:#}")));
                let record = Record { hub, case: case.name, repetition, figures };
                say(&record.summary());
                append(plan.json.as_deref(), &record)?;
                records.push(record);
            }
        }
    }
    Ok(records)
}

fn measure(plan: &Plan, setup: &Setup, hub: Hub, case: &Case) -> Result<Figures> {
    let payload = case.payload(&plan.deliveries)?;
    let running = hub.start(setup, setup.chain.unwrap_or(case.chain))?;
    thread::sleep(REST);
    let spec = LoadSpec {
        subscribers: connections(setup, case.subscribers),
        pace: case.pace,
        duration: case.duration,
        read_rest: case.read_rest,
        ..running.load(&payload, case.batch)?
    };
    Ok(match case.kind {
        Kind::Idle => Figures::Idle(load::hold(&spec)?),
        Kind::FanOut | Kind::Ingest | Kind::Latency => Figures::Load(Box::new(load::publish(&spec)?)),
    })
}

/// The same things, each repetition beginning with another, so that none always runs first.
pub(crate) fn turns<T: Clone>(things: &[T], repetition: usize) -> Vec<T> {
    let mut turns = things.to_vec();
    turns.rotate_left(repetition % things.len().max(1));
    turns
}

/// So many connections, or as many as the system allows.
pub(crate) fn connections(setup: &Setup, wanted: usize) -> usize {
    wanted.min(setup.open_files.saturating_sub(OTHER_FILES) as usize)
}

/// Holds off other benches on this machine: two at once would measure each other.
pub(crate) fn only_one() -> Result<File> {
    let path = std::env::temp_dir().join("tidemill-bench.lock");
    let file = File::create(&path).with_context(|| format!("opening {}", path.display()))?;
    if file.try_lock().is_err() {
        say("waiting for another bench on this machine to end");
        file.lock()?;
    }
    Ok(file)
}

/// Appends a record as a line of JSON, if there is a file for that.
pub(crate) fn append(json: Option<&Path>, record: &impl Serialize) -> Result<()> {
    let Some(path) = json else {
        return Ok(());
    };
    let mut file = File::options().create(true).append(true).open(path)?;
    writeln!(file, "{}", serde_json::to_string(record)?).with_context(|| format!("writing {}", path.display()))
}

/// Progress goes to standard error, so that the report can be redirected.
pub(crate) fn say(text: &str) {
    writeln!(std::io::stderr(), "{text}").ok();
}

impl Record {
    /// The run in a line.
    fn summary(&self) -> String {
        format!("#{} {} {}: {}", self.repetition + 1, self.case, self.hub.name(), self.figures.summary())
    }
}

impl Figures {
    /// What came of it in a line, with everything that was wrong.
    pub(crate) fn summary(&self) -> String {
        match self {
            Self::Failed(error) => format!("FAILED: {error}"),
            Self::Idle(idle) => format!(
                "{} connected, {:.0} B each{}",
                idle.connected,
                idle.resident_bytes_per_connection,
                if idle.failed > 0 { format!(", {} refused", idle.failed) } else { String::new() }
            ),
            Self::Load(load) => {
                let figures = format!(
                    "{:.0} published/s, {:.0} delivered/s, p50 {:.2} ms, server {:.2} cores",
                    load.published_per_s, load.delivered_per_s, load.latency_ms.p50, load.server_cores
                );
                [vec![figures], load.faults()].concat().join(", ")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_repetition_begins_with_another() {
        assert_eq!((turns(&[1, 2, 3], 1), turns(&[1, 2], 2)), (vec![2, 3, 1], vec![1, 2]));
    }
}
