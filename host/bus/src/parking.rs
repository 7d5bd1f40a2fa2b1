//! Events that wait because a plugin asked for them again later, and those of the same sources behind them: order is
//! kept per source, and other sources do not wait.
//!
//! Owns when they are tried again. What became of them is told by whoever tries.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hashbrown::HashMap;
use tidemill_log::DeadLetter;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::limits::{RETRY_PAUSE, RETRY_PAUSE_MAX, RETRY_TIME_MAX, TURN_EVENTS_MAX};
use crate::{Outcome, Published};

/// Events of one worker that wait.
#[derive(Default)]
pub(crate) struct Parking {
    sources: HashMap<String, Queue>,
}

/// One event that waits.
pub(crate) struct Parked {
    pub(crate) published: Published,
    pub(crate) reply: WaitsFor,
    /// Room in the ingress queue, which the event goes on taking.
    pub(crate) room: Option<Arc<OwnedSemaphorePermit>>,
    /// Since when it waits.
    pub(crate) since: Instant,
}

/// Who waits for the outcome of an event.
pub(crate) enum WaitsFor {
    Publisher(oneshot::Sender<Outcome>),
    /// A plugin published it.
    Nobody {
        by: Arc<str>,
    },
}

/// The events of one source, oldest first.
struct Queue {
    events: VecDeque<Parked>,
    /// None: events before these are away, and will come back.
    due: Option<Instant>,
    pause: Duration,
}

impl Parked {
    /// Whether it has waited as long as any event may.
    pub(crate) fn is_late(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.since) >= RETRY_TIME_MAX
    }

    /// Tells its publisher to send it again. If there is none, the event is kept as a dead letter, which is given back.
    pub(crate) fn give_up(self, by: &Arc<str>, reason: &str) -> Option<DeadLetter> {
        match self.reply {
            WaitsFor::Publisher(reply) => {
                // Whoever waited may be gone.
                let _ = reply.send(Outcome::Retry { by: Arc::clone(by), reason: reason.to_owned() });
                None
            }
            WaitsFor::Nobody { by: publisher } => Some(DeadLetter {
                event: self.published.event,
                plugin: by.to_string(),
                version: String::new(),
                generation: 0,
                reason: "retry".to_owned(),
                detail: format!(
                    "it waited for too long, and plugin `{publisher}`, which published it, cannot send it again: {reason}"
                ),
            }),
        }
    }
}

impl Parking {
    /// Whether events of this source have to wait behind others.
    pub(crate) fn holds(&self, source: &str) -> bool {
        !self.sources.is_empty() && self.sources.contains_key(source)
    }

    /// Lets an event wait behind those of its source.
    pub(crate) fn push(&mut self, event: Parked, now: Instant) {
        let queue = self.sources.entry_ref(event.published.event.source()).or_insert_with(|| Queue {
            events: VecDeque::new(),
            due: Some(now + RETRY_PAUSE),
            pause: RETRY_PAUSE,
        });
        queue.events.push_back(event);
    }

    /// Puts events that were [`taken`](Self::take_due) back in front of their source's others, to be tried again after a
    /// longer pause. They are all of one source, in order.
    pub(crate) fn put_back(&mut self, events: Vec<Parked>, pause: Duration, now: Instant) {
        let Some(first) = events.first() else { return };
        let pause = (pause * 2).min(RETRY_PAUSE_MAX);
        let queue = self.sources.entry_ref(first.published.event.source()).or_insert_with(|| Queue {
            events: VecDeque::new(),
            due: None,
            pause,
        });
        (queue.pause, queue.due) = (pause, Some(now + pause));
        for event in events.into_iter().rev() {
            queue.events.push_front(event);
        }
    }

