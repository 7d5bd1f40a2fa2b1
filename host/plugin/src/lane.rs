//! One pipeline worker's way into plugins: a warm instance of each, calls in batches, and the search for the one event
//! that a plugin fails on (invariant I6).

use std::sync::Arc;

use hashbrown::HashMap;
use tidemill_event::Event;

use crate::batch::batch_len;
use crate::bindings::types::Batch;
use crate::instance::{CallError, ConfigureError, Instance};
use crate::verdict::{Fault, FaultKind, Verdict};
use crate::{Engine, Generation, Kind, Plugin};

/// Calls plugins from one thread. Instances are made when they are first needed and kept until their plugin version
/// leaves the generation or they fail.
pub struct Lane {
    engine: Engine,
    /// Keyed by the address of the shared plugin, which the entry keeps alive.
    instances: HashMap<usize, (Arc<Plugin>, Instance)>,
    batch: Batch,
    generation: u64,
}

impl std::fmt::Debug for Lane {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lane").field("instances", &self.instances.len()).finish_non_exhaustive()
    }
}

impl Lane {
    /// A lane without instances.
    pub fn new(engine: Engine) -> Self {
        Self { engine, instances: HashMap::new(), batch: Batch::empty(), generation: 0 }
    }

    /// Lets go of instances whose plugin is not in the generation, and so of their memory and code.
    pub fn enter(&mut self, generation: &Generation) {
        if self.generation != generation.number() {
            self.generation = generation.number();
            self.instances.retain(|_, (plugin, _)| generation.contains(plugin));
        }
    }

    /// Asks a plugin about events, in as many batches as needed; one verdict per event, in order.
    pub fn ask(&mut self, plugin: &Arc<Plugin>, kind: Kind, events: &[&Event]) -> Vec<Verdict> {
        let mut verdicts = Vec::with_capacity(events.len());
        let mut rest = events;
        while !rest.is_empty() {
            let (batch, after) = rest.split_at(batch_len(rest));
            self.isolate(plugin, kind, batch, &mut verdicts);
            rest = after;
        }
        verdicts
    }

    /// How people see an event: `text` or `html`, see `event-types.render`.
    pub fn render(&mut self, plugin: &Arc<Plugin>, event: &Event, target: &str) -> Result<String, Fault> {
        let Self { engine, instances, batch, .. } = self;
        let instance = instance(engine, instances, plugin)?;
        batch.pack(&[event], true);
        let answer = instance.render(batch, target);
        match answer {
            Ok(texts) => Ok(texts.into_iter().next().unwrap_or_default()),
            Err(error) => {
                self.instances.remove(&Arc::as_ptr(plugin).addr());
                Err(match error {
                    CallError::Fault(fault) => fault,
                    CallError::Retry(reason) => Fault::new(FaultKind::Broken, reason),
                })
            }
        }
    }

    /// Calls; on a failure halves the batch on fresh instances until the event at fault stands alone.
    fn isolate(&mut self, plugin: &Arc<Plugin>, kind: Kind, events: &[&Event], verdicts: &mut Vec<Verdict>) {
        match self.call(plugin, kind, events) {
            Ok(answers) => verdicts.extend(answers),
            Err(CallError::Retry(reason)) => verdicts.extend(events.iter().map(|_| Verdict::Retry(reason.clone()))),
            // The plugin says itself that no event can be handled.
            Err(CallError::Fault(fault)) if fault.kind == FaultKind::Broken || events.len() == 1 => {
                tracing::warn!(
                    plugin = &**plugin.name(),
                    kind = kind.name(),
                    events = events.len(),
                    "plugin failed: {fault}"
                );
                verdicts.extend(events.iter().map(|_| Verdict::Fault(fault.clone())));
            }
            Err(CallError::Fault(_)) => {
                let (first, second) = events.split_at(events.len() / 2);
                self.isolate(plugin, kind, first, verdicts);
                self.isolate(plugin, kind, second, verdicts);
            }
        }
    }

    fn call(&mut self, plugin: &Arc<Plugin>, kind: Kind, events: &[&Event]) -> Result<Vec<Verdict>, CallError> {
        let Self { engine, instances, batch, .. } = self;
        let instance = instance(engine, instances, plugin).map_err(CallError::Fault)?;
        batch.pack(events, plugin.needs_data || kind == Kind::EventTypes);
        let answer = instance.call(kind, batch, events.len());
        if matches!(answer, Err(CallError::Fault(_))) {
            // Whatever failed inside left the whole store unusable.
            self.instances.remove(&Arc::as_ptr(plugin).addr());
        }
        answer
    }
}

/// The warm instance, or a new one that is configured like the one that was checked when the plugin was loaded.
fn instance<'a>(
    engine: &Engine,
    instances: &'a mut HashMap<usize, (Arc<Plugin>, Instance)>,
    plugin: &Arc<Plugin>,
) -> Result<&'a mut Instance, Fault> {
    use hashbrown::hash_map::Entry;
    match instances.entry(Arc::as_ptr(plugin).addr()) {
        Entry::Occupied(entry) => Ok(&mut entry.into_mut().1),
        Entry::Vacant(entry) => {
            let broken =
                |fault: Fault| Fault::new(FaultKind::Broken, format!("no instance of it can be made: {fault}"));
            let mut instance = Instance::new(engine, &plugin.code, &plugin.limits, &plugin.voice).map_err(broken)?;
            instance.configure(&plugin.config_json).map_err(|error| match error {
                ConfigureError::Refused(reason) => broken(Fault::new(FaultKind::Broken, reason)),
                ConfigureError::Failed(fault) => broken(fault),
            })?;
            Ok(&mut entry.insert((Arc::clone(plugin), instance)).1)
        }
    }
}
