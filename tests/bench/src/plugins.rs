//! What a plugin costs: the cases of `tidemill-bench plugins`. The host's plugin crate is called in this process, with
//! its limits on, and native code does the same work on the same events in the same run.
//!
//! Reading order: [`cases`] (what is measured and which bars there are), [`run`] (in which order), [`stopwatch`] (how
//! time is taken), [`guests`] (how plugins are loaded), [`sample`] (what events are like); then the cases: [`calls`],
//! [`chain`], [`crowd`], [`loading`]; and [`peers`] (who else is measured).

mod calls;
pub mod cases;
mod chain;
mod crowd;
mod guests;
mod loading;
mod peers;
mod sample;
mod stopwatch;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use serde::Serialize;

use crate::cpu;
use crate::runner::{append, only_one, say};
use crate::unit::Unit;

use cases::Case;

/// What to run, and with what.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The cases.
    pub cases: Vec<Case>,
    /// How often everything is measured.
    pub repetitions: usize,
    /// How long one measurement takes.
    pub time: Duration,
    /// The core to measure on; none leaves it to the system.
    pub core: Option<usize>,
    /// The directory with the bench's own guests.
    pub guests: PathBuf,
    /// The directory with the ready-made plugins.
    pub plugins: PathBuf,
    /// Real deliveries, one event per line.
    pub deliveries: PathBuf,
    /// The program that measures others, if they are wanted.
    pub peers: Option<PathBuf>,
    /// A file that gets one JSON line per figure.
    pub json: Option<PathBuf>,
}

/// One figure of one repetition.
#[derive(Debug, Clone, Serialize)]
pub struct Record {
    /// Which case.
    pub case: Case,
    /// Which repetition, from 0.
    pub repetition: usize,
    /// Under which load, in words.
    pub load: String,
    /// Who, or what of it.
    pub who: String,
    /// What is counted.
    pub unit: Unit,
    /// How much.
    pub value: f64,
    /// The same in time of the processor, where that is another thing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<f64>,
}

/// Everything that came of a run.
#[derive(Debug, Default)]
pub struct Outcome {
    /// All figures, in the order in which they were measured.
    pub records: Vec<Record>,
    /// Cases that could not be measured, and why.
    pub failed: Vec<(Case, String)>,
    /// Cores that everything else on this machine kept busy.
    pub other_cores: f64,
}

/// Takes the figures of one repetition of one case.
struct Sheet<'a> {
    case: Case,
    repetition: usize,
    records: &'a mut Vec<Record>,
}

impl Sheet<'_> {
    fn add(&mut self, load: &str, who: &str, unit: Unit, value: f64, cpu: Option<f64>) {
        let (load, who) = (load.to_owned(), who.to_owned());
        self.records.push(Record { case: self.case, repetition: self.repetition, load, who, unit, value, cpu });
    }
}

/// A case that is set up: everything is loaded and warm.
trait Ready {
    /// Measures everything once.
    fn measure(&mut self, time: Duration, sheet: &mut Sheet<'_>) -> Result<()>;
}

/// Runs a plan. What goes wrong is said on standard error and noted.
///
/// # Errors
///
/// When figures cannot be written, or another bench holds the lock and cannot be waited for.
pub fn run(plan: &Plan) -> Result<Outcome> {
    let _lock = only_one()?;
    let mut outcome = Outcome::default();
    let (busy, own, began) = (cpu::busy_s(), crate::clock::own_cpu(), std::time::Instant::now());
    let cores = cpu::allowed();
    for case in &plan.cases {
        if let Err(error) = measure(*case, plan, &cores, &mut outcome.records) {
            say(&format!("{}: FAILED: {error:#}", case.name()));
            outcome.failed.push((*case, format!("{error:#}")));
        }
    }
    for record in &outcome.records {
        append(plan.json.as_deref(), record)?;
    }
    let others = cpu::busy_s() - busy - (crate::clock::own_cpu() - own).as_secs_f64();
    outcome.other_cores = (others / began.elapsed().as_secs_f64()).max(0.0);
    Ok(outcome)
}

fn measure(case: Case, plan: &Plan, cores: &[usize], records: &mut Vec<Record>) -> Result<()> {
    say(&format!("{}: loading", case.name()));
    // The engine's clock and the pipeline's worker are threads of their own, which this thread must not stand in the way
    // of: it keeps to its core only once they are there.
    cpu::pin(cores)?;
    let mut ready = case.prepare(plan)?;
    if let Some(core) = plan.core {
        cpu::pin(&[core])?;
    }
    for repetition in 0..plan.repetitions {
        say(&format!("{} #{}", case.name(), repetition + 1));
        ready.measure(plan.time, &mut Sheet { case, repetition, records })?;
    }
    Ok(())
}
