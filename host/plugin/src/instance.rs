//! One instance of one plugin: a store with its limits, and calls that end in time.
//!
//! Any failure inside a guest poisons its whole store, so an instance that failed is dropped by its lane, never reused.

use std::sync::Arc;
use std::time::Duration;

use tidemill_event::{Change, Problem};
use tracing::Level;
use wasmtime::component::{InstancePre, ResourceTable};
use wasmtime::{Store, StoreLimits, StoreLimitsBuilder, Trap};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::bindings::types::{self, Batch};
use crate::bindings::{event_types, filter, log, manifest, transform};
use crate::limits;
use crate::verdict::{Fault, FaultKind, Verdict};
use crate::voice::{Stdio, Voice};
use crate::{Engine, Kind, Limits};

/// What the host keeps beside each instance: an empty WASI context, the limits, and the plugin's voice.
pub(crate) struct Host {
    wasi: WasiCtx,
    table: ResourceTable,
    limits: StoreLimits,
    voice: Arc<Voice>,
}

impl WasiView for Host {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl types::Host for Host {}

impl log::Host for Host {
    fn log(&mut self, level: log::Level, message: String, fields: Vec<(String, String)>) {
        let level = match level {
            log::Level::Trace => Level::TRACE,
            log::Level::Debug => Level::DEBUG,
            log::Level::Info => Level::INFO,
            log::Level::Warn => Level::WARN,
            log::Level::Error => Level::ERROR,
        };
        self.voice.say(level, &message, &fields);
    }
}

/// What instances are made from. The indices of the interfaces that a component exports are found once.
pub(crate) struct Code {
    pub(crate) pre: InstancePre<Host>,
    pub(crate) manifest: manifest::GuestIndices,
    pub(crate) filter: Option<filter::GuestIndices>,
    pub(crate) transform: Option<transform::GuestIndices>,
    pub(crate) event_types: Option<event_types::GuestIndices>,
}

/// A warm instance, configured and ready for batches.
pub(crate) struct Instance {
    engine: Engine,
    store: Store<Host>,
    time: Duration,
    manifest: manifest::Guest,
    filter: Option<filter::Guest>,
    transform: Option<transform::Guest>,
    event_types: Option<event_types::Guest>,
}

/// A failed call. `Retry` is the plugin's wish, not its failure.
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
    pub(crate) fn new(engine: &Engine, code: &Code, limits: &Limits, voice: &Arc<Voice>) -> Result<Self, Fault> {
        // No files, environment, arguments or network: what is not granted is not there (invariant I5).
        let wasi = WasiCtx::builder()
            .stdout(Stdio::new(voice, Level::INFO))
            .stderr(Stdio::new(voice, Level::WARN))
            .allow_tcp(false)
            .allow_udp(false)
            .build();
        let store_limits = StoreLimitsBuilder::new()
            .memory_size(limits.memory)
            .table_elements(limits::TABLE_ELEMENTS_MAX)
            .instances(limits::CORE_INSTANCES_MAX)
            .tables(limits::CORE_INSTANCES_MAX)
            .memories(limits::CORE_INSTANCES_MAX)
            .trap_on_grow_failure(true)
            .build();
        let host = Host { wasi, table: ResourceTable::new(), limits: store_limits, voice: Arc::clone(voice) };
        let mut store = Store::new(engine.wasmtime(), host);
        store.limiter(|host| &mut host.limits);
        store.set_hostcall_fuel(limits::LIFTED_BYTES_MAX);
        store.set_epoch_deadline(engine.deadline_ticks(limits::LOAD_CALL_TIME_MAX));
        let load_fault = |error: wasmtime::Error| fault_of(&error, limits::LOAD_CALL_TIME_MAX, limits.memory);
        let instance = code.pre.instantiate(&mut store).map_err(load_fault)?;
        macro_rules! interface {
            ($indices:expr) => {
                $indices.as_ref().map(|found| found.load(&mut store, &instance)).transpose().map_err(load_fault)?
            };
        }
        let (filter, transform) = (interface!(code.filter), interface!(code.transform));
        let event_types = interface!(code.event_types);
        let manifest = code.manifest.load(&mut store, &instance).map_err(load_fault)?;
        Ok(Self { engine: engine.clone(), store, time: limits.time, manifest, filter, transform, event_types })
    }

