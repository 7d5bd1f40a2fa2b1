//! One pipeline worker: a plain thread that takes whatever is queued, without waiting for more.

use std::sync::Arc;

use tidemill_log::Pulse;

use crate::async_lane::AsyncLane;
use crate::pipeline::Pipeline;
use crate::queue::Queue;

pub(crate) struct Worker {
    pub(crate) queue: Queue,
    pub(crate) pipeline: Pipeline,
    /// For turns whose plugins may wait.
    pub(crate) async_lane: Arc<AsyncLane>,
    /// Whether it gets on, for readiness.
    pub(crate) pulse: Arc<Pulse>,
}

impl Worker {
    pub(crate) fn run(mut self) {
        while let Some(turn) = self.queue.next_turn() {
            self.pulse.begin();
            self.pipeline.figures.note_turn();
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
