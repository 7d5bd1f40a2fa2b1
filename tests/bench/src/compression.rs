//! What compressed streams cost and save: `tidemill-bench compression`. The host sends real deliveries to subscribers in each
//! coding in turn ([`fan`]); and what it does, fragments that all share, is compared in this process with what it could
//! do, a compressor for each connection ([`codec`]).

mod codec;
mod fan;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use serde::Serialize;
use serde_json::Value;
use tidemill_bus::Coding;

use crate::hub::Setup;
use crate::runner::{append, only_one, say, turns};

/// Every coding, first the one that others are compared with.
const CODINGS: [Coding; 3] = [Coding::Identity, Coding::Gzip, Coding::Zstd];

/// What to run, and with what.
#[derive(Debug, Clone)]
pub struct Plan {
    /// How the host is started.
    pub setup: Setup,
    /// How often everything is measured.
    pub repetitions: usize,
    /// How many subscribers there are, one load after the other.
    pub subscribers: Vec<usize>,
    /// Deliveries in one load, of all subscribers together.
    pub deliveries_max: usize,
    /// Real deliveries, one event per line.
    pub deliveries: PathBuf,
    /// A file that gets one JSON line per figure.
    pub json: Option<PathBuf>,
}

/// What came of one load.
#[derive(Debug, Clone, Serialize)]
pub struct Record {
    /// Events in one request, or in one chunk.
    pub batch: usize,
    /// How many subscribers; none: the compressor alone.
    pub subscribers: Option<usize>,
    /// In which coding, and made how.
    pub who: String,
    /// Bytes for one event and subscriber.
    pub bytes: f64,
    /// Time of the processor, in microseconds, for one event and subscriber, or for one event in a compressor.
    pub cpu_us: f64,
    /// Memory for each connection, in bytes, where that was measured.
    pub memory: Option<f64>,
}

/// Runs a plan.
///
/// # Errors
///
/// When a load cannot be put on the host, a stream is not what it should be, or another bench runs.
pub fn run(plan: &Plan) -> Result<Vec<Record>> {
    let _lock = only_one()?;
    let events = events(&plan.deliveries)?;
    let memory = codec::memory(&events)?;
    let mut records = Vec::new();
    for repetition in 0..plan.repetitions {
        for batch in [1, 16] {
            say(&format!("compression: {batch} events at a time, run {}", repetition + 1));
            records.extend(codec::measure(&events, batch, memory)?);
            for subscribers in &plan.subscribers {
                for coding in turns(&CODINGS, repetition) {
                    records.push(fan::measure(plan, &events, batch, *subscribers, coding)?);
                }
            }
        }
    }
    records.iter().try_for_each(|record| append(plan.json.as_deref(), record))?;
    Ok(records)
}

/// Real events without what would make them known when they come again.
fn events(file: &Path) -> Result<Vec<Value>> {
    let text = fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
    let mut events = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let mut event: Value = serde_json::from_str(line)?;
        event.as_object_mut().context("an event is no object")?.remove("id");
        events.push(event);
    }
    ensure!(!events.is_empty(), "{} is empty", file.display());
    Ok(events)
}
