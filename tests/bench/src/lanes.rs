//! The two ways in which the host carries subscribers, compared with each other, with the floor and with other hubs:
//! the cases of `tidemill-bench lanes`. `auto` is the light lane, a reactor that owns the sockets; with `hyper`
//! everything goes through axum and hyper.
//!
//! Reading order: [`cases`] (what is measured), [`who`] (who is compared), [`load`] (what subscribers do), [`access`] (who
//! they are), [`run`] (in
//! which order), [`column`] (what is read off and compared). The generator reads with a thread on each of its cores.

pub mod access;
pub mod cases;
pub mod column;
pub mod load;
pub mod who;

use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use anyhow::Result;
use serde::Serialize;

use crate::cpu::{self, Cores};
use crate::hub::Setup;
use crate::load::{Crowd, LoadSpec, Manner, hold, publish};
use crate::payload::Payload;
use crate::runner::{Figures, REST, append, connections, only_one, say, turns};

use cases::Case;
use load::{Deed, Filters, Load};
use who::Who;

/// Connections that are held already when memory is read for the first time: what is set up once is no cost of each, and
/// what the server had free is used up by these.
const FIRST: usize = 8_000;

/// How long memory rests before it is read for the first time: allocators give back what starting took.
const MEMORY_REST: Duration = Duration::from_secs(3);

/// What to run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The cases.
    pub cases: Vec<Case>,
    /// Whom to measure, of those that a case compares.
    pub hubs: Vec<Who>,
    /// How often everything is measured.
    pub repetitions: usize,
    /// A file that gets one JSON line per run.
    pub json: Option<PathBuf>,
}

/// One run of one hub under one load.
#[derive(Debug, Clone, Serialize)]
pub struct Record {
    /// Which case, by name.
    pub case: &'static str,
    /// Who.
    pub who: Who,
    /// Which of the case's loads, by name.
    pub load: &'static str,
    /// Which repetition, from 0.
    pub repetition: usize,
    /// What came of it.
    #[serde(flatten)]
    pub figures: Figures,
}

/// Runs a plan; every run's record, in order. What goes wrong is said on standard error and noted in the record.
///
/// # Errors
///
/// When records cannot be written, or another bench holds the lock and cannot be waited for.
pub fn run(plan: &Plan, setup: &Setup) -> Result<Vec<Record>> {
    let _lock = only_one()?;
    let allowed = cpu::allowed();
    let mut hubs = plan.hubs.clone();
    hubs.retain(|who| {
        let obstacle = who.obstacle(setup);
        if let Some(obstacle) = &obstacle {
            say(&format!("without {}: {obstacle}", who.name()));
        }
        obstacle.is_none()
    });
    let mut records = Vec::new();
    for repetition in 0..plan.repetitions {
        for case in &plan.cases {
            let measured = case.hubs.iter().filter(|who| hubs.contains(who));
            let rows: Vec<_> = measured.flat_map(|who| case.loads.iter().map(|load| (*who, load))).collect();
            for (who, load) in turns(&rows, repetition) {
                let figures = measure(who, load, cores(&allowed, case, load), setup)
                    .unwrap_or_else(|error| Figures::Failed(format!("{error:#}")));
                let name = [case.name, who.name(), load.name].join(" ");
                say(&format!("#{} {}: {}", repetition + 1, name.trim_end(), figures.summary()));
                let record = Record { case: case.name, who, load: load.name, repetition, figures };
                append(plan.json.as_deref(), &record)?;
                records.push(record);
            }
        }
    }
    Ok(records)
}

fn measure(who: Who, load: &Load, cores: Option<Cores>, setup: &Setup) -> Result<Figures> {
    let generator = cores.as_ref().map_or(&[][..], |cores| &cores.generator);
    cpu::pin(generator)?;
    let readers = generator.len().max(1);
    let hub = who.start(&Setup { cores, tls: load.tls, ..setup.clone() }, load.access)?;
    thread::sleep(REST);
    let filters = if who.knows_filters() { load.filters } else { Filters::None };
    let spec = LoadSpec {
        subscriptions: load.access.subscriptions(filters.subscriptions(hub.subscribe_path)),
        subscribers: connections(setup, load.subscribers),
        readers,
        publishers: load.publishers,
        duration: load.duration,
        read_rest: load.read_rest,
        ..hub.load(&Payload::ping(load.bytes), 1)?
    };
    let spec = LoadSpec { publish: load.access.publish(spec.publish)?, ..spec };
    let crowd =
        |count, manner| Crowd::connect(spec.address, spec.secure.as_ref(), hub.subscribe_path, &[(count, manner)]);
    Ok(match load.deed {
        Deed::Hold => {
            let _first = crowd(connections(setup, FIRST + load.subscribers) - spec.subscribers, Manner::Reads)?;
            thread::sleep(MEMORY_REST);
            Figures::Idle(hold(&spec)?)
        }
        Deed::Publish(pace) => {
            let _stuck = crowd(load.stuck, Manner::Stops)?;
            Figures::Load(Box::new(publish(&LoadSpec { pace, ..spec })?))
        }
    })
}

/// Which of these cores are whose in one load: the generator has the same ones in all loads of a case.
fn cores(allowed: &[usize], case: &Case, load: &Load) -> Option<Cores> {
    let mut cores = Cores::split(allowed, case.server_cores())?;
    cores.server.truncate(load.server_cores);
    Some(cores)
}