    pub(crate) fn describe(&mut self) -> Result<manifest::Info, Fault> {
        self.allow(limits::LOAD_CALL_TIME_MAX);
        let answer = self.manifest.call_describe(&mut self.store);
        answer.map_err(|e| self.fault(&e, limits::LOAD_CALL_TIME_MAX))
    }

    pub(crate) fn configure(&mut self, config_json: &str) -> Result<(), ConfigureError> {
        self.allow(limits::LOAD_CALL_TIME_MAX);
        let answer = self.manifest.call_configure(&mut self.store, config_json);
        answer
            .map_err(|e| ConfigureError::Failed(self.fault(&e, limits::LOAD_CALL_TIME_MAX)))?
            .map_err(ConfigureError::Refused)
    }

    pub(crate) fn types(&mut self) -> Result<Vec<event_types::EventType>, Fault> {
        self.allow(limits::LOAD_CALL_TIME_MAX);
        let Some(guest) = &self.event_types else {
            return Ok(Vec::new());
        };
        guest.call_types(&mut self.store).map_err(|e| self.fault(&e, limits::LOAD_CALL_TIME_MAX))
    }

    /// One call with one batch; the answer has one verdict per event.
    pub(crate) fn call(&mut self, kind: Kind, batch: &Batch, events: usize) -> Result<Vec<Verdict>, CallError> {
        self.allow(self.time);
        let verdicts: Result<Result<Vec<Verdict>, types::Fault>, wasmtime::Error> = match kind {
            Kind::Filter => {
                let Some(guest) = &self.filter else {
                    return Ok(vec![Verdict::Keep; events]);
                };
                let answer = guest.call_decide(&mut self.store, batch);
                answer.map(|answer| answer.map(|list| list.into_iter().map(from_filter).collect()))
            }
            Kind::Transform => {
                let Some(guest) = &self.transform else {
                    return Ok(vec![Verdict::Keep; events]);
                };
                let answer = guest.call_apply(&mut self.store, batch);
                answer.map(|answer| answer.map(|list| list.into_iter().map(from_transform).collect()))
            }
            Kind::EventTypes => {
                let Some(guest) = &self.event_types else {
                    return Ok(vec![Verdict::Keep; events]);
                };
                let answer = guest.call_validate(&mut self.store, batch);
                answer.map(|answer| answer.map(|list| list.into_iter().map(from_owner).collect()))
            }
        };
        match verdicts.map_err(|e| CallError::Fault(self.fault(&e, self.time)))? {
            Ok(verdicts) if verdicts.len() == events => Ok(verdicts),
            Ok(verdicts) => {
                let detail = format!("it answered {} verdicts for {events} events", verdicts.len());
                Err(CallError::Fault(Fault::new(FaultKind::BadOutput, detail)))
            }
            Err(types::Fault::Retry(reason)) => Err(CallError::Retry(reason)),
            Err(types::Fault::Broken(reason)) => Err(CallError::Fault(Fault::new(FaultKind::Broken, reason))),
        }
    }

    /// How people see events; one text per event.
    pub(crate) fn render(&mut self, batch: &Batch, target: &str) -> Result<Vec<String>, CallError> {
        self.allow(self.time);
        let Some(guest) = &self.event_types else {
            return Ok(Vec::new());
        };
        let answer = guest.call_render(&mut self.store, batch, target);
        answer.map_err(|e| CallError::Fault(self.fault(&e, self.time)))?.map_err(|fault| match fault {
            types::Fault::Retry(reason) => CallError::Retry(reason),
            types::Fault::Broken(reason) => CallError::Fault(Fault::new(FaultKind::Broken, reason)),
        })
    }

