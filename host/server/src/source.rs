//! Sources: programs of the operator whose output becomes messages of connections, or events. One process for each
//! connection, or one for all.
//!
//! Owns what a source is to others: [`Source::attach`] gives its messages and its input. Must not know how messages come to
//! clients, nor HTTP. What clients send reaches a process only on its standard input.

mod environment;
mod figures;
mod group;
mod input;
mod lines;
mod message;
mod process;
mod publisher;
mod queue;
mod shared;

use std::sync::{Arc, OnceLock};

use tokio::sync::Semaphore;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use crate::app::App;
use crate::config::{self, SourceMode};
use crate::keeper::Keeper;
use crate::limits::SOURCE_SHARED_OUTPUT_MAX;
pub(crate) use figures::Figures;
pub(crate) use input::{Input, Unsent};
pub(crate) use message::Message;
use process::{Outlet, Run};
use shared::Shared;

/// All sources of a server.
#[derive(Debug)]
pub(crate) struct Sources {
    all: Vec<Arc<Source>>,
    stop: CancellationToken,
    running: TaskTracker,
    keeper: Arc<OnceLock<Keeper>>,
}

/// One source.
#[derive(Debug)]
pub(crate) struct Source {
    settings: Arc<config::Source>,
    figures: Arc<Figures>,
    processes: Processes,
    /// Those of [`Sources`].
    stop: CancellationToken,
    running: TaskTracker,
    keeper: Arc<OnceLock<Keeper>>,
}

#[derive(Debug)]
enum Processes {
    /// Places for them.
    PerConnection(Arc<Semaphore>),
    Shared(Shared),
}

/// A connection to a source. Dropped, a process of its own is stopped.
#[derive(Debug)]
pub(crate) struct Attached {
    /// What it says.
    pub(crate) messages: Messages,
    /// What it is told.
    pub(crate) input: Input,
}

/// Messages of a process for one reader. While it does not read, its own process cannot write; of a shared one it misses
/// some.
#[derive(Debug)]
pub(crate) struct Messages {
    queue: queue::Receiver<Message>,
    /// Stops the process that is the reader's own.
    _own: Option<DropGuard>,
}

/// There are as many processes as there may be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` has {most} processes, which is the most (`processes-max`); come back later")]
pub(crate) struct Crowded {
    name: String,
    most: usize,
}

impl Messages {
    /// The next message, once there is one; none after the last.
    pub(crate) async fn next(&mut self) -> Option<Message> {
        self.queue.take().await
    }
}

impl Sources {
    /// Of a configuration. Nothing runs yet.
    pub(crate) fn new(settings: &[config::Source]) -> Self {
        let (stop, running, keeper) = (CancellationToken::new(), TaskTracker::new(), Arc::default());
        let source = |settings: &config::Source| {
            let processes = match &settings.mode {
                SourceMode::PerConnection { processes_max } => {
                    Processes::PerConnection(Arc::new(Semaphore::new(*processes_max)))
                }
                SourceMode::Shared { .. } => Processes::Shared(Shared::default()),
            };
            let (settings, figures) = (Arc::new(settings.clone()), Arc::default());
            let (stop, running, keeper) = (stop.clone(), running.clone(), Arc::clone(&keeper));
            Arc::new(Source { settings, figures, processes, stop, running, keeper })
        };
        Self { all: settings.iter().map(source).collect(), stop, running, keeper }
    }

    /// Starts shared ones, and before them what ends all if the server is killed. `app` gets the events that they publish.
    pub(crate) fn start(&self, app: &Arc<App>) {
        if self.all.is_empty() {
            return;
        }
        match Keeper::start() {
            Ok(keeper) => drop(self.keeper.set(keeper)),
            Err(error) => tracing::warn!("processes of sources would outlive a server that is killed: {error}"),
        }
        for source in &self.all {
            if let (Processes::Shared(shared), SourceMode::Shared { restart, publish }) =
                (&source.processes, &source.settings.mode)
            {
                if let Some(publish) = publish {
                    shared.publish(source, publish.clone(), app);
                }
                self.running.spawn(shared.clone().run(Arc::clone(source), *restart));
            }
        }
    }

    /// The source of a name.
    pub(crate) fn get(&self, name: &str) -> Option<&Arc<Source>> {
        self.all.iter().find(|source| source.settings.name == name)
    }

    /// What each did, by its name.
    pub(crate) fn figures(&self) -> impl Iterator<Item = (&str, &Figures)> {
        self.all.iter().map(|source| (&*source.settings.name, &*source.figures))
    }

    /// Stops all processes, with whatever they started.
    pub(crate) async fn stop(&self) {
        self.stop.cancel();
        self.running.close();
        self.running.wait().await;
    }
}

impl Source {
    /// Connects somebody: with a process of its own, which is started now, or with the one of all. `connection` is who, for
    /// the log.
    pub(crate) fn attach(&self, connection: &str) -> Result<Attached, Crowded> {
        let places = match &self.processes {
            Processes::Shared(shared) => {
                let (to, queue) = queue::bounded(self.settings.output_max.min(SOURCE_SHARED_OUTPUT_MAX));
                shared.attach(to);
                return Ok(Attached { messages: Messages { queue, _own: None }, input: shared.input(&self.settings) });
            }
            Processes::PerConnection(places) => Arc::clone(places),
        };
        let Ok(place) = places.try_acquire_owned() else {
            self.figures.crowded();
            return Err(Crowded { name: self.settings.name.clone(), most: self.figures.running() });
        };
        let (to, queue) = queue::bounded(self.settings.output_max);
        let (settings, figures) = (Arc::clone(&self.settings), Arc::clone(&self.figures));
        let stop = self.stop.child_token();
        let own = stop.clone().drop_guard();
        let input = Input::new(&settings);
        // What is sent before the process is there waits for it.
        let lines = input.open();
        let (connection, of_process, keeper) = (connection.to_owned(), input.clone(), Arc::clone(&self.keeper));
        self.running.spawn(async move {
            let (to, keeper) = (&Outlet::Own(to), keeper.get());
            let run = Run { source: &settings, figures: &figures, to, stop: &stop, keeper, connection: &connection };
            run.until_it_ends(lines).await;
            of_process.close();
            drop(place);
        });
        Ok(Attached { messages: Messages { queue, _own: Some(own) }, input })
    }
}

#[cfg(test)]
mod tests;
