//! One pipeline worker's way into plugins: calls in batches on warm instances, and the search for the one event that a
//! plugin fails on (invariant I6).

mod view;

use std::sync::Arc;
use std::time::{Duration, Instant};

use hashbrown::HashMap;
use tidemill_event::{Change, Event};

use crate::batch::batch_len;
use crate::bindings::types::Batch;
use crate::bindings::webhook;
use crate::breaker::{Admission, Breaker};
use crate::instance::{CallError, Instance};
use crate::transaction::{Desk, Outlet, Transaction, Written, lock};
use crate::verdict::{Fault, FaultKind, Verdict};
use crate::warm::Instances;
use crate::{BreakerState, Delivery, Engine, Generation, Kind, Plugin, Received, Then};

/// Calls plugins from one thread. Instances are made when they are first needed and kept until their plugin version
/// leaves the generation, they fail, or they have served their time.
#[derive(Debug)]
pub struct Lane {
    instances: Instances,
    /// What the calls of the present turn write.
    desk: Desk,
    batch: Batch,
    generation: u64,
    hops: u8,
    waits: bool,
    /// When the last call ended, until somebody asks: reading the clock is dear beside a call with one event.
    ended: Option<Instant>,
    /// For whom a view is asked.
    class: String,
    /// Classes that a view failed on.
    failing: HashMap<String, Breaker>,
}

impl Lane {
    /// A lane without instances, whose plugins keep nothing and publish nothing.
    pub fn new(engine: Engine) -> Self {
        Self::make(engine, None)
    }

    /// A lane for events, whose plugins may write what they are granted.
    pub fn with_outlet(engine: Engine, outlet: Outlet) -> Self {
        Self::make(engine, Some(outlet))
    }

    fn make(engine: Engine, outlet: Option<Outlet>) -> Self {
        let waits = outlet.as_ref().is_some_and(|outlet| outlet.waits);
        let desk = Transaction::new(outlet);
        Self {
            instances: Instances::new(engine, Arc::clone(&desk)),
            desk,
            batch: Batch::empty(),
            generation: 0,
            hops: 0,
            waits,
            ended: None,
            class: String::new(),
            failing: HashMap::new(),
        }
    }

    /// Lets go of instances whose plugin is not in the generation, and so of their memory and code.
    pub fn enter(&mut self, generation: &Generation) {
        if self.generation != generation.number() {
            self.generation = generation.number();
            self.instances.retain(|plugin| generation.contains(plugin));
        }
    }

    /// Whether calls may wait long here.
    pub const fn waits(&self) -> bool {
        self.waits
    }

    /// Ends a turn: what plugins wrote in it.
    pub fn finish_turn(&mut self) -> Written {
        lock(&self.desk).finish()
    }

    /// Says of the events that are asked about next how often, at most, one was published on account of another.
    pub const fn set_hops(&mut self, hops: u8) {
        self.hops = hops;
    }

    /// Asks a plugin about events, in as many batches as needed; one verdict per event, in order.
    pub fn ask(&mut self, plugin: &Arc<Plugin>, kind: Kind, events: &[&Event]) -> Vec<Verdict> {
        let mut verdicts = Vec::with_capacity(events.len());
        let mut rest = events;
        while !rest.is_empty() {
            let (batch, after) = rest.split_at(batch_len(rest, plugin.batch_events_max()));
            // Nearly always; then no clock is read for it.
            let closed = plugin.breaker.is_closed();
            match if closed { Admission::Go } else { plugin.breaker.admit(Instant::now()) } {
                Admission::Out(time) => pass_over(plugin, kind, batch.len(), time, &mut verdicts),
                Admission::Go => self.watched(plugin, kind, batch, &mut verdicts),
                Admission::Probe => {
                    plugin.announce_breaker(BreakerState::HalfOpen);
                    self.watched(plugin, kind, batch, &mut verdicts);
                }
            }
            rest = after;
        }
        verdicts
    }

    /// How people see an event: `text` or `html`, see `event-types.render`.
    pub fn render(&mut self, plugin: &Arc<Plugin>, event: &Event, target: &str) -> Result<String, Fault> {
        let warm = self.instances.of(plugin)?;
        self.batch.pack(&[event], true);
        match warm.instance.render(&self.batch, target) {
            Ok(texts) => Ok(texts.into_iter().next().unwrap_or_default()),
            Err(error) => {
                self.instances.discard(plugin);
                Err(match error {
                    CallError::Fault(fault) => fault,
                    CallError::Retry(reason) => Fault::new(FaultKind::Broken, reason),
                })
            }
        }
    }

    /// What a delivery of another system means to a plugin.
    pub fn receive(&mut self, plugin: &Arc<Plugin>, delivery: Delivery) -> Result<Received, Fault> {
        match plugin.breaker.admit(Instant::now()) {
            Admission::Out(time) => {
                plugin.figures().note_passed_over(1);
                return Ok(Received::Refused { status: 503, detail: is_out(time) });
            }
            Admission::Go => {}
            Admission::Probe => plugin.announce_breaker(BreakerState::HalfOpen),
        }
        let delivery = delivery.into();
        let received = self.once_more(plugin, 1, |instance| instance.receive(&delivery));
        if let Err(fault) = &received {
            tracing::warn!(plugin = &**plugin.name(), kind = "webhook", "plugin failed: {fault}");
        }
        let verdict = match &received {
            Ok(Received::Events(drafts)) => Verdict::Emit(vec![Change::default(); drafts.len()]),
            Ok(Received::Refused { .. }) => Verdict::Reject(Vec::new()),
            Err(fault) => Verdict::Fault(fault.clone()),
        };
        plugin.figures().note_verdicts(&[verdict]);
        if let Some(state) = plugin.breaker.tell(Instant::now(), 1, usize::from(received.is_err())) {
            plugin.announce_breaker(state);
        }
        received
    }

