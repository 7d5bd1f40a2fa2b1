//! What a component costs: time for an event in calls with one and with many, memory, bytes; and what it cost the last time.
//!
//! Owns how it is measured: the calls of a pipeline worker, one after the other, without queue and log.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tidemill_event::Event;
use tidemill_plugin::{
    CallContext, CallFailure, Classified, Delivery, Fault, FaultKind, Kind, Lane, Outlet, Plugin, PromptCall, States,
    Subscriber, ToolCall, Unjudged, Verdict,
};
use tokio::sync::Semaphore;

use crate::{Decode, Input, Runtime, Target, TargetError};

/// Rounds of which the median counts.
pub const ROUNDS: usize = 11;
/// How long a round takes at least. Shorter ones measure the clock.
const ROUND_TIME: Duration = Duration::from_millis(50);
/// Events of a round at least, in calls with many.
const BATCH: usize = 64;
/// Bytes of events that plugins may publish between two calls.
const ROOM_UNITS: usize = 16 << 10;

/// What was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// The component's version.
    pub version: String,
    /// Bytes of the component.
    pub size: u64,
    /// Bytes of linear memory after all calls.
    pub memory: u64,
    /// Milliseconds that compiling took, or reading what was compiled before.
    pub load_ms: f64,
    /// Bytes of data that events had on average.
    pub data_bytes: u64,
    /// Rounds; each figure is the median.
    pub rounds: usize,
    /// Microseconds per event (of tools, prompts and resources: per call), by kind and events in a call: `filter`, 64.
    pub us: BTreeMap<String, BTreeMap<usize, f64>>,
}

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// It does not run.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// It failed.
    #[error("the plugin failed as {kind}: {fault}; see it with `tidemill plugin run`")]
    Failed {
        /// As what.
        kind: String,
        /// How.
        fault: Fault,
    },
    /// It has no such tool or prompt.
    #[error("there is no `{name}` among the plugin's {kind}; `tidemill plugin info` shows what it has")]
    Unknown {
        /// Tools or prompts.
        kind: String,
        /// What was named.
        name: String,
    },
    /// No event is its.
    #[error(
        "none of the events is one that the plugin handles; name a file of such events with --events (it subscribes to {0})"
    )]
    NoEvents(String),
    /// Nothing is sent to it, or called.
    #[error(
        "there is nothing to measure the plugin with, which is of kind {0}; name a file of its inputs with --events, such as \
         {{\"call\": {{\"tool\": \"NAME\", \"arguments\": {{}}}}}}, {{\"prompt\": {{\"name\": \"NAME\"}}}}, \
         {{\"resource\": {{\"uri\": \"URI\"}}}} or {{\"delivery\": {{\"body\": \"TEXT\"}}}}"
    )]
    NoInputs(String),
}

/// What it is measured with.
#[derive(Debug, Default)]
pub struct Load {
    events: Vec<Event>,
    deliveries: Vec<Delivery>,
    calls: Vec<ToolCall>,
    prompts: Vec<PromptCall>,
    resources: Vec<String>,
    subscriber: Subscriber,
}

impl Load {
    /// Takes one input of a test file. What cannot be measured is passed over.
    pub fn take(&mut self, text: &str, number: u64, decode: Decode) -> Result<(), String> {
        match Input::read(text, number, decode)? {
            Input::Event(published) => self.events.push(published.event),
            Input::Delivery(delivery) => self.deliveries.push(delivery),
            Input::Subscriber(who) => self.subscriber = who,
            Input::Call(call) => self.calls.push(call),
            Input::Prompt(call) => self.prompts.push(call),
            Input::Resource(uri) => self.resources.push(uri),
            Input::Completion(_) => {}
        }
        Ok(())
    }

    /// The examples of the plugin's own types, and an ordinary event, where nothing else was given.
    fn or_made_up(&mut self, plugin: &Plugin, decode: Decode) {
        if !self.events.is_empty() {
            return;
        }
        let examples =
            plugin.event_types().flat_map(|info| info.examples.iter().map(|data| (info.name.clone(), data.clone())));
        let mut made: Vec<_> = examples.collect();
        let ordinary =
            plugin.subscribes().iter().map(ToString::to_string).map(|pattern| pattern.replace('*', "example"));
        let text = "a sentence that is about as long as one is ".repeat(20);
        made.extend(ordinary.map(|name| (name, serde_json::json!({"id": 7, "total": 12.5, "text": text}))));
        for (number, (name, data)) in (1..).zip(made) {
            // Patterns may have parts that no type can have; such a one is passed over.
            let _ = self.take(&serde_json::json!({"type": name, "data": data}).to_string(), number, decode);
        }
    }
}

