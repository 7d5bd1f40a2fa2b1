//! One instance of one plugin: a store with its limits, and calls that end in time.
//!
//! Any failure inside a guest poisons its whole store, so an instance that failed is dropped by its lane, never reused.

mod called;
mod view;

use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use tidemill_event::TypePattern;
use wasmtime::Store;
use wasmtime::component::InstancePre;

use crate::answer::{from_filter, from_owner, from_transform, refused};
use crate::bindings::types::{self, Batch};
use crate::bindings::{
    completions, event_types, filter, manifest, prompts, resources, tools, transform, view as view_bindings, wants,
    webhook,
};
use crate::call::{CallRates, Platform};
use crate::call_time::OutOfPatience;
use crate::delivery::Received;
use crate::fault;
use crate::host::Host;
use crate::http::Outbound;
use crate::limits::{CANCEL_GRACE, LOAD_CALL_TIME_MAX};
use crate::source_lines::SourceLines;
use crate::transaction::Desk;
use crate::verdict::{Fault, FaultKind, Verdict};
use crate::voice::Voice;
use crate::{Engine, Figures, Kind, Limits};

/// What instances are made from. The indices of the interfaces that a component exports are found once.
pub(crate) struct Code {
    pub(crate) pre: InstancePre<Host>,
    pub(crate) manifest: manifest::GuestIndices,
    pub(crate) filter: Option<filter::GuestIndices>,
    pub(crate) transform: Option<transform::GuestIndices>,
    pub(crate) event_types: Option<event_types::GuestIndices>,
    pub(crate) webhook: Option<webhook::GuestIndices>,
    pub(crate) wants: Option<wants::GuestIndices>,
    pub(crate) outbound: Arc<Outbound>,
    /// Whether calls may wait beside their time.
    pub(crate) may_wait: bool,
    pub(crate) view: Option<view_bindings::GuestIndices>,
    pub(crate) tools: Option<tools::GuestIndices>,
    pub(crate) prompts: Option<prompts::GuestIndices>,
    pub(crate) resources: Option<resources::GuestIndices>,
    pub(crate) completions: Option<completions::GuestIndices>,
    /// Whether it can ask if a call was cancelled.
    pub(crate) hears_cancel: bool,
    pub(crate) rates: Arc<CallRates>,
    pub(crate) platform: Arc<OnceLock<Arc<dyn Platform>>>,
    pub(crate) lines: Arc<SourceLines>,
    pub(crate) limits: Limits,
    pub(crate) plugin: Arc<str>,
    /// Types of events that it may publish.
    pub(crate) publishes: Arc<[TypePattern]>,
    pub(crate) voice: Arc<Voice>,
    pub(crate) figures: Arc<Figures>,
}

impl Code {
    /// Whether clients call it.
    pub(crate) const fn is_called(&self) -> bool {
        self.tools.is_some() || self.prompts.is_some() || self.resources.is_some()
    }
}

pub(crate) use called::Ended;

/// A warm instance, configured and ready for batches.
pub(crate) struct Instance {
    engine: Engine,
    store: Store<Host>,
    lines: Arc<SourceLines>,
    limits: Limits,
    figures: Arc<Figures>,
    /// How long a call may wait beside its time, if it may.
    patience: Option<Duration>,
    /// Whether a call ended within the guest, after which nothing of it can be used.
    spent: bool,
    /// Bytes of memory as they stand in the figures.
    counted: usize,
    manifest: manifest::Guest,
    filter: Option<filter::Guest>,
    transform: Option<transform::Guest>,
    event_types: Option<event_types::Guest>,
    webhook: Option<webhook::Guest>,
    wants: Option<wants::Guest>,
    view: Option<view_bindings::Guest>,
    tools: Option<tools::Guest>,
    prompts: Option<prompts::Guest>,
    resources: Option<resources::Guest>,
    completions: Option<completions::Guest>,
    /// How long a call by a client may tidy up when it was cancelled.
    grace: Duration,
}

/// A failed call. `Retry` is the plugin's wish or lost patience, no event's failure.
#[derive(Debug)]
pub(crate) enum CallError {
    Fault(Fault),
    Retry(String),
}

/// An instance did not take its configuration.
#[derive(Debug)]
pub(crate) enum ConfigureError {
    Refused(String),
    Failed(Fault),
}