    /// Calls, about so many events; once more on a fresh instance if it was not the first call of the one that failed:
    /// whoever came before may have been to blame.
    fn once_more<T>(
        &mut self,
        plugin: &Arc<Plugin>,
        events: usize,
        mut call: impl FnMut(&mut Instance) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        loop {
            let warm = self.instances.of(plugin)?;
            let was_fresh = warm.calls == 0;
            warm.calls += 1;
            let began = Instant::now();
            let answer = call(&mut warm.instance);
            plugin.figures().note_call(began.elapsed(), events);
            match &answer {
                Ok(_) => self.instances.recycle_if_due(plugin),
                Err(_) => self.instances.discard(plugin),
            }
            if answer.is_ok() || was_fresh {
                return answer;
            }
        }
    }

    /// Calls, and tells the breaker and the figures what came of it.
    fn watched(&mut self, plugin: &Arc<Plugin>, kind: Kind, events: &[&Event], verdicts: &mut Vec<Verdict>) {
        let before = verdicts.len();
        self.isolate(plugin, kind, events, verdicts);
        let given = &verdicts[before..];
        plugin.figures().note_verdicts(given);
        let failed = given.iter().filter(|verdict| matches!(verdict, Verdict::Fault(_))).count();
        let now = self.ended.take().unwrap_or_else(Instant::now);
        if let Some(state) = plugin.breaker.tell(now, events.len(), failed) {
            plugin.announce_breaker(state);
        }
    }

    /// Calls; on a failure halves the batch on fresh instances until the event at fault stands alone.
    fn isolate(&mut self, plugin: &Arc<Plugin>, kind: Kind, events: &[&Event], verdicts: &mut Vec<Verdict>) {
        let (answer, was_fresh) = self.call(plugin, kind, events);
        match answer {
            Ok(answers) => verdicts.extend(answers),
            Err(CallError::Retry(reason)) => verdicts.extend(events.iter().map(|_| Verdict::Later(reason.clone()))),
            // The plugin says itself that no event can be handled.
            Err(CallError::Fault(fault)) if fault.kind == FaultKind::Broken => {
                self.give_up(plugin, kind, events.len(), &fault, verdicts);
            }
            Err(CallError::Fault(fault)) if events.len() == 1 && was_fresh => {
                self.give_up(plugin, kind, 1, &fault, verdicts);
            }
            // It may be that others before it were to blame, who filled the memory for example.
            Err(CallError::Fault(_)) if events.len() == 1 => self.isolate(plugin, kind, events, verdicts),
            Err(CallError::Fault(_)) => {
                let (first, second) = events.split_at(events.len() / 2);
                self.isolate(plugin, kind, first, verdicts);
                self.isolate(plugin, kind, second, verdicts);
            }
        }
    }

    fn give_up(&self, plugin: &Plugin, kind: Kind, events: usize, fault: &Fault, verdicts: &mut Vec<Verdict>) {
        tracing::warn!(plugin = &**plugin.name(), kind = kind.name(), events, "plugin failed: {fault}");
        verdicts.extend((0..events).map(|_| Verdict::Fault(fault.clone())));
    }

    /// One call, and whether it was the first one of its instance.
    fn call(&mut self, plugin: &Arc<Plugin>, kind: Kind, events: &[&Event]) -> (Result<Vec<Verdict>, CallError>, bool) {
        let warm = match self.instances.of(plugin) {
            Ok(warm) => warm,
            Err(fault) => return (Err(CallError::Fault(fault)), true),
        };
        let was_fresh = warm.calls == 0;
        warm.calls += 1;
        self.batch.pack(events, plugin.needs_data || kind == Kind::EventTypes);
        let writes = plugin.writes();
        if writes {
            lock(&self.desk).begin_call(plugin, events.len(), self.hops);
        }
        let began = Instant::now();
        let answer = match kind {
            Kind::View => warm.instance.visible(&self.class, &self.batch, events.len()),
            kind => warm.instance.call(began, kind, &self.batch, events.len()),
        };
        let ended = Instant::now();
        self.ended = Some(ended);
        if writes {
            let published = lock(&self.desk).end_call(answer.is_ok());
            plugin.figures().note_published(published);
        }
        plugin.figures().note_call(ended - began, events.len());
        match answer {
            // Whatever failed inside left the whole store unusable.
            Err(CallError::Fault(_)) => self.instances.discard(plugin),
            _ => self.instances.recycle_if_due(plugin),
        }
        (answer, was_fresh)
    }
}

/// Decides about events of a plugin that is out.
fn pass_over(plugin: &Plugin, kind: Kind, events: usize, time: Duration, verdicts: &mut Vec<Verdict>) {
    plugin.figures().note_passed_over(events);
    let verdict = match plugin.breaker_settings().then {
        // Nobody but the owner may let an event of its type into the log (invariant I8).
        Then::Bypass if kind != Kind::EventTypes => Verdict::Keep,
        _ => Verdict::Retry(is_out(time)),
    };
    verdicts.extend((0..events).map(|_| verdict.clone()));
}

pub(crate) fn is_out(time: Duration) -> String {
    format!("the plugin kept failing and is out; it is tried again in {} s", time.as_secs() + 1)
}

impl From<Delivery> for webhook::Delivery {
    fn from(delivery: Delivery) -> Self {
        let Delivery { headers, query, body } = delivery;
        Self { headers, query, body }
    }
}
