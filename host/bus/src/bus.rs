//! The bus as others use it: publish, subscribe, announce, stop.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tidemill_event::{Event, Position};
use tidemill_log::{
    Append, AppendError, KeptDeadLetter, Log, LogFigures, LogInfo, Pulse, ReadError, ReadLimit, Record,
};
use tidemill_plugin::{Lane, Outlet, Plugin, Plugins, StateUsage, States, Subscriber};
use tokio::sync::Semaphore;

use crate::async_lane::AsyncLane;
use crate::chain::Strays;
use crate::cursor::{Cursor, Subscription};
use crate::figures::{Figures, Origin, QueueUsage};
use crate::health::Health;
use crate::inbox::Inbox;
use crate::ingress::Ingress;
use crate::limits::{DEAD_LETTERS_MAX, NEW_EVENTS_BYTES_MAX, QUEUE_UNIT_BYTES};
use crate::pipeline::Pipeline;
use crate::queue::Queue;
use crate::tail::Tail;
use crate::view::Views;
use crate::worker::Worker;
use crate::{Fate, NoView, Outcome, PublishError, Published, Selection, View, Wanted};

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
    /// Bytes per second for all subscribers together that catch up; 0: as many as come.
    pub replay_rate: u64,
    /// How long the queue may be full, a worker at one turn or the log at one commit before publishing counts as stuck.
    pub stuck_after: Duration,
}

/// Publishers' and subscribers' way to each other.
#[derive(Debug)]
pub struct Bus {
    ingress: RwLock<Option<Arc<Ingress>>>,
    tail: Arc<Tail>,
    views: Views,
    workers: Mutex<Vec<JoinHandle<()>>>,
    pulses: Vec<Arc<Pulse>>,
    /// Raised when nothing is tried again any more.
    stops_waiting: Arc<AtomicBool>,
    states: States,
    figures: Arc<Figures>,
    /// Held by each announcement that waits for the log and is counted.
    announcing: Arc<()>,
    stuck_after: Duration,
}

impl Bus {
    /// Starts the workers.
    pub fn start(log: &Arc<dyn Log>, plugins: &Arc<Plugins>, options: BusOptions) -> std::io::Result<Self> {
        let tail = Tail::follow(log, options.ring_bytes, options.replay_rate);
        let epoch = tail.epoch();
        let figures: Arc<Figures> = Arc::default();
        let (ingress, queues) =
            Ingress::new(options.workers.max(1), options.queue_bytes, options.queue_wait, Arc::clone(&figures));
        let states = States::new(log.plugin_state().map_err(std::io::Error::other)?);
        let room = Arc::new(Semaphore::new(NEW_EVENTS_BYTES_MAX / QUEUE_UNIT_BYTES));
        let pipeline = {
            let (plugins, log, states) = (Arc::clone(plugins), Arc::clone(log), states.clone());
            let figures = Arc::clone(&figures);
            move |inbox: Arc<Inbox>, waits: bool| {
                let outlet = Outlet { states: states.clone(), room: Arc::clone(&room), waits };
                let lane = Lane::with_outlet(plugins.engine().clone(), outlet);
                let (plugins, log, figures) = (Arc::clone(&plugins), Arc::clone(&log), Arc::clone(&figures));
                Pipeline { plugins, lane, log, epoch, inbox, strays: Strays::default(), figures }
            }
        };
        let make = pipeline.clone();
        let async_lane = AsyncLane::new(Box::new(move |inbox| make(inbox, true)));
        let stops_waiting: Arc<AtomicBool> = Arc::default();
        let (mut workers, mut pulses) = (Vec::new(), Vec::new());
        for (number, (queue, wake)) in queues.into_iter().zip(ingress.wakes()).enumerate() {
            let pulse = Arc::new(Pulse::default());
            pulses.push(Arc::clone(&pulse));
            let (stops_waiting, async_lane) = (Arc::clone(&stops_waiting), Arc::clone(&async_lane));
            let (inbox, pipeline, figures) = (Inbox::new(wake), pipeline.clone(), Arc::clone(&figures));
            let run = move || {
                let pipeline = pipeline(Arc::clone(&inbox), false);
                Worker { queue: Queue::new(queue, inbox, stops_waiting, figures), pipeline, async_lane, pulse }.run();
            };
            workers.push(thread::Builder::new().name(format!("tidemill-pipeline-{number}")).spawn(run)?);
        }
        Ok(Self {
            ingress: RwLock::new(Some(Arc::new(ingress))),
            views: Views::new(Arc::clone(plugins), Arc::clone(&tail)),
            tail,
            workers: Mutex::new(workers),
            pulses,
            stops_waiting,
            states,
            figures,
            announcing: Arc::default(),
            stuck_after: options.stuck_after,
        })
    }

