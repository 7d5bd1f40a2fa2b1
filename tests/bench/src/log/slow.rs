//! The case `slow`: what subscribers that hardly read cost all others, and the server's memory.

use anyhow::Result;

use super::host::{Store, Subscribe, start};
use super::{Bar, Bench, Sheet, Unit};
use crate::load::{self, Crowd, LoadSpec, Manner, Outcome, Pace};
use crate::payload::Payload;
use crate::process::ProcessTree;
use crate::runner::turns;

/// How much later the others may get their events.
const TIMES: f64 = 1.2;

/// What the slow ones read in a second.
const TRICKLE: usize = 1_000;

const EVENT_BYTES: usize = 1_000;

/// How those beside the measured subscribers behave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Others {
    Good,
    Bad,
}

/// Of 20 subscribers, 16 are measured, 2 stop reading and 2 trickle.
pub(super) fn measure(bench: &Bench, repetition: usize, sheet: &mut Sheet) -> Result<()> {
    let all = bench.sizes.subscribers / 2;
    let (few, measured) = (all / 10, all * 8 / 10);
    let (mut good, mut bad) = ((Outcome::default(), 0.0), (Outcome::default(), 0.0));
    for others in turns(&[Others::Good, Others::Bad], repetition) {
        let host = start(bench, Store::Fsync, Subscribe::default())?;
        let before = ProcessTree::of(host.process()).usage().resident_bytes;
        let members = match others {
            Others::Good => vec![(2 * few, Manner::Reads)],
            Others::Bad => vec![(few, Manner::Stops), (few, Manner::Trickles(TRICKLE))],
        };
        let spec = LoadSpec {
            subscribers: measured,
            pace: Pace::Rate(100.0),
            duration: bench.sizes.slow,
            ..host.load(&Payload::ping_event(EVENT_BYTES)?, 1)?
        };
        let crowd = Crowd::connect(spec.address, None, host.subscribe_path, &members)?;
        let outcome = load::publish(&spec)?;
        let ended = crowd.leave();
        if others == Others::Good && ended > 0 {
            sheet.fault(&format!("{ended} subscribers that read were disconnected"));
        }
        let growth = outcome.server_peak_bytes.saturating_sub(before) as f64 / 1e6;
        match others {
            Others::Good => good = (outcome, growth),
            Others::Bad => bad = (outcome, growth),
        }
    }
    for (name, (outcome, growth)) in [("all read", &good), ("one in five does not", &bad)] {
        sheet.check(name, outcome);
        sheet.add(&format!("{name}: the others' p50"), Unit::Milliseconds, outcome.latency_ms.p50);
        sheet.add(&format!("{name}: the others' p99"), Unit::Milliseconds, outcome.latency_ms.p99);
        sheet.add(&format!("{name}: server memory grew by"), Unit::Megabytes, *growth);
    }
    let times = bad.0.latency_ms.p99 / good.0.latency_ms.p99;
    sheet.judge("p99, one in five does not ÷ all read", Unit::Times, times, Bar::AtMost(TIMES));
    sheet.add("memory growth, one in five does not ÷ all read", Unit::Times, bad.1 / good.1);
    Ok(())
}
