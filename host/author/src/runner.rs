//! Runs inputs through one component, one after the other, on the real runtime: the pipeline of a server with its limits, a
//! log in memory, and the settings of the author.
//!
//! Must not know where inputs come from, nor how what became of them is shown.

mod asked;
mod ear;
mod ground;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tidemill_bus::{Bus, BusOptions, Origin, Outcome as Became, Published};
use tidemill_event::{Event, Position, Timestamp};
use tidemill_log::{Log, MemoryLog, MemoryOptions, ReadLimit, Retention, RetentionPolicy};
use tidemill_plugin::{
    Classified, Engine, EngineError, Kind, Lane, Limits, LoadError, OnFault, Plugin, PluginSettings, Plugins, Received,
    Subscriber, Unjudged, Verdict,
};
use uuid::Uuid;

pub use ear::Ear;
use ground::Ground;

use crate::Input;
use crate::outcome::{LogLine, Outcome, Ran, simple};

/// Bytes of events that the log in memory keeps: what comes of one input is read at once, and what comes of a million is not
/// to fill the memory.
const LOG_BYTES_MAX: u64 = 64 << 20;
/// How long events that the plugin publishes may take until they are stored. The pipeline gives up on them sooner.
const SETTLE_TIME_MAX: Duration = Duration::from_secs(15);
/// Published events that are shown for one input. A plugin may publish many more.
const PUBLISHED_SHOWN_MAX: usize = 256;

/// Why a plugin cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The component was not loaded.
    #[error("{error}{}", said(.heard))]
    Load {
        /// Why.
        error: LoadError,
        /// What it logged meanwhile.
        heard: Vec<LogLine>,
    },
    /// There is no engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// There is no thread.
    #[error("cannot start the pipeline: {0}")]
    Pipeline(#[from] std::io::Error),
}

/// The last thing that was heard of a component that is not loaded: mostly why it panicked.
fn said(heard: &[LogLine]) -> String {
    heard.last().map(|line| format!("; it logged: {}", line.message.replace('\u{fffd}', " "))).unwrap_or_default()
}

/// What runs components in this process. Compiling is done once for each.
#[derive(Debug, Clone)]
pub struct Runtime {
    engine: Engine,
    ear: Ear,
}

impl Runtime {
    /// With what was compiled before kept in `cache`, an absolute path.
    pub fn new(cache: Option<&Path>, ear: Ear) -> Result<Self, RunError> {
        Ok(Self { engine: Engine::new(cache)?, ear })
    }

    /// What compiles and runs.
    pub(crate) const fn engine(&self) -> &Engine {
        &self.engine
    }
}

/// One component that runs, with a log and state of its own.
pub struct Runner {
    bus: Arc<Bus>,
    log: Arc<dyn Log>,
    plugin: Arc<Plugin>,
    plugins: Arc<Plugins>,
    ground: Arc<Ground>,
    lane: Lane,
    ear: Ear,
    /// Who looks through the view: a class, none if nobody does.
    class: Option<String>,
    /// Up to where the log was read.
    seen: Position,
}

impl std::fmt::Debug for Runner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runner").field("plugin", &self.plugin).finish_non_exhaustive()
    }
}

impl Runner {
    /// Loads a component. A failure is always shown as one, and never takes the plugin out: what the settings say of
    /// `on-fault` and `breaker` is for servers.
    pub fn load(on: &Runtime, name: &str, component: &[u8], settings: &PluginSettings) -> Result<Self, RunError> {
        let never_out = PluginSettings::from_toml("breaker.faults = 0").unwrap_or_default();
        let mut settings = settings.clone().overridden_by(&never_out);
        settings.on_fault = Some(OnFault::DeadLetter);
        let plugins = Arc::new(Plugins::new(on.engine.clone(), Limits::default(), |_| {}).map_err(not_loaded(on))?);
        let ground = Arc::<Ground>::default();
        plugins.stand_on(Arc::clone(&ground) as Arc<_>);
        let plugin = plugins.put(name, component, &settings).map_err(not_loaded(on))?;
        let kept = Retention { max_bytes: Some(LOG_BYTES_MAX), ..Retention::default() };
        let retention = RetentionPolicy { log: kept, dead_letters: kept, ..RetentionPolicy::default() };
        let log: Arc<dyn Log> = Arc::new(MemoryLog::new(MemoryOptions { retention, ..MemoryOptions::default() }));
        let options = BusOptions {
            workers: 1,
            queue_bytes: 64 << 20,
            queue_wait: Duration::from_secs(10),
            ring_bytes: 1 << 20,
            replay_rate: 0,
            stuck_after: Duration::from_secs(60),
        };
        let bus = Arc::new(Bus::start(&log, &plugins, options)?);
        ground.stand_on(&bus);
        // What it said while it was loaded is not about an input.
        on.ear.take();
        let (lane, seen) = (Lane::new(on.engine.clone()), bus.last());
        Ok(Self { bus, log, plugin, plugins, ground, lane, ear: on.ear.clone(), class: None, seen })
    }