    /// Sends events through the pipeline and waits until each is stored or decided otherwise. Outcomes are in the order
    /// of the events.
    pub async fn publish(&self, events: Vec<Published>) -> Result<Vec<Outcome>, PublishError> {
        let ingress = self.ingress.read().unwrap_or_else(PoisonError::into_inner).clone();
        ingress.ok_or(PublishError::Closed)?.publish(events).await
    }

    /// Has workers let go of plugins that are not in the current generation any more, also when no events come, and ends
    /// the streams of views that are not.
    pub fn plugins_changed(&self) {
        self.views.plugins_changed();
        if let Some(ingress) = &*self.ingress.read().unwrap_or_else(PoisonError::into_inner) {
            ingress.nudge();
        }
    }

    /// Stores an event that the host itself has to say. It passes no plugins: they could hide or fake it.
    pub fn announce(&self, event: Event) {
        self.figures.note_received(Origin::Host, 1);
        let figures = Arc::clone(&self.figures);
        let done = move |appended: Result<_, AppendError>| {
            figures.note_fate(if appended.is_ok() { Fate::Stored } else { Fate::Lost });
            if let Err(error) = appended {
                tracing::error!("an announcement was not stored: {error}");
            }
        };
        self.tail.log().append(Append::unkeyed(vec![event], Box::new(done)));
    }

    /// The same unless so many announcements of this kind wait for the log by now. Whether it was taken.
    pub fn try_announce(&self, event: Event, most: usize) -> bool {
        let waiting = Arc::clone(&self.announcing);
        // With the one that is held here, and the bus's own.
        if Arc::strong_count(&waiting) > most + 1 {
            return false;
        }
        self.figures.note_received(Origin::Host, 1);
        let figures = Arc::clone(&self.figures);
        let done = move |appended: Result<_, AppendError>| {
            figures.note_fate(if appended.is_ok() { Fate::Stored } else { Fate::Lost });
            drop(waiting);
        };
        self.tail.log().append(Append::unkeyed(vec![event], Box::new(done)));
        true
    }

    /// Waits until everything that was announced so far is stored, or will not be.
    pub async fn settle(&self) {
        let (done, settled) = tokio::sync::oneshot::channel();
        let done = Box::new(move |_| {
            // Whoever waited may be gone.
            let _ = done.send(());
        });
        self.tail.log().append(Append::unkeyed(vec![], done));
        let _ = settled.await;
    }

    /// The selection for a wish. Equal wishes share one for as long as somebody uses it.
    pub fn selection(&self, wanted: Wanted) -> Arc<Selection> {
        self.tail.select(wanted)
    }

    /// What somebody sees through a plugin that is a view, to be put into what it wants.
    pub async fn view(&self, plugin: &Arc<Plugin>, who: Subscriber) -> Result<View, NoView> {
        self.views.classify(plugin, who).await
    }

    /// A new subscriber.
    pub async fn subscribe(&self, subscription: Subscription) -> Result<Cursor, ReadError> {
        Cursor::new(subscription).await
    }

    /// Dead letters with a number greater than `after`, oldest first, at most [`DEAD_LETTERS_MAX`].
    pub async fn dead_letters(&self, after: u64, max: usize) -> Result<Vec<KeptDeadLetter>, ReadError> {
        self.tail.log().dead_letters(after, max.min(DEAD_LETTERS_MAX)).await
    }

    /// One dead letter.
    pub async fn dead_letter(&self, number: u64) -> Result<Option<KeptDeadLetter>, ReadError> {
        let Some(before) = number.checked_sub(1) else { return Ok(None) };
        let found = self.tail.log().dead_letters(before, 1).await?;
        Ok(found.into_iter().find(|kept| kept.number == number))
    }

    /// Forgets dead letters; how many there were.
    pub async fn forget_dead_letters(&self, numbers: Vec<u64>) -> Result<usize, AppendError> {
        self.tail.log().forget_dead_letters(numbers).await
    }

    /// How much a plugin keeps as its state.
    pub fn state_usage(&self, plugin: &str) -> StateUsage {
        self.states.usage(plugin)
    }

    /// Removes all that a plugin keeps; how many keys there were. Blocks.
    pub fn clear_state(&self, plugin: &str) -> Result<usize, AppendError> {
        let (done, cleared) = std::sync::mpsc::sync_channel(1);
        let count = self.states.clear(plugin, |state, receipt| {
            let done = Box::new(move |appended: Result<_, _>| {
                receipt.settle(appended.is_ok());
                // Whoever asked may be gone.
                let _ = done.send(appended.map(|_| ()));
            });
            self.tail.log().append(Append { state, ..Append::unkeyed(vec![], done) });
        });
        if count > 0 {
            cleared.recv().unwrap_or(Err(AppendError::Closed))?;
        }
        Ok(count)
    }

