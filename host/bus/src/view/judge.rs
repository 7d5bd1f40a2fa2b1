//! One view in one version, as subscribers reach it: what its worker is asked, and when that is of no use any more.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{Shared, ready};
use hashbrown::HashMap;
use tidemill_log::BoxFuture;
use tidemill_plugin::{Classified, Fault, Subscriber};
use tokio::sync::{mpsc, oneshot};

use super::Judgement;
use crate::limits::VIEW_JOBS_MAX;

/// What came of a question: a judgement of what comes after the place that was asked about; none if that is not there any
/// more. Or it cannot be judged at the moment.
pub(crate) type Judged = Result<Option<Arc<Judgement>>, Unable>;

/// A question that others may share. Whoever shares it drives it, and none of them holds it up: what answers is a thread.
pub(crate) type Judging = Shared<BoxFuture<'static, Judged>>;

/// A view does not judge. Its worker said why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unable;

/// What a worker has to do.
pub(crate) enum Job {
    Classify { who: Subscriber, answer: oneshot::Sender<Result<Classified, Fault>> },
    Judge(Question),
}

/// What does this class see of what comes after this sequence?
pub(crate) struct Question {
    pub(super) class: Arc<str>,
    pub(super) after: u64,
    pub(super) answer: oneshot::Sender<Judged>,
}

impl Question {
    /// After which sequence what is to be judged begins.
    pub(crate) const fn after(&self) -> u64 {
        self.after
    }
}

/// Until its end there is a worker.
pub(crate) struct Judge {
    number: u64,
    plugin: Arc<str>,
    /// None from its end on, also if there are still subscribers who are to notice that.
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
    state: Arc<State>,
}

/// What a judge and its worker share.
#[derive(Default)]
pub(super) struct State {
    over: AtomicBool,
    /// What the worker was asked and did not answer yet.
    asked: Mutex<HashMap<(Arc<str>, u64), Judging>>,
}

/// A worker's end of a judge.
pub(crate) struct Jobs {
    pub(super) number: u64,
    pub(super) queue: mpsc::Receiver<Job>,
    pub(super) state: Arc<State>,
}

impl Judge {
    pub(crate) fn new(number: u64, plugin: Arc<str>) -> (Arc<Self>, Jobs) {
        let (jobs, queue) = mpsc::channel(VIEW_JOBS_MAX);
        let state = Arc::<State>::default();
        let judge = Self { number, plugin, jobs: Mutex::new(Some(jobs)), state: Arc::clone(&state) };
        (Arc::new(judge), Jobs { number, queue, state })
    }

    pub(super) const fn number(&self) -> u64 {
        self.number
    }

    pub(super) fn plugin(&self) -> &str {
        &self.plugin
    }

    /// Its plugin runs no more, in this version or with these settings.
    pub(crate) fn end(&self) {
        self.state.over.store(true, Ordering::SeqCst);
        *self.jobs() = None;
    }

    /// See [`end`](Self::end).
    pub(crate) fn is_over(&self) -> bool {
        self.state.is_over()
    }

    /// Whether its worker died.
    pub(super) fn is_gone(&self) -> bool {
        self.jobs().as_ref().is_none_or(mpsc::Sender::is_closed)
    }

    /// Has a subscriber classified; none if there is too much to do.
    pub(super) fn classify(&self, who: Subscriber) -> Option<oneshot::Receiver<Result<Classified, Fault>>> {
        let (answer, answered) = oneshot::channel();
        self.give(Job::Classify { who, answer }).then_some(answered)
    }

    /// Has what comes after a sequence judged for a class. Never waits: a place in the queue that somebody who is stuck
    /// waited for would be nobody's.
    pub(super) fn ask(&self, class: &Arc<str>, after: u64) -> Judging {
        let mut asked = self.state.asked();
        let place = (Arc::clone(class), after);
        if let Some(judging) = asked.get(&place) {
            return judging.clone();
        }
        let (answer, answered) = oneshot::channel();
        let question = Question { class: Arc::clone(class), after, answer };
        if !self.give(Job::Judge(question)) {
            if !self.is_over() {
                tracing::warn!(view = &*self.plugin, "it has too much to judge: streams end and come back");
            }
            return (Box::pin(ready(Err(Unable))) as BoxFuture<'static, Judged>).shared();
        }
        let answered: BoxFuture<'static, Judged> = Box::pin(answered.map(|told| told.unwrap_or(Err(Unable))));
        let judging = answered.shared();
        asked.insert(place, judging.clone());
        judging
    }

    /// Whether there was room.
    fn give(&self, job: Job) -> bool {
        self.jobs().as_ref().is_some_and(|jobs| jobs.try_send(job).is_ok())
    }

    fn jobs(&self) -> MutexGuard<'_, Option<mpsc::Sender<Job>>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    pub(super) fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }

    /// Tells whoever asked. From here on the same question is a new one.
    pub(super) fn answer(&self, question: Question, judged: Judged) {
        let Question { class, after, answer } = question;
        self.asked().remove(&(class, after));
        // They may all be gone.
        let _ = answer.send(judged);
    }

    fn asked(&self) -> MutexGuard<'_, HashMap<(Arc<str>, u64), Judging>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Judge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Judge").field("plugin", &self.plugin).field("number", &self.number).finish_non_exhaustive()
    }
}
