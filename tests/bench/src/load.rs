//! The load generator: subscribers and publishers against one hub, and what came of it.
//!
//! One thread or several read the subscribers, each its share; the calling thread publishes. Every event carries a
//! marker with its sequence number and the time it was due; each subscriber keeps a bitmap of what it got, which is
//! compared with what the hub acknowledged. Must not know which hub it talks to.

mod connection;
mod crowd;
mod histogram;
mod marker;
mod outcome;
mod progress;
mod published;
mod publisher;
mod replay;
mod request;
mod response;
mod sequence_set;
mod spec;
mod sse;
mod stream;
mod subscribers;
mod tally;

use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};

use crate::clock::{nanos, now_ns, own_cpu};
use crate::cpu::busy_s;
use crate::process::{ProcessTree, Usage};

pub use crowd::{Crowd, Manner};
pub use marker::SLOT as MARKER;
pub use outcome::{IdleOutcome, Outcome};
pub use replay::ReplayOutcome;
pub use sequence_set::CAPACITY as OTHERS;
pub use spec::{LoadSpec, Pace, PublishSpec, Subscription};

use outcome::Measured;
use progress::{Phase, Progress};
use publisher::Publisher;
use subscribers::Received;

/// How long connections rest before anything is measured.
const SETTLE: Duration = Duration::from_millis(300);

/// Connects the subscribers, publishes, waits until everything has arrived (or nothing moves any more), and counts.
///
/// # Errors
///
/// When the address is not on loopback or the publish template has no place for the marker. What a hub does wrong is
/// never an error: it is counted.
pub fn publish(spec: &LoadSpec) -> Result<Outcome> {
    check(spec)?;
    let progress = Progress::new(spec.first + spec.warmup_requests * spec.publish.batch as u64)?;
    let mut publisher = Publisher::new(spec, &progress)?;
    let tree = spec.server.map(ProcessTree::of);
    let usage = || tree.as_ref().map(ProcessTree::usage).unwrap_or_default();
    let resident_before = usage().resident_bytes;
    tree.iter().for_each(ProcessTree::forget_peak);
    thread::scope(|scope| {
        let readers = Readers::start(scope, spec, &progress);
        let stop = progress.stop_when_dropped();
        connect_all(spec, &progress);
        progress.enter(Phase::Publish);
        let warm = publisher.warm_up()?;
        let (server_before, own_before, busy_before, start) = (usage(), own_cpu(), busy_s(), now_ns());
        let published = publisher.run(start)?;
        let sent = now_ns();
        let drained = drain(spec, &progress, published.acknowledged * spec.listeners());
        let measured = Measured {
            warm,
            drained,
            start,
            end: if spec.listeners() == 0 { sent } else { progress.last_delivery().max(start + 1) },
            server: usage().since(&server_before),
            resident_before,
            own_cpu: own_cpu().saturating_sub(own_before),
            busy_s: busy_s() - busy_before,
            wall: Duration::from_nanos(now_ns() - start),
        };
        drop(stop);
        let received = readers.join()?;
        Ok(Outcome::new(spec, &progress, &measured, &published, &received))
    })
}

/// Connects the subscribers and holds them without publishing anything.
///
/// # Errors
///
/// As [`publish`].
pub fn hold(spec: &LoadSpec) -> Result<IdleOutcome> {
    check(spec)?;
    let progress = Progress::new(0)?;
    let usage = || {
        let tree = spec.server.map(ProcessTree::of);
        tree.map(|tree| Usage { resident_bytes: tree.resident_bytes(), ..tree.usage() }).unwrap_or_default()
    };
    let before = usage();
    thread::scope(|scope| {
        let readers = Readers::start(scope, spec, &progress);
        let stop = progress.stop_when_dropped();
        let connecting = connect_all(spec, &progress);
        let (idle, start) = (usage(), now_ns());
        thread::sleep(spec.duration);
        let (after, end) = (usage(), now_ns());
        drop(stop);
        let received = readers.join()?;
        let held = Duration::from_nanos(end - start);
        Ok(IdleOutcome::new(&progress, connecting, held, [&before, &idle, &after], &received))
    })
}

/// Connects subscribers to a path that gives each of them so many events at once, numbered from 0, and counts until all
/// have them. What [`OTHERS`] publish meanwhile is not counted.
///
/// # Errors
///
/// As [`publish`].
pub fn replay(spec: &LoadSpec, events: u64) -> Result<ReplayOutcome> {
    check(spec)?;
    let progress = Progress::new(0)?;
    thread::scope(|scope| {
        let start = now_ns();
        let readers = Readers::start(scope, spec, &progress);
        let stop = progress.stop_when_dropped();
        let complete = drain(spec, &progress, events * spec.subscribers as u64);
        drop(stop);
        let received = readers.join()?;
        Ok(ReplayOutcome::new(start, complete, &progress, &received))
    })
}

/// Waits until every subscriber is connected or has failed; answers how long that took.
fn connect_all(spec: &LoadSpec, progress: &Progress) -> Duration {
    let begin = now_ns();
    while progress.settled() < spec.subscribers as u64 && now_ns() - begin < nanos(spec.connect_limit) {
        thread::sleep(Duration::from_millis(2));
    }
    let taken = Duration::from_nanos(now_ns() - begin);
    thread::sleep(SETTLE);
    taken
}

/// Waits until every delivery has arrived; false when nothing moved for a while before that.
fn drain(spec: &LoadSpec, progress: &Progress, expected: u64) -> bool {
    let limit = now_ns() + nanos(spec.drain_limit);
    let (mut seen, mut moved) = (progress.delivered(), now_ns());
    loop {
        let (delivered, now) = (progress.delivered(), now_ns());
        if delivered >= expected {
            return true;
        }
        if delivered != seen {
            (seen, moved) = (delivered, now);
        }
        if now - moved > nanos(spec.drain_quiet) || now > limit {
            return false;
        }
        thread::sleep(Duration::from_millis(1));
    }
}

fn check(spec: &LoadSpec) -> Result<()> {
    ensure!(spec.address.ip().is_loopback(), "{} is not a loopback address", spec.address);
    ensure!(!spec.subscriptions.is_empty() && spec.readers > 0, "a load needs a subscription and a reader");
    Ok(())
}

/// The threads that read, until the phase tells them to stop.
struct Readers<'scope>(Vec<thread::ScopedJoinHandle<'scope, Result<Received>>>);

impl<'scope> Readers<'scope> {
    fn start<'env>(scope: &'scope thread::Scope<'scope, 'env>, spec: &'env LoadSpec, progress: &'env Progress) -> Self {
        Self((0..spec.readers).map(|reader| scope.spawn(move || subscribers::run(spec, progress, reader))).collect())
    }

    /// What all of them got together.
    fn join(self) -> Result<Received> {
        let mut all = Received::default();
        for reader in self.0 {
            all.add_all(reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
        }
        Ok(all)
    }
}
