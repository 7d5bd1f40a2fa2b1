//! What comes to a worker from elsewhere than publishers: events that plugins publish, and sources whose events are back
//! from the async lane. Must not know what is done with them.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use tidemill_plugin::NewEvent;
use tokio::sync::mpsc::WeakSender;

use crate::Published;
use crate::ingress::{Reply, Submission};
use crate::receipts::Waiting;

pub(crate) struct Inbox {
    inner: Mutex<Inner>,
    came: Condvar,
    /// The worker waits at the other end of this; an empty submission wakes it.
    wake: WeakSender<Submission>,
}

#[derive(Default)]
struct Inner {
    published: VecDeque<Submission>,
    back: Vec<Back>,
    /// How many may still come: batches whose plugins published something, and sources that are away.
    expected: usize,
}

/// A source whose events are back.
pub(crate) struct Back {
    pub(crate) source: String,
    /// Those of them that have to wait.
    pub(crate) waiting: Vec<Waiting>,
}

/// Something that will come: one way or the other, also by being dropped.
pub(crate) struct Expected {
    inbox: Arc<Inbox>,
    outcome: Outcome,
}

enum Outcome {
    Nothing,
    /// Only if it is said so.
    Publish(Vec<NewEvent>),
    Published(Vec<NewEvent>),
    Back(Back),
}

impl Inbox {
    pub(crate) fn new(wake: WeakSender<Submission>) -> Arc<Self> {
        Arc::new(Self { inner: Mutex::default(), came: Condvar::new(), wake })
    }

    /// Events that are published once those of their batch are stored; none if there are none.
    pub(crate) fn expect_published(self: &Arc<Self>, events: Vec<NewEvent>) -> Option<Expected> {
        (!events.is_empty()).then(|| self.expect(Outcome::Publish(events)))
    }

    /// A source whose events go away.
    pub(crate) fn expect_back(self: &Arc<Self>, source: String) -> Expected {
        self.expect(Outcome::Back(Back { source, waiting: Vec::new() }))
    }

    fn expect(self: &Arc<Self>, outcome: Outcome) -> Expected {
        self.lock().expected += 1;
        Expected { inbox: Arc::clone(self), outcome }
    }

    /// Events that plugins published, as long as `more` wants some.
    pub(crate) fn take_published(&self, mut more: impl FnMut(&Submission) -> bool) -> Vec<Submission> {
        let mut inner = self.lock();
        let mut taken = Vec::new();
        while inner.published.front().is_some_and(&mut more) {
            taken.extend(inner.published.pop_front());
        }
        taken
    }

    /// Sources that are back.
    pub(crate) fn take_back(&self) -> Vec<Back> {
        std::mem::take(&mut self.lock().back)
    }

    /// Waits until something is there; `false` once nothing will come any more.
    pub(crate) fn wait(&self) -> bool {
        let inner = self.lock();
        let nothing = |inner: &mut Inner| inner.published.is_empty() && inner.back.is_empty() && inner.expected > 0;
        let inner = self.came.wait_while(inner, nothing).unwrap_or_else(PoisonError::into_inner);
        !inner.published.is_empty() || !inner.back.is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Expected {
    /// Where it will come.
    pub(crate) const fn inbox(&self) -> &Arc<Inbox> {
        &self.inbox
    }

    /// What has to wait of the events of a source that is back.
    pub(crate) fn come_back(mut self, events: Vec<Waiting>) {
        if let Outcome::Back(back) = &mut self.outcome {
            back.waiting = events;
        }
    }

    /// Publishes the events. Without this they are not.
    pub(crate) fn publish(mut self) {
        if let Outcome::Publish(events) = &mut self.outcome {
            self.outcome = Outcome::Published(std::mem::take(events));
        }
    }
}

impl Drop for Expected {
    fn drop(&mut self) {
        let mut inner = self.inbox.lock();
        inner.expected -= 1;
        match std::mem::replace(&mut self.outcome, Outcome::Nothing) {
            Outcome::Nothing | Outcome::Publish(_) => {}
            Outcome::Published(events) => inner.published.extend(events.into_iter().map(submission)),
            Outcome::Back(back) => inner.back.push(back),
        }
        drop(inner);
        self.inbox.came.notify_all();
        // A queue that is full wakes the worker anyway; one that is closed is not waited at.
        if let Some(wake) = self.inbox.wake.upgrade() {
            let _ = wake.try_send(Submission::empty());
        }
    }
}

fn submission(new: NewEvent) -> Submission {
    let NewEvent { event, by, id_given, hops, room } = new;
    let events = vec![Published { event, id_given, hops, trail: None }];
    Submission { events, reply: Reply::Nobody { by, since: None }, room: Some(Arc::new(room)) }
}