impl Instance {
    /// Makes an instance; it is not configured yet.
    pub(crate) fn new(engine: &Engine, code: &Code) -> Result<Self, Fault> {
        let limits = code.limits;
        let host = Host::new(engine, code, LOAD_CALL_TIME_MAX);
        let mut store = Store::new(engine.wasmtime(), host);
        store.limiter(|host| &mut host.bounds);
        store.set_hostcall_fuel(limits.output_bytes);
        store.set_epoch_deadline(engine.deadline_ticks(LOAD_CALL_TIME_MAX));
        if code.may_wait || code.is_called() {
            store.epoch_deadline_callback(|mut store| Ok(store.data_mut().time.at_deadline()));
        }
        let load_fault = |error: wasmtime::Error| fault::of(&error, LOAD_CALL_TIME_MAX, &limits, &code.lines);
        let instance = code.pre.instantiate(&mut store).map_err(load_fault)?;
        macro_rules! interface {
            ($indices:expr) => {
                $indices.as_ref().map(|found| found.load(&mut store, &instance)).transpose().map_err(load_fault)?
            };
        }
        let (filter, transform) = (interface!(code.filter), interface!(code.transform));
        let (event_types, webhook) = (interface!(code.event_types), interface!(code.webhook));
        let wants = interface!(code.wants);
        let view = interface!(code.view);
        let (tools, prompts) = (interface!(code.tools), interface!(code.prompts));
        let (resources, completions) = (interface!(code.resources), interface!(code.completions));
        let manifest = code.manifest.load(&mut store, &instance).map_err(load_fault)?;
        let (engine, lines) = (engine.clone(), Arc::clone(&code.lines));
        let figures = Arc::clone(&code.figures);
        let mut made = Self {
            engine,
            store,
            lines,
            limits,
            figures,
            patience: code.may_wait.then(|| limits.patience()),
            spent: false,
            counted: 0,
            manifest,
            filter,
            transform,
            event_types,
            webhook,
            wants,
            view,
            tools,
            prompts,
            resources,
            completions,
            grace: if code.hears_cancel { CANCEL_GRACE } else { Duration::ZERO },
        };
        made.figures.instances.fetch_add(1, Relaxed);
        made.count_memory();
        Ok(made)
    }

    /// Has what it writes go where a lane collects it. Until then it can write nothing.
    pub(crate) fn write_to(&mut self, desk: &Desk) {
        self.store.data_mut().desk = Arc::clone(desk);
    }

    pub(crate) fn describe(&mut self) -> Result<manifest::Info, Fault> {
        self.allow_loading();
        let answer = self.manifest.call_describe(&mut self.store);
        answer.map_err(|e| self.fault(&e, LOAD_CALL_TIME_MAX))
    }

    pub(crate) fn configure(&mut self, config_json: &str) -> Result<(), ConfigureError> {
        self.allow_loading();
        let answer = self.manifest.call_configure(&mut self.store, config_json);
        answer.map_err(|e| ConfigureError::Failed(self.fault(&e, LOAD_CALL_TIME_MAX)))?.map_err(ConfigureError::Refused)
    }

    pub(crate) fn types(&mut self) -> Result<Vec<event_types::EventType>, Fault> {
        self.allow_loading();
        let Some(guest) = &self.event_types else {
            return Ok(Vec::new());
        };
        guest.call_types(&mut self.store).map_err(|e| self.fault(&e, LOAD_CALL_TIME_MAX))
    }

    /// The hosts that it wants to send requests to, if it names any.
    pub(crate) fn http_hosts(&mut self) -> Result<Vec<String>, Fault> {
        self.allow_loading();
        let Some(guest) = &self.wants else {
            return Ok(Vec::new());
        };
        guest.call_http_hosts(&mut self.store).map_err(|e| self.fault(&e, LOAD_CALL_TIME_MAX))
    }

    /// One call with one batch, now; the answer has one verdict per event.
    pub(crate) fn call(
        &mut self,
        now: Instant,
        kind: Kind,
        batch: &Batch,
        events: usize,
    ) -> Result<Vec<Verdict>, CallError> {
        let time = self.limits.call_time(events);
        self.allow_from(now, time);
        let output_events = self.limits.output_events;
        let verdicts = match kind {
            Kind::Filter => match &self.filter {
                Some(guest) => {
                    guest.call_decide(&mut self.store, batch).map(|answer| read(answer, events, from_filter))
                }
                None => return Ok(vec![Verdict::Keep; events]),
            },
            Kind::Transform => match &self.transform {
                Some(guest) => {
                    let of = |outcome| from_transform(outcome, output_events);
                    guest.call_apply(&mut self.store, batch).map(|answer| read(answer, events, of))
                }
                None => return Ok(vec![Verdict::Keep; events]),
            },
            Kind::EventTypes => match &self.event_types {
                Some(guest) => {
                    guest.call_validate(&mut self.store, batch).map(|answer| read(answer, events, from_owner))
                }
                None => return Ok(vec![Verdict::Keep; events]),
            },
            // It is not asked about events.
            Kind::Webhook => return Ok(vec![Verdict::Keep; events]),
            // Asked for a class only, see `visible`.
            Kind::View => return Ok(vec![Verdict::Drop; events]),
            // Called by clients, see `called.rs`.
            Kind::Tools | Kind::Prompts | Kind::Resources => return Ok(vec![Verdict::Keep; events]),
        };
        self.count_memory();
        verdicts.map_err(|e| self.failed(&e, time))?
    }

