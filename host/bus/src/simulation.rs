//! A simulation under a seed: the log, the tail and cursors, without HTTP, threads or real time. Every seed is another
//! order of commits, reads, retention, crashes and polls; models beside them know what everybody has to get.
//!
//! `TIDEMILL_SIM_SEED=<n>` replays one seed and shows its steps; `TIDEMILL_SIM_ROUNDS=<n>` runs so many random ones.

mod client;
mod connection;
mod plan;
mod publishers;
mod rng;
mod sight;
mod step_log;
mod trace;
mod truth;
mod wish;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};

pub(crate) use step_log::StepLog;
use world::World;

/// Seeds that run every time.
const SEEDS: u64 = 60;

fn run(seed: u64, shown: bool) -> (u64, u64) {
    let outcome = catch_unwind(AssertUnwindSafe(|| World::run(seed, shown)));
    outcome.unwrap_or_else(|_| panic!("a run failed; `TIDEMILL_SIM_SEED={seed}` replays it"))
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

/// Invariant I3: whatever happens in which order, every subscriber gets what is stored, in order and once, or is told.
#[test]
fn i3_replay_joins_live_without_gap_or_duplicate_under_any_seed() {
    if let Some(seed) = number("TIDEMILL_SIM_SEED") {
        run(seed, true);
    } else if let Some(rounds) = number("TIDEMILL_SIM_ROUNDS") {
        let mut seeds = rng::Rng::new(std::process::id().into());
        let since = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
        let mix = since.as_nanos() as u64;
        for _ in 0..rounds {
            run(seeds.next() ^ mix, false);
        }
    } else {
        for seed in 1..=SEEDS {
            run(seed, false);
        }
    }
}

#[test]
fn a_seed_always_gives_the_same_run_and_another_one_another() {
    let runs: Vec<(u64, u64)> = [7, 8].into_iter().map(|seed| run(seed, false)).collect();
    assert_eq!(runs[0], run(7, false));
    assert_ne!(runs[0].0, runs[1].0);
}
