//! The spine: from the queue through the plugins into the log and out to subscribers. The one place where routing,
//! plugins and log meet.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use tidemill_log::{Append, Appended, Log};
use tidemill_plugin::{Lane, Plugins};

use crate::chain::Chain;
use crate::queue::{Queue, Turn};
use crate::receipts::Receipts;

/// One pipeline worker: a plain thread that takes whatever is queued, without waiting for more.
pub(crate) struct Worker {
    pub(crate) queue: Queue,
    pub(crate) plugins: Arc<Plugins>,
    pub(crate) lane: Lane,
    pub(crate) log: Arc<dyn Log>,
    pub(crate) epoch: u32,
    pub(crate) pulse: Arc<Pulse>,
}

impl Worker {
    pub(crate) fn run(mut self) {
        while let Some(turn) = self.queue.next_turn() {
            self.pulse.begin();
            self.process(turn);
            self.pulse.end();
        }
    }

    /// One turn. It ends on the generation on which it began (invariant I7).
    fn process(&mut self, turn: Turn) {
        let generation = self.plugins.current();
        self.lane.enter(&generation);
        let (events, mut receipts) = Receipts::take(turn.submissions, self.epoch, |keys| self.log.known(keys));

        let mut chain = Chain::begin(&mut self.lane, &generation, events, receipts.trails());
        if turn.pause.is_none() {
            chain.hold_back(|source| self.queue.holds(source));
        }
        chain.check_owned();
        chain.run_stages();
        chain.check_changed();
        let passed = chain.finish();

        let (groups, dead_letters) = receipts.note(passed.fates, &passed.origins, passed.failures);
        self.queue.park(receipts.set_aside(passed.later, turn.began), turn.pause);
        if passed.events.is_empty() && dead_letters.is_empty() {
            return receipts.answer(Ok(Appended { places: vec![], dead_letters: vec![] }));
        }
        // Only when it is as durable as the log promises does anybody hear of it (invariant I2): subscribers by way of
        // the tail, which follows the log, and then publishers.
        let done = Box::new(move |appended| receipts.answer(appended));
        self.log.append(Append { events: passed.events, groups, dead_letters, done });
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
