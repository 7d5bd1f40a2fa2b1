//! One pipeline worker: a plain thread that takes whatever is queued, without waiting for more, and whether it gets on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::async_lane::AsyncLane;
use crate::pipeline::Pipeline;
use crate::queue::Queue;

pub(crate) struct Worker {
    pub(crate) queue: Queue,
    pub(crate) pipeline: Pipeline,
    /// For turns whose plugins may wait.
    pub(crate) async_lane: Arc<AsyncLane>,
    pub(crate) pulse: Arc<Pulse>,
}

impl Worker {
    pub(crate) fn run(mut self) {
        while let Some(turn) = self.queue.next_turn() {
            self.pulse.begin();
            let pause = turn.pause;
            // What waited before is what others wait behind.
            let aside = self.pipeline.process(turn, |source| pause.is_none() && self.queue.holds(source));
            self.queue.park(aside.later, pause);
            for (plugin, events) in aside.away {
                let (turn, back) = self.queue.send_away(events);
                self.async_lane.take(&plugin, turn, back);
            }
            self.keep_lost();
            self.pulse.end();
        }
        self.keep_lost();
    }

    /// Keeps what was given up and nobody can send again.
    fn keep_lost(&mut self) {
        let lost = self.queue.take_lost();
        if !lost.is_empty() {
            self.pipeline.keep_dead(lost);
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
    pub(crate) fn busy(&self) -> Duration {
        match self.busy_since.load(Ordering::Relaxed) {
            0 => Duration::ZERO,
            since => self.start.elapsed().saturating_sub(Duration::from_millis(since - 1)),
        }
    }
}
