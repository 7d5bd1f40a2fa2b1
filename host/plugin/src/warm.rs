//! The warm instances of one worker, one for each plugin that it called, and their replacement before they grow old.
//!
//! What a guest's memory grew to it never gives back, so an instance that grew too large or served long makes room for a
//! new one, which is made on the side.

use std::fmt;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::thread;
use std::time::Instant;

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;

use crate::instance::{ConfigureError, Instance};
use crate::limits::RECYCLE_REST;
use crate::transaction::Desk;
use crate::verdict::{Fault, FaultKind};
use crate::{Engine, Plugin};

/// Keyed by the address of the shared plugin, which the entry keeps alive.
pub(crate) struct Instances {
    engine: Engine,
    desk: Desk,
    warm: HashMap<usize, Warm>,
}

/// An instance in use.
pub(crate) struct Warm {
    plugin: Arc<Plugin>,
    pub(crate) instance: Instance,
    /// How often it was called.
    pub(crate) calls: u64,
    since: Instant,
    /// Its successor, while that is made.
    next: Option<Receiver<Result<Instance, Fault>>>,
}

impl fmt::Debug for Instances {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instances").field("warm", &self.warm.len()).finish_non_exhaustive()
    }
}

impl Instances {
    pub(crate) fn new(engine: Engine, desk: Desk) -> Self {
        Self { engine, desk, warm: HashMap::new() }
    }

    /// The warm instance of a plugin, or a new one.
    pub(crate) fn of(&mut self, plugin: &Arc<Plugin>) -> Result<&mut Warm, Fault> {
        match self.warm.entry(key(plugin)) {
            Entry::Occupied(entry) => Ok(entry.into_mut()),
            Entry::Vacant(entry) => Ok(entry.insert(Warm::new(plugin, make(&self.engine, plugin)?, &self.desk))),
        }
    }

    pub(crate) fn discard(&mut self, plugin: &Arc<Plugin>) {
        self.warm.remove(&key(plugin));
    }

    pub(crate) fn retain(&mut self, stays: impl Fn(&Arc<Plugin>) -> bool) {
        self.warm.retain(|_, warm| stays(&warm.plugin));
    }

    /// Has a successor made for an instance whose time has come, and takes it once it is there. One whose last call was
    /// broken off goes at once.
    pub(crate) fn recycle_if_due(&mut self, plugin: &Arc<Plugin>) {
        let Some(warm) = self.warm.get_mut(&key(plugin)) else { return };
        if warm.instance.is_spent() {
            return self.discard(plugin);
        }
        let Some(next) = &warm.next else {
            if warm.is_due() {
                warm.next = prepare(&self.engine, plugin);
                warm.since = Instant::now();
            }
            return;
        };
        match next.try_recv() {
            Ok(Ok(instance)) => {
                plugin.figures().note_recycled();
                *warm = Warm::new(plugin, instance, &self.desk);
            }
            Ok(Err(fault)) => {
                tracing::warn!(plugin = &**plugin.name(), "its instance is kept, no new one can be made: {fault}");
                warm.next = None;
            }
            Err(TryRecvError::Empty) => {}
            Err(TryRecvError::Disconnected) => warm.next = None,
        }
    }
}

impl Warm {
    /// From now on it writes where the worker's calls do. Not before: what it does while it is configured, perhaps on
    /// another thread, is no part of the call that the worker is in.
    fn new(plugin: &Arc<Plugin>, mut instance: Instance, desk: &Desk) -> Self {
        instance.write_to(desk);
        Self { plugin: Arc::clone(plugin), instance, calls: 0, since: Instant::now(), next: None }
    }

    fn is_due(&self) -> bool {
        let limits = self.plugin.limits();
        let old = limits.recycle_calls > 0 && self.calls >= limits.recycle_calls;
        let large = self.instance.memory() > limits.recycle_memory;
        // A plugin that needs that much is not to be made anew all the time.
        (old || large) && self.since.elapsed() > RECYCLE_REST
    }
}

/// Makes an instance on a thread of its own; none if there is no thread.
fn prepare(engine: &Engine, plugin: &Arc<Plugin>) -> Option<Receiver<Result<Instance, Fault>>> {
    let (send, receive) = sync_channel(1);
    let (engine, plugin) = (engine.clone(), Arc::clone(plugin));
    let run = move || {
        // The worker may have given the plugin up meanwhile.
        let _ = send.send(make(&engine, &plugin));
    };
    thread::Builder::new().name("tidemill-recycle".into()).spawn(run).is_ok().then_some(receive)
}

/// An instance that is configured like the one that was checked when the plugin was loaded.
pub(crate) fn make(engine: &Engine, plugin: &Plugin) -> Result<Instance, Fault> {
    let broken = |fault: Fault| {
        let detail = format!("no instance of it can be made: {}", fault.detail);
        Fault { kind: FaultKind::Broken, detail, backtrace: fault.backtrace }
    };
    let mut instance = Instance::new(engine, &plugin.code).map_err(broken)?;
    instance.configure(&plugin.config_json).map_err(|error| match error {
        ConfigureError::Refused(reason) => broken(Fault::new(FaultKind::Broken, reason)),
        ConfigureError::Failed(fault) => broken(fault),
    })?;
    Ok(instance)
}

fn key(plugin: &Arc<Plugin>) -> usize {
    Arc::as_ptr(plugin).addr()
}
