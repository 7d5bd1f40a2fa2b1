//! The bounded queue between publishers and pipeline workers.
//!
//! Bounded in bytes: a publisher waits for room, and after a while is told to come back. Events of one source always go
//! to the same worker, which keeps their order.

use std::hash::BuildHasher;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hashbrown::DefaultHashBuilder;
use tidemill_event::{Problem, is_reserved_type};
use tidemill_log::Pulse;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use crate::figures::{Fate, Figures, Origin, QueueUsage};
use crate::limits::{QUEUE_UNIT_BYTES, SUBMISSION_EVENTS_MAX, SUBMISSIONS_MAX};
use crate::{Outcome, Published};

/// Nothing of a request was taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// The queue was full all the time that a publisher waits.
    #[error("the host is busy: no room in the queue for {0:?}; send again later")]
    Busy(Duration),
    /// The host is stopping.
    #[error("the host is stopping")]
    Closed,
}

/// Events of one request for one worker.
pub(crate) struct Submission {
    pub(crate) events: Vec<Published>,
    pub(crate) reply: Reply,
    /// Room in the queue, given back when all of the submission was answered. An empty one takes none.
    pub(crate) room: Option<Arc<OwnedSemaphorePermit>>,
}

impl Submission {
    /// Nothing: a turn for the worker.
    pub(crate) fn empty() -> Self {
        Self { events: Vec::new(), reply: Reply::Whole(oneshot::channel().0), room: None }
    }
}

/// Who waits for a submission.
pub(crate) enum Reply {
    /// A publisher, for all events.
    Whole(oneshot::Sender<Vec<Answer>>),
    /// A publisher that was told to wait for this one event, which is all of the submission.
    One {
        reply: oneshot::Sender<Outcome>,
        /// Since when it waits.
        since: Instant,
    },
    /// Nobody: a plugin published it.
    Nobody {
        /// Which.
        by: Arc<str>,
        /// Since when it waits, if it does.
        since: Option<Instant>,
    },
}

/// What a publisher gets for one event.
pub(crate) enum Answer {
    Now(Outcome),
    /// A plugin asked for the event again later.
    Later(oneshot::Receiver<Outcome>),
}

