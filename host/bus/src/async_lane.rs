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
        let mut pools = self.lock();
        let pool = pools.entry_ref(plugin.name()).or_default();
        pool.jobs.push_back(Job { turn, back });
        let most = plugin.limits().http_concurrency.min(ASYNC_THREADS_MAX);
        if pool.jobs.len() > pool.idle && pool.threads < most {
            let (lane, name) = (Arc::clone(self), Arc::clone(plugin.name()));
            let started = thread::Builder::new().name("tidemill-async".into()).spawn(move || lane.run(&name));
            match started {
                Ok(_) => pool.threads += 1,
                Err(error) => tracing::error!("no thread for a plugin that waits: {error}"),
            }
        }
        drop(pools);
        self.came.notify_all();
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
        let (mut pools, _) =
            self.came.wait_timeout_while(pools, ASYNC_IDLE_TIME, nothing).unwrap_or_else(PoisonError::into_inner);
        let pool = pools.get_mut(plugin)?;
        pool.idle -= 1;
        let job = pool.jobs.pop_front();
        if job.is_none() {
            pool.threads -= 1;
            if pool.threads == 0 {
                pools.remove(plugin);
            }
        }
        job
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Arc<str>, Pool>> {
        self.pools.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
