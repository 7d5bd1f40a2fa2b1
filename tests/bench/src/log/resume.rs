//! The case `resume`: one subscriber resumes at several places of logs of several sizes. Getting the first event should
//! cost the same wherever it is; reading on should go at one speed.

use std::thread;
use std::time::Duration;

use anyhow::Result;

use super::host::{Store, Subscribe, fill, start};
use super::{Bar, Bench, Sheet, Unit};
use crate::hub::{Position, Running};
use crate::load::{self, LoadSpec, ReplayOutcome, Subscription};
use crate::payload::Payload;
use crate::report::{count, median};

/// Where it resumes, in percent of the log.
const PLACES: [u64; 4] = [0, 25, 50, 90];

/// It stops reading after so many events.
const READ_MAX: u64 = 200_000;

/// Fewer events say more about the start than about the speed.
const SPEED_MIN: u64 = 50_000;

/// Resumptions whose median is the time to the first event.
const STARTS: usize = 5;

/// Without bound, so that it is the log that is measured.
const REPLAY_RATE: &str = "0B";

const FIRST_EVENT_MS: f64 = 10.0;
const PER_SECOND: f64 = 200_000.0;

/// What resuming at one place came to.
struct Read {
    events: u64,
    first_ms: f64,
    per_s: f64,
}

pub(super) fn measure(bench: &Bench, sheet: &mut Sheet) -> Result<()> {
    let mut logs = Vec::new();
    for size in sizes(bench.sizes.events) {
        let replay_rate = Some(bench.replay_rate.as_deref().unwrap_or(REPLAY_RATE));
        let host = start(bench, Store::Fsync, Subscribe { ring_max: Some(&bench.ring_max), replay_rate })?;
        let filled = fill(&host, size)?;
        sheet.check("filling", &filled);
        let last = host.last_position()?;
        // What follows a burst of writes is not part of reading.
        thread::sleep(Duration::from_millis(500));
        let mut reads = Vec::new();
        for place in PLACES {
            let name = format!("{} events, from {place} %", count(size as f64));
            let read = resume(&host, last, size, place, &name, sheet)?;
            sheet.add(&format!("{name}: first event"), Unit::Milliseconds, read.first_ms);
            sheet.add(&format!("{name}: {} read", count(read.events as f64)), Unit::PerSecond, read.per_s);
            reads.push(read);
        }
        logs.push(reads);
    }
    summarize(&logs, sheet);
    Ok(())
}

/// The logs' sizes, whole batches each.
fn sizes(largest: u64) -> [u64; 3] {
    [largest / 100, largest / 10, largest].map(|events| events.next_multiple_of(100))
}

/// Resumes with `percent` of the events behind it.
fn resume(host: &Running, last: Position, size: u64, percent: u64, name: &str, sheet: &mut Sheet) -> Result<Read> {
    let skipped = size * percent / 100;
    let since = match skipped {
        0 => "earliest".to_owned(),
        _ => Position { sequence: last.sequence - size + skipped, ..last }.to_string(),
    };
    let spec = LoadSpec {
        subscriptions: vec![Subscription::to(format!("/events?since={since}"))],
        subscribers: 1,
        drain_quiet: Duration::from_secs(5),
        drain_limit: Duration::from_secs(60),
        ..host.load(&Payload::ping(0), 1)?
    };
    let mut read = |events| -> Result<ReplayOutcome> {
        let replay = load::replay(&spec, events)?;
        sheet.check_replay(name, &replay);
        Ok(replay)
    };
    let mut first_ms = Vec::new();
    for _ in 0..STARTS {
        first_ms.push(read(1)?.first_event_ms);
    }
    let events = READ_MAX.min(size - skipped);
    Ok(Read { events, first_ms: median(first_ms), per_s: read(events)?.delivered_per_s })
}

fn summarize(logs: &[Vec<Read>], sheet: &mut Sheet) {
    let all = || logs.iter().flatten();
    let latest = all().map(|read| read.first_ms).fold(0.0, f64::max);
    sheet.judge("the latest first event of all", Unit::Milliseconds, latest, Bar::AtMost(FIRST_EVENT_MS));
    let slowest = all().filter(|read| read.events >= SPEED_MIN).map(|read| read.per_s).min_by(f64::total_cmp);
    if let Some(slowest) = slowest {
        let name = format!("the slowest reading of {} events or more", count(SPEED_MIN as f64));
        sheet.judge(&name, Unit::PerSecond, slowest, Bar::AtLeast(PER_SECOND));
    }
    if let [smallest, middle, largest] = logs {
        let first = |reads: &[Read]| median(reads.iter().map(|read| read.first_ms).collect());
        sheet.add("first event, largest log ÷ smallest: flat is 1", Unit::Times, first(largest) / first(smallest));
        let speed = |reads: &[Read]| reads.first().map_or(0.0, |read| read.per_s);
        sheet.add("reading from 0 %, largest log ÷ middle: linear is 1", Unit::Times, speed(largest) / speed(middle));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_reads_do_not_count_as_speed() {
        let read = |events, first_ms, per_s| Read { events, first_ms, per_s };
        let logs = [vec![read(1_000, 2.0, 9.0)], vec![read(60_000, 11.0, 50.0)], vec![read(200_000, 4.0, 100.0)]];
        let mut sheet = Sheet::default();
        summarize(&logs, &mut sheet);
        let values: Vec<_> = sheet.figures.iter().map(|figure| figure.value).collect();
        assert_eq!(values, [11.0, 50.0, 2.0, 2.0]);
        assert!(!sheet.figures[0].bar.unwrap().is_met(11.0) && sheet.figures[0].bar.unwrap().is_met(10.0));
    }

    #[test]
    fn logs_are_filled_with_whole_batches() {
        assert_eq!((sizes(1_000_000), sizes(12_345)), ([10_000, 100_000, 1_000_000], [200, 1_300, 12_400]));
    }
}