    /// The plugin that runs.
    pub const fn plugin(&self) -> &Arc<Plugin> {
        &self.plugin
    }

    /// Asks the plugin about one input, and waits until everything that comes of it is done.
    pub async fn run(&mut self, input: Input) -> Ran {
        let began = Instant::now();
        let mut own = Vec::new();
        let mut visible = None;
        let outcome = match input {
            Input::Event(event) => {
                let outcome = self.publish(event, true, &mut own).await;
                match self.look(&own) {
                    Some(Ok(seen)) => {
                        visible = Some(seen);
                        outcome
                    }
                    Some(Err(failed)) => failed,
                    None => outcome,
                }
            }
            Input::Delivery(delivery) => match self.has(Kind::Webhook, "takes no deliveries", "webhook") {
                Err(uncalled) => uncalled,
                Ok(()) => match self.lane.receive(&Arc::clone(&self.plugin), delivery) {
                    Ok(Received::Events(drafts)) => {
                        let mut all = Vec::with_capacity(drafts.len());
                        for draft in drafts {
                            let made = draft.into_event(self.plugin.name(), || Uuid::now_v7().to_string(), now());
                            all.push(match made {
                                Ok((event, id_given)) => {
                                    let event = Published { event, id_given, hops: 0, trail: None };
                                    self.publish(event, false, &mut own).await
                                }
                                Err(problems) => Outcome::Rejected { by_host: true, problems },
                            });
                        }
                        Outcome::Delivered(all)
                    }
                    Ok(Received::Refused { status, detail }) => Outcome::Refused { status: Some(status), detail },
                    Err(fault) => Outcome::Failed(fault),
                },
            },
            Input::Call(call) => match self.has(Kind::Tools, "has no tools", "tools") {
                Err(uncalled) => uncalled,
                Ok(()) => asked::tool(&self.plugin, call).await,
            },
            Input::Prompt(call) => match self.has(Kind::Prompts, "has no prompts", "prompts") {
                Err(uncalled) => uncalled,
                Ok(()) => asked::prompt(&self.plugin, call).await,
            },
            Input::Resource(uri) => match self.has(Kind::Resources, "has no resources", "resources") {
                Err(uncalled) => uncalled,
                Ok(()) => asked::resource(&self.plugin, uri).await,
            },
            Input::Completion(question) => asked::completion(&self.plugin, question).await,
            Input::Subscriber(who) => match self.has(Kind::View, "is no view", "view") {
                Err(uncalled) => uncalled,
                Ok(()) => self.classify(&who),
            },
        };
        let published = self.beside(&own).await;
        let took = began.elapsed();
        Ran { outcome, visible, published, log: self.heard(), took }
    }

    fn has(&self, kind: Kind, lacks: &str, name: &str) -> Result<(), Outcome> {
        if self.plugin.kinds().contains(&kind) {
            return Ok(());
        }
        let kinds: Vec<&str> = self.plugin.kinds().iter().map(|kind| kind.name()).collect();
        Err(Outcome::Uncalled(format!("the plugin {lacks}: it is of kind {}, not `{name}`", kinds.join(", "))))
    }