/// Measures a component. What cannot be measured for want of inputs is left out, unless that is everything.
pub async fn measure(
    target: &Target,
    runtime: &Runtime,
    mut load: Load,
    decode: Decode,
    told: &mut dyn FnMut(&str),
) -> Result<Measured, BenchError> {
    let bytes = target.bytes()?;
    let runner = target.load(runtime, &bytes)?;
    let plugin = Arc::clone(runner.plugin());
    load.or_made_up(&plugin, decode);
    let outlet = Outlet {
        states: States::new(Vec::new()),
        room: Arc::new(Semaphore::new(ROOM_UNITS)),
        waits: plugin.may_wait(),
    };
    let mut caller =
        Caller { lane: Lane::with_outlet(runtime.engine().clone(), outlet), plugin: &plugin, class: String::new() };
    let mut us = BTreeMap::new();
    for kind in plugin.kinds() {
        let name = kind.name();
        let times = match kind {
            Kind::Filter | Kind::Transform | Kind::EventTypes | Kind::View => {
                if *kind == Kind::View {
                    caller.classify(&load.subscriber)?;
                }
                let own: Vec<&Event> = load.events.iter().filter(|event| concerns(&plugin, *kind, event)).collect();
                if own.is_empty() {
                    let patterns: Vec<String> = plugin.subscribes().iter().map(ToString::to_string).collect();
                    return Err(BenchError::NoEvents(patterns.join(", ")));
                }
                let mut times = BTreeMap::new();
                for size in [1, BATCH] {
                    told(&format!("Measuring {name}, {size} in a call"));
                    times.insert(size, caller.events(*kind, &own, size).await?);
                }
                times
            }
            Kind::Webhook if !load.deliveries.is_empty() => {
                told("Measuring webhook");
                BTreeMap::from([(1, caller.deliveries(&load.deliveries).await?)])
            }
            Kind::Tools if !load.calls.is_empty() => {
                told("Measuring tools");
                BTreeMap::from([(
                    1,
                    caller.calls(*kind, &load.calls, |call| Some(&call.name), Plugin::call_tool).await?,
                )])
            }
            Kind::Prompts if !load.prompts.is_empty() => {
                told("Measuring prompts");
                BTreeMap::from([(
                    1,
                    caller.calls(*kind, &load.prompts, |call| Some(&call.name), Plugin::get_prompt).await?,
                )])
            }
            Kind::Resources if !load.resources.is_empty() => {
                told("Measuring resources");
                BTreeMap::from([(1, caller.calls(*kind, &load.resources, |_| None, Plugin::read_resource).await?)])
            }
            _ => continue,
        };
        us.insert(name.to_owned(), times);
    }
    if us.is_empty() {
        return Err(BenchError::NoInputs(plugin.kinds().iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ")));
    }
    let memory = plugin.figures().memory.load(Relaxed).max(0).unsigned_abs();
    let data: usize = load.events.iter().map(|event| event.data().len()).sum();
    Ok(Measured {
        version: plugin.version().to_string(),
        size: bytes.len() as u64,
        memory,
        load_ms: plugin.compile_time().as_secs_f64() * 1e3,
        data_bytes: (data / load.events.len().max(1)) as u64,
        rounds: ROUNDS,
        us,
    })
}

fn concerns(plugin: &Plugin, kind: Kind, event: &Event) -> bool {
    match kind {
        Kind::EventTypes => plugin.event_types().any(|info| info.name == event.event_type()),
        Kind::View => true,
        _ => plugin.subscribes().iter().any(|pattern| pattern.matches(event.event_type())),
    }
}

/// Calls one plugin as a worker does.
struct Caller<'p> {
    lane: Lane,
    plugin: &'p Arc<Plugin>,
    class: String,
}

impl Caller<'_> {
    fn classify(&mut self, who: &Subscriber) -> Result<(), BenchError> {
        let class = self.lane.classify(self.plugin, who).map_err(failed(Kind::View))?;
        if let Classified::Class(class) = class {
            self.class = class;
        }
        Ok(())
    }

    /// Microseconds per event, in calls with so many.
    async fn events(&mut self, kind: Kind, events: &[&Event], size: usize) -> Result<f64, BenchError> {
        let batches: Vec<Vec<&Event>> = match size {
            1 => events.iter().map(|event| vec![*event]).collect(),
            size => vec![events.iter().copied().cycle().take(size).collect()],
        };
        self.rounds(size, async |caller, at| caller.ask(kind, &batches[at % batches.len()])).await
    }

    fn ask(&mut self, kind: Kind, events: &[&Event]) -> Result<(), BenchError> {
        let verdicts = match kind {
            Kind::View => self.lane.judge(self.plugin, &self.class, events).map_err(|unjudged| {
                let (Unjudged::Later(reason) | Unjudged::Out(reason)) = unjudged;
                failed(kind)(Fault::new(FaultKind::Broken, reason))
            })?,
            kind => self.lane.ask(self.plugin, kind, events),
        };
        // What it keeps counts, what it publishes goes nowhere.
        if let Ok(committed) = self.lane.finish_turn().commit() {
            committed.receipt.settle(true);
        }
        let fault = verdicts
            .into_iter()
            .find_map(|verdict| if let Verdict::Fault(fault) = verdict { Some(fault) } else { None });
        fault.map_or(Ok(()), |fault| Err(failed(kind)(fault)))
    }

    async fn deliveries(&mut self, deliveries: &[Delivery]) -> Result<f64, BenchError> {
        self.rounds(1, async |caller, at| {
            let delivery = deliveries[at % deliveries.len()].clone();
            caller.lane.receive(caller.plugin, delivery).map(drop).map_err(failed(Kind::Webhook))
        })
        .await
    }

    /// As a server passes on what clients ask for: each on a thread of its own. What has a name in the manifest is refused before
    /// the plugin is asked, which is not measured; of all else the plugin itself says that there is none.
    async fn calls<C: Clone, A>(
        &mut self,
        kind: Kind,
        calls: &[C],
        name: impl Fn(&C) -> Option<&str>,
        ask: impl AsyncFn(&Arc<Plugin>, C, CallContext) -> Result<A, CallFailure>,
    ) -> Result<f64, BenchError> {
        let broken = |failure: &CallFailure| failed(kind)(Fault::new(FaultKind::Broken, failure.to_string()));
        let mut asked = Vec::with_capacity(calls.len());
        for call in calls {
            match (name(call), ask(self.plugin, call.clone(), CallContext::default()).await) {
                (Some(name), Err(CallFailure::Unknown)) => {
                    return Err(BenchError::Unknown { kind: kind.name().to_owned(), name: name.to_owned() });
                }
                (Some(_), Err(CallFailure::Invalid(_))) => {}
                (_, Ok(_)) | (None, Err(CallFailure::Unknown | CallFailure::Invalid(_))) => asked.push(call),
                (_, Err(failure)) => return Err(broken(&failure)),
            }
        }
        if asked.is_empty() {
            return Err(BenchError::NoInputs(kind.name().to_owned()));
        }
        self.rounds(1, async |caller, at| {
            match ask(caller.plugin, asked[at % asked.len()].clone(), CallContext::default()).await {
                Ok(_) | Err(CallFailure::Unknown | CallFailure::Invalid(_)) => Ok(()),
                Err(failure) => Err(broken(&failure)),
            }
        })
        .await
    }

    async fn rounds(
        &mut self,
        size: usize,
        mut call: impl AsyncFnMut(&mut Self, usize) -> Result<(), BenchError>,
    ) -> Result<f64, BenchError> {
        let mut rounds = Vec::with_capacity(ROUNDS);
        // One more than count: the first one makes instances, and fills caches.
        for _ in 0..=ROUNDS {
            let (began, mut calls) = (Instant::now(), 0);
            while began.elapsed() < ROUND_TIME {
                call(self, calls).await?;
                calls += 1;
            }
            rounds.push(began.elapsed().as_secs_f64() * 1e6 / (calls * size) as f64);
        }
        rounds.remove(0);
        rounds.sort_by(f64::total_cmp);
        Ok(rounds[ROUNDS / 2])
    }
}

fn failed(kind: Kind) -> impl Fn(Fault) -> BenchError {
    move |fault| BenchError::Failed { kind: kind.name().to_owned(), fault }
}

/// The last run of each plugin, `.tidemill/bench.json`.
#[derive(Debug)]
pub struct LastRuns {
    file: PathBuf,
    runs: BTreeMap<String, Measured>,
}

impl LastRuns {
    /// Of a target. A file that cannot be read is as good as none: it is written by this program.
    pub fn of(target: &Target) -> Self {
        let file = target.generated().join("bench.json");
        let runs = fs::read(&file).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
        Self { file, runs }
    }

    /// Keeps a run in place of the last one, which is given back.
    pub fn replace(&mut self, target: &Target, measured: Measured) -> std::io::Result<Option<Measured>> {
        let last = self.runs.insert(target.name().to_owned(), measured);
        self.file.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(&self.file, serde_json::to_vec_pretty(&self.runs)?)?;
        Ok(last)
    }
}
