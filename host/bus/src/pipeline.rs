//! The spine: from the queue through the plugins into the log and out to subscribers. The one place where routing,
//! plugins and log meet.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use tidemill_event::Event;
use tidemill_log::{Append, AppendError, Log, Record};
use tidemill_plugin::{Lane, Plugins};
use tokio::sync::{mpsc, oneshot};

use crate::Outcome;
use crate::chain::Chain;
use crate::ingress::Submission;
use crate::limits::{TURN_BYTES_MAX, TURN_EVENTS_MAX};
use crate::tail::Tail;

/// One pipeline worker: a plain thread that takes whatever is queued, without waiting for more.
pub(crate) struct Worker {
    pub(crate) queue: mpsc::Receiver<Submission>,
    pub(crate) plugins: Arc<Plugins>,
    pub(crate) lane: Lane,
    pub(crate) log: Arc<dyn Log>,
    pub(crate) tail: Arc<Tail>,
    pub(crate) pulse: Arc<Pulse>,
}

impl Worker {
    pub(crate) fn run(mut self) {
        while let Some(first) = self.queue.blocking_recv() {
            self.pulse.begin();
            let turn = self.gather(first);
            self.process(turn);
            self.pulse.end();
        }
    }

    /// Whatever is queued by now, up to one turn.
    fn gather(&mut self, first: Submission) -> Vec<Submission> {
        let size = |submission: &Submission| submission.events.iter().map(Event::weight).sum::<usize>();
        let (mut events, mut bytes) = (first.events.len(), size(&first));
        let mut turn = vec![first];
        while events < TURN_EVENTS_MAX
            && bytes < TURN_BYTES_MAX
            && let Ok(next) = self.queue.try_recv()
        {
            events += next.events.len();
            bytes += size(&next);
            turn.push(next);
        }
        turn
    }

    /// One turn. It ends on the generation on which it began (invariant I7).
    fn process(&mut self, turn: Vec<Submission>) {
        let generation = self.plugins.current();
        self.lane.enter(&generation);
        let (events, mut receipts) = Receipts::take(turn);

        let mut chain = Chain::begin(&mut self.lane, &generation, events);
        chain.check_owned();
        chain.run_stages();
        chain.check_changed();
        let passed = chain.finish();

        receipts.note(passed.fates, passed.origins);
        if passed.events.is_empty() {
            return receipts.answer(Ok(&[]));
        }
        let tail = Arc::clone(&self.tail);
        self.log.append(Append {
            events: passed.events,
            // Only now, as durable as the log promises, does anybody hear of it (invariant I2).
            done: Box::new(move |stored| {
                if let Ok(records) = &stored {
                    tail.push(records);
                }
                receipts.answer(stored.as_deref());
                tail.wake();
            }),
        });
    }
}

/// Who waits for which events' outcomes.
struct Receipts {
    waiting: Vec<(usize, oneshot::Sender<Vec<Outcome>>)>,
    fates: Vec<Option<Outcome>>,
    origins: Vec<usize>,
    /// Kept until the answer: their bytes are in memory until then.
    _rooms: Vec<tokio::sync::OwnedSemaphorePermit>,
}

impl Receipts {
    fn take(turn: Vec<Submission>) -> (Vec<Event>, Self) {
        let (mut events, mut waiting, mut rooms) = (Vec::new(), Vec::new(), Vec::new());
        for mut submission in turn {
            waiting.push((submission.events.len(), submission.answer));
            rooms.push(submission._room);
            events.append(&mut submission.events);
        }
        (events, Self { waiting, fates: Vec::new(), origins: Vec::new(), _rooms: rooms })
    }

    fn note(&mut self, fates: Vec<Option<Outcome>>, origins: Vec<usize>) {
        (self.fates, self.origins) = (fates, origins);
    }

    /// Tells every publisher. Records are in the order of what was appended.
    fn answer(mut self, stored: Result<&[Arc<Record>], &AppendError>) {
        match stored {
            Ok(records) => {
                for (record, origin) in records.iter().zip(&self.origins) {
                    match &mut self.fates[*origin] {
                        Some(Outcome::Stored(positions)) => positions.push(record.position),
                        fate => *fate = Some(Outcome::Stored(vec![record.position])),
                    }
                }
            }
            Err(error) => {
                for origin in &self.origins {
                    self.fates[*origin] = Some(Outcome::Lost { reason: error.to_string() });
                }
            }
        }
        let lost = || Outcome::Lost { reason: "the log did not answer for this event".into() };
        let mut fates = self.fates.into_iter().map(|fate| fate.unwrap_or_else(lost));
        for (count, answer) in self.waiting {
            // A publisher that went away meanwhile is no reason to stop.
            let _ = answer.send(fates.by_ref().take(count).collect());
        }
    }
}

/// Whether a worker gets on, for readiness.
#[derive(Debug)]
pub(crate) struct Pulse {
    start: Instant,
    /// Milliseconds from `start` to the beginning of the turn that is being worked on, plus one; 0 between turns.
    busy_since: AtomicU64,
}

impl Pulse {
    pub(crate) fn new() -> Self {
        Self { start: Instant::now(), busy_since: AtomicU64::new(0) }
    }

    fn begin(&self) {
        let now = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX - 1);
        self.busy_since.store(now + 1, Ordering::Relaxed);
    }

    fn end(&self) {
        self.busy_since.store(0, Ordering::Relaxed);
    }

    /// How long the present turn has been going on.
    pub(crate) fn busy(&self) -> std::time::Duration {
        match self.busy_since.load(Ordering::Relaxed) {
            0 => std::time::Duration::ZERO,
            since => self.start.elapsed().saturating_sub(std::time::Duration::from_millis(since - 1)),
        }
    }
}