impl Answer {
    async fn outcome(self) -> Result<Outcome, PublishError> {
        match self {
            Self::Now(outcome) => Ok(outcome),
            Self::Later(outcome) => outcome.await.map_err(|_| PublishError::Closed),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Ingress {
    queues: Vec<mpsc::Sender<Submission>>,
    room: Arc<Semaphore>,
    units: u32,
    wait: Duration,
    hasher: DefaultHashBuilder,
    /// Since when publishers find no room, and nobody gets in.
    full: Pulse,
    figures: Arc<Figures>,
}

impl Ingress {
    /// Queues for some workers, which get the other ends.
    pub(crate) fn new(
        workers: usize,
        bytes: usize,
        wait: Duration,
        figures: Arc<Figures>,
    ) -> (Self, Vec<mpsc::Receiver<Submission>>) {
        let (queues, ends): (Vec<_>, _) = (0..workers).map(|_| mpsc::channel(SUBMISSIONS_MAX)).unzip();
        let units = u32::try_from(bytes.div_ceil(QUEUE_UNIT_BYTES)).unwrap_or(u32::MAX);
        let room = Arc::new(Semaphore::new(units as usize));
        let (hasher, full) = (DefaultHashBuilder::default(), Pulse::default());
        (Self { queues, room, units, wait, hasher, full, figures }, ends)
    }

    /// Hands events in and waits for what becomes of each; outcomes are in the order of the events.
    pub(crate) async fn publish(&self, events: Vec<Published>) -> Result<Vec<Outcome>, PublishError> {
        // Most requests: nothing to share out.
        if let [event] = &events[..]
            && reserved(event).is_none()
        {
            let queue = self.queue_of(event);
            let answers = self.submit(queue, events).await?.await.map_err(|_| PublishError::Closed)?;
            let mut outcomes = Vec::with_capacity(1);
            for answer in answers {
                outcomes.push(answer.outcome().await?);
            }
            return Ok(outcomes);
        }
        self.publish_shared(events).await
    }

    /// What wakes each worker, as long as there are publishers.
    pub(crate) fn wakes(&self) -> Vec<mpsc::WeakSender<Submission>> {
        self.queues.iter().map(mpsc::Sender::downgrade).collect()
    }

    /// Gives every worker an empty turn. One that has no room in its queue has a turn anyway.
    pub(crate) fn nudge(&self) {
        for queue in &self.queues {
            let _ = queue.try_send(Submission::empty());
        }
    }

    async fn publish_shared(&self, events: Vec<Published>) -> Result<Vec<Outcome>, PublishError> {
        let mut outcomes: Vec<Option<Outcome>> = vec![None; events.len()];
        let mut answers = Vec::with_capacity(1);
        let mut refused = None;
        for (queue, share) in self.shares(events, &mut outcomes).into_iter().enumerate() {
            let mut rest = share.into_iter();
            while refused.is_none() {
                let (places, events): (Vec<usize>, Vec<Published>) = rest.by_ref().take(SUBMISSION_EVENTS_MAX).unzip();
                if events.is_empty() {
                    break;
                }
                match self.submit(queue, events).await {
                    Ok(answer) => answers.push((places, answer)),
                    Err(error) => refused = Some(error),
                }
            }
        }
        if let (Some(error), true) = (&refused, answers.is_empty()) {
            return Err(error.clone());
        }
        for (places, answer) in answers {
            let given = answer.await.map_err(|_| PublishError::Closed)?;
            for (at, answer) in places.into_iter().zip(given) {
                outcomes[at] = Some(answer.outcome().await?);
            }
        }
        // What was handed in goes its way; the rest of the request is told so, event by event.
        let reason = refused.unwrap_or(PublishError::Closed).to_string();
        let lost = || Outcome::Lost { reason: reason.clone() };
        Ok(outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(lost)).collect())
    }

    /// Which events go to which worker, with their places; events that only the host may make go to none.
    fn shares(&self, events: Vec<Published>, outcomes: &mut [Option<Outcome>]) -> Vec<Vec<(usize, Published)>> {
        let mut shares: Vec<Vec<(usize, Published)>> = self.queues.iter().map(|_| Vec::new()).collect();
        for (at, event) in events.into_iter().enumerate() {
            if let Some(refusal) = reserved(&event) {
                self.figures.note_received(Origin::Publisher, 1);
                self.figures.note_fate(Fate::Rejected);
                outcomes[at] = Some(refusal);
            } else if let Some(share) = shares.get_mut(self.queue_of(&event)) {
                share.push((at, event));
            }
        }
        shares
    }

    fn queue_of(&self, published: &Published) -> usize {
        match self.queues.len() {
            1 => 0,
            count => usize::try_from(self.hasher.hash_one(published.event.source()) % count as u64).unwrap_or(0),
        }
    }

    async fn submit(
        &self,
        queue: usize,
        events: Vec<Published>,
    ) -> Result<oneshot::Receiver<Vec<Answer>>, PublishError> {
        let bytes: usize = events.iter().map(|published| published.event.weight()).sum();
        let units = u32::try_from(bytes.div_ceil(QUEUE_UNIT_BYTES)).unwrap_or(u32::MAX).min(self.units);
        let room = match Arc::clone(&self.room).try_acquire_many_owned(units) {
            Ok(room) => room,
            Err(tokio::sync::TryAcquireError::Closed) => return Err(PublishError::Closed),
            Err(tokio::sync::TryAcquireError::NoPermits) => {
                self.full.begin_once();
                let waited = tokio::time::timeout(self.wait, Arc::clone(&self.room).acquire_many_owned(units)).await;
                waited.map_err(|_| self.busy(events.len()))?.map_err(|_| PublishError::Closed)?
            }
        };
        let (answer, receive) = oneshot::channel();
        let sender = self.queues.get(queue).ok_or(PublishError::Closed)?;
        let count = events.len();
        let submission = Submission { events, reply: Reply::Whole(answer), room: Some(Arc::new(room)) };
        match sender.try_send(submission) {
            Ok(()) => {}
            Err(TrySendError::Closed(_)) => return Err(PublishError::Closed),
            Err(TrySendError::Full(submission)) => {
                self.full.begin_once();
                let sent = tokio::time::timeout(self.wait, sender.send(submission)).await;
                sent.map_err(|_| self.busy(count))?.map_err(|_| PublishError::Closed)?;
            }
        }
        self.full.end();
        self.figures.note_received(Origin::Publisher, count);
        Ok(receive)
    }

    /// There was no room for some events.
    fn busy(&self, events: usize) -> PublishError {
        self.full.begin_once();
        self.figures.note_busy(events);
        PublishError::Busy(self.wait)
    }

    /// What is in the queue.
    pub(crate) fn usage(&self) -> QueueUsage {
        let submissions = self.queues.iter().map(|queue| SUBMISSIONS_MAX - queue.capacity()).sum();
        let units = self.units as usize;
        QueueUsage {
            bytes: units.saturating_sub(self.room.available_permits()) * QUEUE_UNIT_BYTES,
            bytes_max: units * QUEUE_UNIT_BYTES,
            submissions,
            submissions_max: self.queues.len() * SUBMISSIONS_MAX,
        }
    }

    /// How long publishers have found no room while nobody got in.
    pub(crate) fn full(&self) -> Duration {
        // Nobody may have come since there is room again. A request that found none may take up to all of it.
        let roomy = self.room.available_permits() >= self.units as usize / 2;
        if roomy && self.queues.iter().all(|queue| queue.capacity() > 0) { Duration::ZERO } else { self.full.busy() }
    }
}

/// The refusal of an event that only the host may make.
fn reserved(published: &Published) -> Option<Outcome> {
    let detail = "types that begin with `tidemill.` are made by the host alone; choose another prefix";
    is_reserved_type(published.event.event_type())
        .then(|| Outcome::Rejected { by: None, problems: vec![Problem::new("type", detail)] })
}
