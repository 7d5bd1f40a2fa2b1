//! One event through three plugins, as the pipeline's chain takes it: its type is looked up, each plugin is asked, what a
//! transform made becomes an event. And the whole way through a bus with its log in memory, which adds the way to the
//! worker's thread and back.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use tidemill_bus::{Bus, BusOptions, Outcome, Published};
use tidemill_event::Event;
use tidemill_log::{Log, MemoryLog, MemoryOptions, Retention, RetentionPolicy};
use tidemill_plugin::{Generation, Kind, Lane, Verdict};
use tokio::runtime::Runtime;

use crate::unit::Unit;

use super::cases;
use super::guests::Host;
use super::sample::Sample;
use super::{Plan, Ready, Sheet};

/// Settings that the ready-made filter cannot do without; everything of GitHub's passes.
const CEL: &str = "order = 20\n[config]\nexpression = \"type.startsWith('github.') && has(data.action)\"\n";

/// Three plugins and an event that passes them, twice over.
pub(super) struct Chain {
    ways: Vec<Way>,
}

struct Way {
    load: &'static str,
    event: Event,
    lane: Lane,
    bus: Line,
    host: Host,
}

/// A bus whose log is in memory, and a runtime to wait for it.
pub(super) struct Line {
    bus: Bus,
    runtime: Runtime,
}

/// Loads the plugins, and sees that the event passes them.
pub(super) fn prepare(plan: &Plan) -> Result<Chain> {
    let small = Host::start()?;
    for (order, guest) in ["keep_type", "find_field", "set_field"].into_iter().enumerate() {
        small.load(&plan.guests, guest, &format!("order = {order}"))?;
    }
    let large = Host::start()?;
    large.load(&plan.plugins, "github", "order = 10")?;
    large.load(&plan.plugins, "cel", CEL)?;
    large.load(&plan.plugins, "redact", "order = 30")?;
    // The first one of a sample is wanted.
    let event = Sample::named(&plan.deliveries, "1 KB")?.events[0].clone();
    let ways = vec![
        Way::new(cases::THREE, small, event)?,
        Way::new(cases::READY_MADE, large, Sample::real(&plan.deliveries)?)?,
    ];
    Ok(Chain { ways })
}

impl Way {
    fn new(load: &'static str, host: Host, event: Event) -> Result<Self> {
        let mut lane = host.lane();
        ensure!(pass(&mut lane, &host.plugins.current(), &event).is_some(), "the event does not pass {load}");
        let bus = Line::start(&host)?;
        bus.publish(vec![event.clone()])?;
        Ok(Self { load, event, lane, bus, host })
    }
}

impl Ready for Chain {
    fn measure(&mut self, time: Duration, sheet: &mut Sheet<'_>) -> Result<()> {
        for way in &mut self.ways {
            let mut lane = || {
                let generation = way.host.plugins.current();
                way.lane.enter(&generation);
                black_box(pass(&mut way.lane, &generation, &way.event));
                Ok(())
            };
            let [median, late] = quantiles(time, &mut lane)?;
            sheet.add(way.load, cases::MEDIAN, Unit::Microseconds, median, None);
            sheet.add(way.load, cases::LATE, Unit::Microseconds, late, None);
            let mut bus = || way.bus.publish(vec![way.event.clone()]);
            let [median, _] = quantiles(time, &mut bus)?;
            sheet.add(way.load, cases::BUS_MEDIAN, Unit::Microseconds, median, None);
        }
        Ok(())
    }
}

/// What is left of an event after all plugins that it meets, as in the chain of `tidemill-bus`.
fn pass(lane: &mut Lane, generation: &Generation, event: &Event) -> Option<Event> {
    let mut event = event.clone();
    let mut changed = false;
    if let Some(owner) = generation.owner(event.event_type()) {
        let verdict = lane.ask(owner, Kind::EventTypes, &[&event]).pop()?;
        apply(verdict, &mut event)?;
    }
    let mut stages: Vec<usize> = generation.stages_of(event.event_type()).collect();
    stages.sort_unstable();
    stages.dedup();
    for stage in stages {
        let stage = &generation.stages()[stage];
        let verdict = lane.ask(&stage.plugin, stage.kind, &[&event]).pop()?;
        changed |= matches!(verdict, Verdict::Emit(_));
        apply(verdict, &mut event)?;
    }
    if let Some(owner) = generation.owner(event.event_type()).filter(|_| changed) {
        let verdict = lane.ask(owner, Kind::EventTypes, &[&event]).pop()?;
        apply(verdict, &mut event)?;
    }
    Some(event)
}

/// Does as a plugin says; none if the event ends here.
fn apply(verdict: Verdict, event: &mut Event) -> Option<()> {
    match verdict {
        Verdict::Keep => {}
        Verdict::Emit(changes) => *event = changes.into_iter().next()?.apply(event, 0).ok()?,
        _ => return None,
    }
    Some(())
}

/// The median and the 99th percentile of what one piece of work takes, in microseconds.
fn quantiles(time: Duration, work: &mut dyn FnMut() -> Result<()>) -> Result<[f64; 2]> {
    let began = Instant::now();
    let mut taken: Vec<u128> = Vec::new();
    while began.elapsed() < time || taken.len() < 100 {
        let before = Instant::now();
        work()?;
        taken.push(before.elapsed().as_nanos());
    }
    taken.sort_unstable();
    Ok([50, 99].map(|percent| taken[taken.len() * percent / 100] as f64 / 1e3))
}

impl Line {
    /// Starts a bus over the plugins of a host. Its worker is a thread that no core was chosen for.
    pub(super) fn start(host: &Host) -> Result<Self> {
        let retention = RetentionPolicy {
            log: Retention { max_bytes: Some(32 << 20), ..Retention::default() },
            ..RetentionPolicy::default()
        };
        let log: Arc<dyn Log> = Arc::new(MemoryLog::new(MemoryOptions { retention, ..MemoryOptions::default() }));
        let options = BusOptions {
            workers: 1,
            queue_bytes: 16 << 20,
            queue_wait: Duration::from_secs(1),
            ring_bytes: 8 << 20,
            replay_rate: 0,
            stuck_after: Duration::from_secs(10),
        };
        let bus = Bus::start(&log, &host.plugins, options)?;
        Ok(Self { bus, runtime: tokio::runtime::Builder::new_current_thread().enable_all().build()? })
    }

    /// Publishes, and waits until all events are stored or dropped.
    pub(super) fn publish(&self, events: Vec<Event>) -> Result<()> {
        // Ids that the host made are not remembered: the same event comes again and again.
        let events =
            events.into_iter().map(|event| Published { event, id_given: false, hops: 0, trail: None }).collect();
        let outcomes = self.runtime.block_on(self.bus.publish(events))?;
        let wrong = |outcome: &&Outcome| !matches!(outcome, Outcome::Stored { .. } | Outcome::Dropped { .. });
        match outcomes.iter().find(wrong) {
            None => Ok(()),
            Some(outcome) => Err(anyhow::anyhow!("an event was not stored: {outcome:?}")),
        }
    }
}