    fn allow(&mut self, time: Duration) {
        self.store.set_epoch_deadline(self.engine.deadline_ticks(time));
    }

    fn fault(&self, error: &wasmtime::Error, time: Duration) -> Fault {
        fault_of(error, time, usize::MAX)
    }
}

fn from_filter(verdict: filter::Verdict) -> Verdict {
    match verdict {
        filter::Verdict::Keep => Verdict::Keep,
        filter::Verdict::Drop => Verdict::Drop,
        filter::Verdict::Reject => Verdict::Reject(Vec::new()),
    }
}

fn from_transform(outcome: transform::Outcome) -> Verdict {
    match outcome {
        transform::Outcome::Keep => Verdict::Keep,
        transform::Outcome::Drop => Verdict::Drop,
        transform::Outcome::Emit(outputs) if outputs.is_empty() => Verdict::Drop,
        transform::Outcome::Emit(outputs) if outputs.len() > limits::OUTPUTS_PER_EVENT_MAX => {
            let (found, max) = (outputs.len(), limits::OUTPUTS_PER_EVENT_MAX);
            Verdict::Fault(Fault::new(
                FaultKind::BadOutput,
                format!("it made {found} events of one, at most {max} are possible"),
            ))
        }
        transform::Outcome::Emit(outputs) => Verdict::Emit(outputs.into_iter().map(change).collect()),
        transform::Outcome::Reject(problems) => Verdict::Reject(problem_list(problems)),
        transform::Outcome::Retry(reason) => Verdict::Retry(reason),
    }
}

fn from_owner(validity: event_types::Validity) -> Verdict {
    match validity {
        event_types::Validity::Valid => Verdict::Keep,
        event_types::Validity::Normalised(output) if output.type_.is_some() => {
            Verdict::Fault(Fault::new(FaultKind::BadOutput, "a type's owner cannot change the type while it validates"))
        }
        event_types::Validity::Normalised(output) => Verdict::Emit(vec![change(output)]),
        event_types::Validity::Invalid(problems) => Verdict::Reject(problem_list(problems)),
    }
}

fn change(output: types::Output) -> Change {
    Change {
        event_type: output.type_,
        subject: output.subject,
        content_type: output.content_type,
        extensions: output.extensions.unwrap_or_default(),
        data: output.data.map(Into::into),
    }
}

fn problem_list(problems: Vec<types::Problem>) -> Vec<Problem> {
    let short = |mut text: String| {
        let end = (0..=limits::TEXT_BYTES_MAX.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
        text.truncate(end.unwrap_or(0));
        text
    };
    let problems = problems.into_iter().take(limits::PROBLEMS_PER_EVENT_MAX);
    problems.map(|problem| Problem::new(short(problem.at), short(problem.detail))).collect()
}

/// Names a failure by what the operator can do about it.
fn fault_of(error: &wasmtime::Error, time: Duration, memory: usize) -> Fault {
    tracing::debug!("a plugin failed: {error:?}");
    if let Some(trap) = error.downcast_ref::<Trap>() {
        return match trap {
            Trap::Interrupt => Fault::new(FaultKind::Timeout, format!("it took longer than {time:?}")),
            trap => Fault::new(FaultKind::Trap, trap.to_string()),
        };
    }
    if let Some(exit) = error.downcast_ref::<wasmtime_wasi::I32Exit>() {
        return Fault::new(FaultKind::Trap, format!("it called exit({})", exit.0));
    }
    let text = error.root_cause().to_string();
    if text.contains("growing memory") || text.contains("memory minimum size") || text.contains("memory limit") {
        let limit = if memory == usize::MAX { String::new() } else { format!(" (limit {memory} bytes)") };
        return Fault::new(FaultKind::Memory, format!("it wanted more memory than its limit: {text}{limit}"));
    }
    if text.contains("fuel") || text.contains("hostcall") {
        let max = limits::LIFTED_BYTES_MAX;
        return Fault::new(FaultKind::BadOutput, format!("its answer or a message has more than {max} bytes"));
    }
    Fault::new(FaultKind::Trap, text)
}