    /// When the next one is to be tried again.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.sources.values().filter_map(|queue| queue.due).min()
    }

    /// Events of one source whose time has come, as many as make a turn, and the pause that they had. What follows
    /// them stays, and is due as soon as they are through.
    pub(crate) fn take_due(&mut self, now: Instant) -> Option<(Vec<Parked>, Duration)> {
        let source = self
            .sources
            .iter()
            .find(|(_, queue)| queue.due.is_some_and(|due| due <= now))
            .map(|(source, _)| source.clone())?;
        let queue = self.sources.get_mut(&source)?;
        let count = queue.events.len().min(TURN_EVENTS_MAX);
        let events: Vec<Parked> = queue.events.drain(..count).collect();
        let pause = queue.pause;
        if queue.events.is_empty() {
            self.sources.remove(&source);
        }
        Some((events, pause))
    }

    /// Notes that events of a source went away: those that come now wait behind them.
    pub(crate) fn send_away(&mut self, source: &str) {
        let queue = Queue { events: VecDeque::new(), due: None, pause: RETRY_PAUSE };
        self.sources.entry_ref(source).or_insert(queue).due = None;
    }

    /// Notes that they are back. Those behind them are due.
    pub(crate) fn come_back(&mut self, source: &str, now: Instant) {
        if let Some(queue) = self.sources.get_mut(source) {
            queue.due = Some(now);
            if queue.events.is_empty() {
                self.sources.remove(source);
            }
        }
    }

    /// All that are here, when nothing is tried any more.
    pub(crate) fn drain(&mut self) -> Vec<Parked> {
        let parked = self.sources.values_mut().flat_map(|queue| queue.events.drain(..)).collect();
        self.sources.retain(|_, queue| queue.due.is_none());
        parked
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Map;
    use tidemill_event::{Attributes, Data, Event, Timestamp};
    use tokio::sync::Semaphore;

    fn parked(source: &str, id: &str, since: Instant) -> Parked {
        let attributes = Attributes {
            id,
            source,
            event_type: "t",
            subject: None,
            content_type: None,
            data_schema: None,
            extensions: &Map::new(),
        };
        let event = Event::new(&attributes, Timestamp::from_unix_ms(0), Data::Empty).unwrap();
        let room = Arc::new(Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap());
        Parked { published: event.into(), reply: WaitsFor::Publisher(oneshot::channel().0), room: Some(room), since }
    }

    fn ids(events: &[Parked]) -> Vec<&str> {
        events.iter().map(|parked| parked.published.event.id()).collect()
    }

    #[test]
    fn events_wait_in_the_order_of_their_source_and_longer_each_time() {
        let (mut parking, now) = (Parking::default(), Instant::now());
        assert!(parking.next_due().is_none());
        for (source, id) in [("/a", "1"), ("/b", "2"), ("/a", "3")] {
            parking.push(parked(source, id, now), now);
        }
        assert!(parking.holds("/a") && !parking.holds("/c"));
        assert!(parking.take_due(now).is_none());
        let due = parking.next_due().unwrap();
        let mut taken: Vec<_> = std::iter::from_fn(|| parking.take_due(due)).collect();
        taken.sort_by_key(|(events, _)| events.len());
        assert_eq!((ids(&taken[1].0), ids(&taken[0].0)), (vec!["1", "3"], vec!["2"]));
        assert!(parking.next_due().is_none());
        let (events, pause) = taken.pop().unwrap();
        parking.push(parked("/a", "4", due), due);
        parking.put_back(events, pause, due);
        assert_eq!(parking.next_due(), Some(due + 2 * RETRY_PAUSE));
        let (events, pause) = parking.take_due(due + 2 * RETRY_PAUSE).unwrap();
        assert_eq!((ids(&events), pause), (vec!["1", "3", "4"], 2 * RETRY_PAUSE));
    }

    #[test]
    fn no_more_than_a_turn_is_taken_at_a_time() {
        let (mut parking, now) = (Parking::default(), Instant::now());
        for id in 0..TURN_EVENTS_MAX + 3 {
            parking.push(parked("/a", &id.to_string(), now), now);
        }
        let due = parking.next_due().unwrap();
        assert_eq!(parking.take_due(due).unwrap().0.len(), TURN_EVENTS_MAX);
        assert!(parking.holds("/a"), "others stay behind them");
        assert_eq!(parking.take_due(due).unwrap().0.len(), 3);
        assert!(parked("/a", "1", now).is_late(now + RETRY_TIME_MAX));
    }
}
