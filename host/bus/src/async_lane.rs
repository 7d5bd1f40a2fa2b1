//! Turns whose plugins may wait long, for answers over a network: on threads of their own, so that no pipeline worker
//! ever waits for them.
//!
//! The events of one source go there together and in order, and those behind them wait until they are back. Each plugin
//! has threads of its own, so that one which waits does not keep another's events.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use hashbrown::HashMap;
use tidemill_plugin::Plugin;

use crate::inbox::{Expected, Inbox};
use crate::limits::{ASYNC_IDLE_TIME, ASYNC_THREADS_MAX};
use crate::pipeline::Pipeline;
use crate::queue::Turn;

/// Makes the pipeline of a new thread.
type MakePipeline = Box<dyn Fn(Arc<Inbox>) -> Pipeline + Send + Sync>;

pub(crate) struct AsyncLane {
    make: MakePipeline,
    /// By the plugin for which turns are here.
    pools: Mutex<HashMap<Arc<str>, Pool>>,
    came: Condvar,
}

#[derive(Default)]
struct Pool {
    /// Bounded by the room that events take in the ingress queue.
    jobs: VecDeque<Job>,
    threads: usize,
    idle: usize,
}

/// A thread of a pool, for as long as it lives.
struct Present {
    lane: Arc<AsyncLane>,
    plugin: Arc<str>,
    lives: bool,
}

impl Drop for Present {
    fn drop(&mut self) {
        self.lane.leave(&self.plugin, self.lives);
    }
}

/// The events of one source.
struct Job {
    turn: Turn,
    back: Expected,
}

impl AsyncLane {
    pub(crate) fn new(make: MakePipeline) -> Arc<Self> {
        Arc::new(Self { make, pools: Mutex::default(), came: Condvar::new() })
    }

    /// Works on a turn for as long as it takes. Those of its events that have to wait come `back`.
    pub(crate) fn take(self: &Arc<Self>, plugin: &Plugin, turn: Turn, back: Expected) {
        let most = plugin.limits().http_concurrency.min(ASYNC_THREADS_MAX);
        let mut pools = self.lock();
        let pool = pools.entry_ref(plugin.name()).or_default();
        pool.jobs.push_back(Job { turn, back });
        let more = pool.jobs.len() > pool.idle && pool.threads < most;
        pool.threads += usize::from(more);
        drop(pools);
        if more {
            self.start(plugin.name());
        }
        self.came.notify_all();
    }

    /// One more thread for a pool, which is counted already.
    fn start(self: &Arc<Self>, plugin: &Arc<str>) {
        let mut present = Present { lane: Arc::clone(self), plugin: Arc::clone(plugin), lives: false };
        let run = move || {
            present.lives = true;
            present.lane.run(&present.plugin);
        };
        if let Err(error) = thread::Builder::new().name("tidemill-async".into()).spawn(run) {
            tracing::error!("no thread for a plugin that waits: {error}");
        }
    }

    /// Works on turns of one plugin until there are none for a while.
    fn run(&self, plugin: &Arc<str>) {
        let mut pipeline = None;
        while let Some(Job { turn, back }) = self.next(plugin) {
            let pipeline = pipeline.get_or_insert_with(|| (self.make)(Arc::clone(back.inbox())));
            pipeline.inbox = Arc::clone(back.inbox());
            let aside = pipeline.process(turn, |_| false);
            // Nothing goes away from here.
            back.come_back(aside.later);
        }
    }

    fn next(&self, plugin: &Arc<str>) -> Option<Job> {
        let mut pools = self.lock();
        pools.get_mut(plugin)?.idle += 1;
        let nothing = |pools: &mut HashMap<Arc<str>, Pool>| pools.get(plugin).is_some_and(|pool| pool.jobs.is_empty());
        let waited = self.came.wait_timeout_while(pools, ASYNC_IDLE_TIME, nothing);
        let (mut pools, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let pool = pools.get_mut(plugin)?;
        pool.idle -= 1;
        pool.jobs.pop_front()
    }

    /// A thread of a pool is gone, or never lived. What was left to the last one goes to another or, if there can be none,
    /// is given up: its publishers are told, and its sources go on.
    fn leave(self: &Arc<Self>, plugin: &Arc<str>, lived: bool) {
        let mut pools = self.lock();
        let Some(pool) = pools.get_mut(plugin) else { return };
        pool.threads -= 1;
        if pool.threads > 0 {
            return;
        }
        if lived && !pool.jobs.is_empty() {
            pool.threads = 1;
            drop(pools);
            return self.start(plugin);
        }
        let left = pools.remove(plugin);
        drop(pools);
        drop(left);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Arc<str>, Pool>> {
        self.pools.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
