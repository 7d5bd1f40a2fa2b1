//! The bus as others use it: publish, subscribe, announce, stop.

use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use hashbrown::HashMap;
use tidemill_event::{Event, Position, TypePattern};
use tidemill_log::{Append, Log, LogInfo, ReadError, ReadLimit, Record};
use tidemill_plugin::{Lane, Plugins};

use crate::cursor::{Cursor, Start};
use crate::ingress::Ingress;
use crate::limits::{SELECTIONS_MAX, TURN_TIME_MAX};
use crate::pipeline::{Pulse, Worker};
use crate::selection::Wanted;
use crate::tail::Tail;
use crate::{Encoding, Outcome, PublishError, Selection};

/// What an operator sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BusOptions {
    /// Pipeline workers, at least one. Events of one source go through one worker.
    pub workers: usize,
    /// Bytes of events that wait for workers.
    pub queue_bytes: usize,
    /// How long a publisher waits for room in the queue.
    pub queue_wait: Duration,
    /// Bytes of recent events and their frames that are kept for live subscribers.
    pub ring_bytes: usize,
}

/// Whether publishing works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// It does.
    Ready,
    /// A worker does not get on, or is gone.
    Stuck,
    /// The bus is stopping.
    Stopping,
}

/// Publishers' and subscribers' way to each other.
#[derive(Debug)]
pub struct Bus {
    ingress: RwLock<Option<Arc<Ingress>>>,
    tail: Arc<Tail>,
    selections: Mutex<HashMap<Wanted, Weak<Selection>>>,
    workers: Mutex<Vec<JoinHandle<()>>>,
    pulses: Vec<Arc<Pulse>>,
}

impl Bus {
    /// Starts the workers.
    pub fn start(log: &Arc<dyn Log>, plugins: &Arc<Plugins>, options: BusOptions) -> std::io::Result<Self> {
        let tail = Arc::new(Tail::new(Arc::clone(log), options.ring_bytes));
        let (ingress, queues) = Ingress::new(options.workers.max(1), options.queue_bytes, options.queue_wait);
        let (mut workers, mut pulses) = (Vec::new(), Vec::new());
        for (number, queue) in queues.into_iter().enumerate() {
            let pulse = Arc::new(Pulse::new());
            pulses.push(Arc::clone(&pulse));
            let (plugins, log, tail) = (Arc::clone(plugins), Arc::clone(log), Arc::clone(&tail));
            let run = move || {
                let lane = Lane::new(plugins.engine().clone());
                Worker { queue, plugins, lane, log, tail, pulse }.run();
            };
            workers.push(thread::Builder::new().name(format!("tidemill-pipeline-{number}")).spawn(run)?);
        }
        Ok(Self {
            ingress: RwLock::new(Some(Arc::new(ingress))),
            tail,
            selections: Mutex::default(),
            workers: Mutex::new(workers),
            pulses,
        })
    }

    /// Sends events through the pipeline and waits until each is stored or decided otherwise. Outcomes are in the order
    /// of the events.
    pub async fn publish(&self, events: Vec<Event>) -> Result<Vec<Outcome>, PublishError> {
        let ingress = self.ingress.read().unwrap_or_else(PoisonError::into_inner).clone();
        ingress.ok_or(PublishError::Closed)?.publish(events).await
    }

    /// Stores an event that the host itself has to say. It passes no plugins: they could hide or fake it.
    pub fn announce(&self, event: Event) {
        let tail = Arc::clone(&self.tail);
        self.tail.log().append(Append {
            events: vec![event],
            done: Box::new(move |stored| match stored {
                Ok(records) => {
                    tail.push(&records);
                    tail.wake();
                }
                Err(error) => tracing::error!("an announcement was not stored: {error}"),
            }),
        });
    }

    /// What a subscriber wants to see. Equal wishes share one selection and so the work of encoding. Empty lists mean
    /// everything; sources and subjects are matched exactly.
    pub fn selection(
        &self,
        types: Vec<TypePattern>,
        sources: Vec<String>,
        subjects: Vec<String>,
        encoding: Encoding,
    ) -> Arc<Selection> {
        let wanted = Wanted { types, sources, subjects, encoding };
        let mut selections = self.selections.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(selection) = selections.get(&wanted).and_then(Weak::upgrade) {
            return selection;
        }
        if selections.len() >= SELECTIONS_MAX {
            selections.retain(|_, selection| selection.strong_count() > 0);
        }
        let selection = Arc::new(Selection::new(wanted.clone()));
        if selections.len() < SELECTIONS_MAX {
            selections.insert(wanted, Arc::downgrade(&selection));
        }
        selection
    }

    /// A new subscriber. It ends by itself after `limit` events.
    pub async fn subscribe(
        &self,
        selection: Arc<Selection>,
        start: Start,
        limit: Option<u64>,
    ) -> Result<Cursor, ReadError> {
        Cursor::new(Arc::clone(&self.tail), selection, start, limit).await
    }

    /// The event at a position, if the log still has it.
    pub async fn record(&self, position: Position) -> Option<Arc<Record>> {
        let before = Position::new(position.epoch, position.sequence.checked_sub(1)?);
        let page = self.tail.log().read(before, ReadLimit { records: 1, bytes: 0 }).await.ok()?;
        page.into_iter().find(|record| record.position == position)
    }

    /// Subscribers at this moment.
    pub fn subscribers(&self) -> usize {
        self.tail.wakers().count()
    }

    /// What the log holds and promises.
    pub fn log_info(&self) -> LogInfo {
        self.tail.log().info()
    }

    /// Whether publishing works.
    pub fn health(&self) -> Health {
        if self.ingress.read().unwrap_or_else(PoisonError::into_inner).is_none() {
            return Health::Stopping;
        }
        let gone = self.workers.lock().unwrap_or_else(PoisonError::into_inner).iter().any(JoinHandle::is_finished);
        let stuck = self.pulses.iter().any(|pulse| pulse.busy() > TURN_TIME_MAX);
        if gone || stuck { Health::Stuck } else { Health::Ready }
    }

    /// Takes no more events; those in the queue are still processed, stored and answered.
    pub fn close_ingress(&self) {
        *self.ingress.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Waits for the workers to finish what is queued. Call it after [`close_ingress`](Self::close_ingress), on a thread
    /// that may block; publishers in flight must have been answered or dropped.
    pub fn join(&self) {
        let workers = std::mem::take(&mut *self.workers.lock().unwrap_or_else(PoisonError::into_inner));
        for worker in workers {
            if worker.join().is_err() {
                tracing::error!("a pipeline worker panicked");
            }
        }
    }

    /// Ends all subscribers.
    pub fn close_subscribers(&self) {
        self.tail.close();
    }
}

#[cfg(test)]
mod tests;
