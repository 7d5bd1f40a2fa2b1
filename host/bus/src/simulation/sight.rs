//! The view of the simulation: some subscribers see some of the events. Its worker goes on step by step like everything
//! else, fails now and then, and is replaced.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use tidemill_event::Event;
use tidemill_plugin::{Classified, Fault, Subscriber, Unjudged};

use crate::ring::Segment;
use crate::tail::Tail;
use crate::view::{Judge, Question, Sight, View, Worker, find};

/// The classes that there are.
pub(super) const CLASSES: [&str; 4] = ["all", "half", "few", "none"];
/// One of so many calls fails.
const FAILS: u64 = 23;

/// What a class sees.
pub(super) fn sees(class: &str, id: &str) -> bool {
    let mix = id.bytes().fold(7_u64, |mix, byte| mix.wrapping_mul(31).wrapping_add(byte.into()));
    match class {
        "all" => true,
        "half" => mix.is_multiple_of(2),
        "few" => mix.is_multiple_of(11),
        _ => false,
    }
}

struct ById {
    calls: u64,
}

impl Sight for ById {
    fn classify(&mut self, _: &Subscriber) -> Result<Classified, Fault> {
        unreachable!("classes are given")
    }

    fn visible(&mut self, class: &str, events: &[&Event]) -> Result<Vec<bool>, Unjudged> {
        self.calls += 1;
        if self.calls.is_multiple_of(FAILS) {
            return Err(Unjudged::Out("it fails".into()));
        }
        Ok(events.iter().map(|event| sees(class, event.id())).collect())
    }
}

type Finding = Pin<Box<dyn Future<Output = Vec<Arc<Segment>>>>>;

/// The view in one version.
pub(super) struct Side {
    judge: Arc<Judge>,
    worker: Worker,
    /// What it is at, while it waits for the log.
    at: Option<(Arc<Tail>, Question, Finding)>,
}

impl Side {
    pub(super) fn new(tail: &Arc<Tail>) -> Self {
        let name: Arc<str> = "view".into();
        let (judge, jobs) = Judge::new(tail.judgements().number(), Arc::clone(&name));
        let worker = Worker::new(jobs, name, Box::new(ById { calls: 0 }), tail);
        Self { judge, worker, at: None }
    }

    pub(super) fn view(&self, class: usize) -> View {
        View::new(Arc::clone(&self.judge), CLASSES[class].into())
    }

    /// Goes on with what it is at, or begins with the next; whether it got on.
    pub(super) fn step(&mut self) -> bool {
        if self.at.is_none() {
            let Some(job) = self.worker.next() else { return false };
            let Some((tail, question)) = self.worker.begin(job) else { return true };
            let finding = Box::pin(find(Arc::clone(&tail), question.after()));
            self.at = Some((tail, question, finding));
        }
        let Some((tail, question, mut finding)) = self.at.take() else { return false };
        match finding.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(segments) => {
                self.worker.finish(&tail, question, &segments);
                true
            }
            Poll::Pending => {
                self.at = Some((tail, question, finding));
                false
            }
        }
    }

    /// Another version takes its place.
    pub(super) fn replace(&mut self, tail: &Arc<Tail>) {
        let before = std::mem::replace(self, Self::new(tail));
        before.judge.end();
        tail.wake_view(&before.judge);
    }
}