    /// One event through the pipeline; notes where it stands in the log.
    async fn publish(&self, event: Published, came: bool, own: &mut Vec<Position>) -> Outcome {
        let given = event.event.clone();
        let outcome = match self.bus.publish(vec![event]).await {
            Ok(outcomes) => outcomes.into_iter().next(),
            Err(error) => return Outcome::Retry(error.to_string()),
        };
        match outcome {
            Some(Became::Stored { positions, duplicate }) => {
                let mut events = Vec::with_capacity(positions.len());
                for position in &positions {
                    if let Some(record) = self.bus.record(*position).await {
                        events.push(simple(&record.event, came.then_some(&given)));
                    }
                }
                own.extend(positions);
                Outcome::Stored { events, duplicate }
            }
            Some(Became::Dropped { .. }) => Outcome::Dropped,
            Some(Became::Rejected { by, problems }) => Outcome::Rejected { by_host: by.is_none(), problems },
            Some(Became::Retry { reason, .. } | Became::Full { reason } | Became::Lost { reason }) => {
                Outcome::Retry(reason)
            }
            Some(Became::Failed { fault, .. }) => Outcome::Failed(fault),
            None => Outcome::Retry("the pipeline gave no answer".into()),
        }
    }

    fn classify(&mut self, who: &Subscriber) -> Outcome {
        self.class = None;
        match self.lane.classify(&Arc::clone(&self.plugin), who) {
            Ok(Classified::Class(class)) => {
                self.class = Some(class.clone());
                Outcome::Class(class)
            }
            Ok(Classified::Refused(detail)) => Outcome::Refused { status: None, detail },
            Err(fault) => Outcome::Failed(fault),
        }
    }

    /// Whether the class sees any of these events; none if nobody looks.
    fn look(&mut self, positions: &[Position]) -> Option<Result<bool, Outcome>> {
        let class = self.class.clone()?;
        if positions.is_empty() {
            return None;
        }
        let records: Vec<_> = self.page(self.seen);
        let events: Vec<&Event> =
            records.iter().filter(|(at, _)| positions.contains(at)).map(|(_, event)| event).collect();
        match self.lane.judge(&Arc::clone(&self.plugin), &class, &events) {
            Ok(verdicts) => {
                let fault = verdicts.iter().find_map(|verdict| match verdict {
                    Verdict::Fault(fault) => Some(fault.clone()),
                    _ => None,
                });
                Some(fault.map_or(Ok(verdicts.contains(&Verdict::Keep)), |fault| Err(Outcome::Failed(fault))))
            }
            Err(Unjudged::Later(reason) | Unjudged::Out(reason)) => Some(Err(Outcome::Retry(reason))),
        }
    }

    /// Waits until what the plugin published is stored, and reads it.
    async fn beside(&mut self, own: &[Position]) -> Vec<serde_json::Value> {
        let until = Instant::now() + SETTLE_TIME_MAX;
        while !self.is_settled() && Instant::now() < until {
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
        let records = self.page(self.seen);
        self.seen = self.bus.last();
        let beside = records.iter().filter(|(at, _)| !own.contains(at));
        beside.map(|(_, event)| simple(event, None)).collect()
    }

    /// Whether every event that the plugin published was decided.
    fn is_settled(&self) -> bool {
        use std::sync::atomic::Ordering::Relaxed;
        let taken: u64 =
            self.bus.figures().received().filter(|(origin, _)| *origin == Origin::Plugin).map(|(_, n)| n).sum();
        // What it published in calls by clients was handed in as a publisher does.
        let published = self.plugin.figures().published.load(Relaxed).saturating_sub(self.ground.published());
        taken >= published && self.bus.figures().under_way() == 0
    }

    /// What the log has after a position.
    fn page(&self, after: Position) -> Vec<(Position, Event)> {
        let limit = ReadLimit { records: PUBLISHED_SHOWN_MAX, bytes: 16 << 20 };
        let Some(Ok(page)) = futures_util::FutureExt::now_or_never(self.log.read(after, limit)) else {
            return Vec::new();
        };
        page.records.iter().map(|record| (record.position, record.event.clone())).collect()
    }

    fn heard(&self) -> Vec<LogLine> {
        let mut lines = self.ear.take();
        // An event on which a plugin fails is tried on a fresh instance once more, which says the same again.
        lines.dedup();
        lines
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        self.plugins.remove(&Arc::clone(self.plugin.name()));
        self.bus.stop_waiting();
        self.bus.close_ingress();
        self.bus.join();
    }
}

fn not_loaded(on: &Runtime) -> impl Fn(LoadError) -> RunError {
    move |error| RunError::Load { error, heard: on.ear.take() }
}

fn now() -> Timestamp {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_unix_ms(u64::try_from(now.as_millis()).unwrap_or(u64::MAX))
}