    /// Removes what is too old. To be called now and then; what is too much goes by itself.
    pub async fn trim(&self) -> Result<(), AppendError> {
        self.tail.log().trim().await
    }

    /// The newest sequence that subscribers can have.
    pub fn last(&self) -> Position {
        Position::new(self.tail.epoch(), self.tail.last())
    }

    /// The event at a position, if the log still has it.
    pub async fn record(&self, position: Position) -> Option<Arc<Record>> {
        let before = Position::new(position.epoch, position.sequence.checked_sub(1)?);
        let page = self.tail.log().read(before, ReadLimit { records: 1, bytes: 0 }).await.ok()?;
        page.records.into_iter().find(|record| record.position == position)
    }

    /// Those of a run of events that the log still has, the oldest first. All of them are in memory at once.
    pub async fn records(&self, epoch: u32, sequences: Range<u64>) -> Vec<Arc<Record>> {
        let (mut found, mut next) = (Vec::new(), sequences.start.max(1));
        while next < sequences.end {
            let limit = ReadLimit { records: (sequences.end - next) as usize, bytes: usize::MAX };
            let Ok(page) = self.tail.log().read(Position::new(epoch, next - 1), limit).await else { break };
            found.extend(page.records.into_iter().filter(|record| record.position.sequence < sequences.end));
            if page.to < next {
                break;
            }
            next = page.to + 1;
        }
        found
    }

    /// Subscribers at this moment.
    pub fn subscribers(&self) -> usize {
        self.tail.cursors().load(Ordering::Relaxed)
    }

    /// What the log holds and promises.
    pub fn log_info(&self) -> LogInfo {
        self.tail.log().info()
    }

    /// What was counted so far.
    pub fn figures(&self) -> &Figures {
        &self.figures
    }

    /// What is in the queue.
    pub fn queue_usage(&self) -> QueueUsage {
        let ingress = self.ingress.read().unwrap_or_else(PoisonError::into_inner);
        ingress.as_ref().map(|ingress| ingress.usage()).unwrap_or_default()
    }

    /// How many workers there are, and the longest time that one of them has been at its present turn.
    pub fn workers(&self) -> (usize, Duration) {
        (self.pulses.len(), self.pulses.iter().map(|pulse| pulse.busy()).max().unwrap_or_default())
    }

    /// What the log did so far.
    pub fn log_figures(&self) -> Arc<LogFigures> {
        self.tail.log().figures()
    }

    /// Whether publishing works. Causes come before what they lead to: a log that is stuck stops workers, and those fill
    /// the queue.
    pub fn health(&self) -> Health {
        let full = match &*self.ingress.read().unwrap_or_else(PoisonError::into_inner) {
            None => return Health::Stopping,
            Some(ingress) => ingress.full(),
        };
        let log = self.tail.log();
        let (writing, turn) = (log.figures().writing(), self.workers().1);
        if let Some(error) = log.info().failing {
            Health::LogFails(error)
        } else if writing > self.stuck_after {
            Health::LogStuck(writing)
        } else if self.workers.lock().unwrap_or_else(PoisonError::into_inner).iter().any(JoinHandle::is_finished) {
            Health::WorkerGone
        } else if turn > self.stuck_after {
            Health::WorkerStuck(turn)
        } else if full > self.stuck_after {
            Health::QueueFull(full)
        } else {
            Health::Ready
        }
    }

    /// Tries no event again that a plugin asked for later: its publisher is told to send it again.
    pub fn stop_waiting(&self) {
        self.stops_waiting.store(true, Ordering::Relaxed);
    }

    /// Takes no more events; those in the queue are still processed, stored and answered.
    pub fn close_ingress(&self) {
        *self.ingress.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Waits for the workers to finish what is queued, and closes the log. Call it after [`close_ingress`](Self::close_ingress), on a thread
    /// that may block; publishers in flight must have been answered or dropped.
    pub fn join(&self) {
        let workers = std::mem::take(&mut *self.workers.lock().unwrap_or_else(PoisonError::into_inner));
        for worker in workers {
            if worker.join().is_err() {
                tracing::error!("a pipeline worker panicked");
            }
        }
        self.tail.log().close();
    }

    /// Ends all subscribers.
    pub fn close_subscribers(&self) {
        self.tail.close();
    }
}

#[cfg(test)]
mod tests;