    /// How people see events; one text per event.
    pub(crate) fn render(&mut self, batch: &Batch, target: &str) -> Result<Vec<String>, CallError> {
        let time = self.limits.call_time(1);
        // Somebody looks, and others may wait for the same instance.
        self.begin(Instant::now(), time, None);
        self.store.data_mut().http.open = false;
        let Some(guest) = &self.event_types else {
            return Ok(Vec::new());
        };
        let answer = guest.call_render(&mut self.store, batch, target);
        answer.map_err(|e| self.failed(&e, time))?.map_err(|fault| match fault {
            types::Fault::Retry(reason) => CallError::Retry(reason),
            types::Fault::Broken(reason) => CallError::Fault(Fault::told(&reason)),
        })
    }

    /// What a delivery of another system means.
    pub(crate) fn receive(&mut self, delivered: &webhook::Delivery) -> Result<Received, Fault> {
        let time = self.limits.time;
        self.allow(time);
        let Some(guest) = &self.webhook else {
            return Err(Fault::new(FaultKind::Broken, "it takes no deliveries"));
        };
        let answer = guest.call_receive(&mut self.store, delivered);
        self.count_memory();
        let answer = match answer.map_err(|e| self.failed(&e, time)) {
            Ok(answer) => answer,
            Err(CallError::Fault(fault)) => return Err(fault),
            // Its sender may try again.
            Err(CallError::Retry(detail)) => return Ok(Received::Refused { status: 503, detail }),
        };
        match answer {
            Ok(drafts) if drafts.len() > self.limits.output_events => {
                let (found, max) = (drafts.len(), self.limits.output_events);
                let detail = format!("it made {found} events of one delivery, at most {max} are possible");
                Err(Fault::new(FaultKind::BadOutput, detail))
            }
            Ok(drafts) => Ok(Received::Events(drafts.into_iter().map(Into::into).collect())),
            Err(refusal) => refused(&refusal),
        }
    }

    /// Bytes of its linear memories.
    pub(crate) fn memory(&self) -> usize {
        self.store.data().bounds.memory()
    }

    fn count_memory(&mut self) {
        let memory = self.memory();
        if memory != self.counted {
            self.figures.memory.fetch_add(memory as i64 - self.counted as i64, Relaxed);
            self.counted = memory;
        }
    }

    /// Whether it cannot be called again.
    pub(crate) const fn is_spent(&self) -> bool {
        self.spent
    }

    fn allow(&mut self, time: Duration) {
        self.allow_from(Instant::now(), time);
    }

    /// The same for whoever has looked at the clock already, which is dear beside a call with one event.
    fn allow_from(&mut self, now: Instant, time: Duration) {
        self.begin(now, time, self.patience);
        self.store.data_mut().http.open = true;
    }

    /// Loading waits for nobody: no requests, and sleeping counts.
    fn allow_loading(&mut self) {
        self.begin(Instant::now(), LOAD_CALL_TIME_MAX, None);
        self.store.data_mut().http.open = false;
    }

    fn begin(&mut self, now: Instant, time: Duration, patience: Option<Duration>) {
        self.store.data_mut().time.restart(now, time, patience);
        self.store.set_epoch_deadline(self.engine.deadline_ticks(time));
    }

    fn failed(&mut self, error: &wasmtime::Error, time: Duration) -> CallError {
        self.spent = true;
        match (error.downcast_ref::<OutOfPatience>(), self.patience) {
            (Some(out), Some(patience)) => CallError::Retry(format!("{out}: {patience:?} in all")),
            _ => CallError::Fault(self.fault(error, time)),
        }
    }

    fn fault(&self, error: &wasmtime::Error, time: Duration) -> Fault {
        fault::of(error, time, &self.limits, &self.lines)
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.figures.instances.fetch_sub(1, Relaxed);
        self.figures.memory.fetch_sub(self.counted as i64, Relaxed);
    }
}

/// The verdicts of an answer. They are counted first: in the guest one may be a byte, here it is many times as large.
fn read<T>(
    answer: Result<Vec<T>, types::Fault>,
    events: usize,
    of: impl Fn(T) -> Verdict,
) -> Result<Vec<Verdict>, CallError> {
    match answer {
        Ok(list) if list.len() == events => Ok(list.into_iter().map(of).collect()),
        Ok(list) => {
            let detail = format!("it answered {} verdicts for {events} events", list.len());
            Err(CallError::Fault(Fault::new(FaultKind::BadOutput, detail)))
        }
        Err(types::Fault::Retry(reason)) => Err(CallError::Retry(reason)),
        Err(types::Fault::Broken(reason)) => Err(CallError::Fault(Fault::told(&reason))),
    }
}
