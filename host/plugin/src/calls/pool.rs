//! What the calls of one plugin share: turns, instances that wait for the next call, and a breaker of their own, so that
//! clients cannot take the plugin out of the pipeline, nor events its tools. Must not know what is called.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::breaker::{Admission, Breaker};
use crate::instance::{Ended, Instance};
use crate::lane::is_out;
use crate::limits::TOOL_INSTANCES_KEPT_MAX;
use crate::{BreakerSettings, BreakerState, CallFailure, Engine, Plugin, warm};

/// The turns of one plugin's calls, and what they find.
pub(crate) struct Pool {
    engine: Engine,
    pub(super) turns: Arc<Semaphore>,
    pub(super) waiting: AtomicUsize,
    kept: Mutex<Vec<Instance>>,
    pub(super) retired: CancellationToken,
    pub(crate) breaker: Breaker,
}

impl Pool {
    pub(crate) fn new(engine: &Engine, concurrency: usize, breaker: BreakerSettings) -> Self {
        let (engine, turns) = (engine.clone(), Arc::new(Semaphore::new(concurrency)));
        let (waiting, kept, retired) = (AtomicUsize::new(0), Mutex::default(), CancellationToken::new());
        Self { engine, turns, waiting, kept, retired, breaker: Breaker::new(breaker) }
    }

    /// The plugin was replaced or taken out: nothing is kept any more, and calls that go on come to an end.
    pub(crate) fn retire(&self) {
        self.retired.cancel();
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn keep(&self, instance: Instance) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < TOOL_INSTANCES_KEPT_MAX && !self.retired.is_cancelled() {
            kept.push(instance);
        }
    }

    fn take(&self) -> Option<Instance> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("turns", &self.turns).finish_non_exhaustive()
    }
}

/// One that waits for its turn, as long as it does.
pub(super) struct Waits<'a>(pub(super) &'a AtomicUsize);

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The instance of a call, made or taken when it is needed.
pub(super) struct Borrowed {
    plugin: Arc<Plugin>,
    instance: Option<Instance>,
    /// How the breaker let it in; none: the plugin was not needed.
    admitted: Option<Admission>,
}

impl Borrowed {
    pub(super) fn new(plugin: &Arc<Plugin>) -> Self {
        Self { plugin: Arc::clone(plugin), instance: None, admitted: None }
    }

    pub(super) fn get(&mut self) -> Result<&mut Instance, Ended> {
        let plugin = &self.plugin;
        let admission = plugin.pool.breaker.admit(Instant::now());
        match admission {
            Admission::Out(time) => {
                plugin.figures().note_passed_over(1);
                return Err(CallFailure::Busy(format!("plugin `{}`: {}", plugin.name(), is_out(time))).into());
            }
            Admission::Go => {}
            Admission::Probe => announce(plugin, BreakerState::HalfOpen),
        }
        self.admitted = Some(admission);
        let made = match plugin.pool.take() {
            Some(instance) => instance,
            None => warm::make(&plugin.pool.engine, plugin).map_err(Ended::Fault)?,
        };
        Ok(self.instance.insert(made))
    }

    /// The call is over: keeps the instance if it is good for another one, and tells the breaker what came of it.
    pub(super) fn give_back(self, failed: Option<&Ended>) {
        let (plugin, fault) = (&self.plugin, matches!(failed, Some(Ended::Fault(_))));
        if let Some(instance) = self.instance.filter(|instance| !fault && !instance.is_spent()) {
            let (grown, max) = (instance.memory(), plugin.limits().recycle_memory);
            if grown <= max {
                plugin.pool.keep(instance);
            }
        }
        let (breaker, now) = (&plugin.pool.breaker, Instant::now());
        let probes = self.admitted == Some(Admission::Probe);
        if matches!(failed, Some(Ended::Said(CallFailure::Cancelled))) {
            // Whoever called decided that: it says nothing of the plugin.
            if probes {
                breaker.give_up_probe(now);
            }
        } else if (probes || (self.admitted.is_some() && breaker.is_closed()))
            && let Some(state) = breaker.tell(now, 1, usize::from(fault))
        {
            announce(plugin, state);
        }
    }
}

/// To the log alone: the pipeline goes on with the plugin, whatever clients make of its tools.
fn announce(plugin: &Plugin, state: BreakerState) {
    let name = &**plugin.name();
    if state == BreakerState::Open {
        plugin.figures().note_opened();
        tracing::error!(plugin = name, "calls of the plugin keep failing and are refused");
    } else {
        tracing::warn!(plugin = name, state = state.name(), "calls of the plugin are tried again");
    }
}
