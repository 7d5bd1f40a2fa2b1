//! When somebody got an event first. Deliveries are looked at only while an event is traced that nobody was seen to get.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tidemill_event::{Event, TypePattern};

use crate::limits::{DELIVERIES_SEEN_MAX, FIRST_AWAITED_MAX, FIRSTS_AWAITED_MAX};

type Told = Box<dyn FnOnce(Instant) + Send>;

/// The events that somebody is to get.
#[derive(Debug, Default)]
pub(crate) struct Firsts(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    /// How many there are, to be looked at without the lock.
    count: AtomicUsize,
    awaited: Mutex<VecDeque<Awaited>>,
}

struct Awaited {
    number: usize,
    since: Instant,
    event_type: String,
    /// Deliveries to those who want such events, before it is known where this one stands: after, up to, when. A
    /// subscriber may be told before the publisher.
    seen: Vec<(u64, u64, Instant)>,
    /// Where it stands, and whom to tell.
    stands: Option<(u64, Told)>,
}

impl fmt::Debug for Awaited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Awaited").field("number", &self.number).finish_non_exhaustive()
    }
}

/// One of them, until it is known where it stands.
#[derive(Debug)]
pub(super) struct Ticket {
    number: usize,
    shared: Arc<Shared>,
}

impl Firsts {
    /// Whether there is somebody to tell of deliveries.
    pub(crate) fn awaits(&self) -> bool {
        self.0.count.load(Ordering::Relaxed) > 0
    }

    /// Somebody who wants some types got everything after one sequence, up to another. No types are all.
    pub(crate) fn delivered(&self, types: &[TypePattern], after: u64, up_to: u64) {
        let now = Instant::now();
        let wants = |event_type: &str| types.is_empty() || types.iter().any(|pattern| pattern.matches(event_type));
        let mut told = Vec::new();
        let mut awaited = self.0.lock();
        for index in (0..awaited.len()).rev() {
            let one = &mut awaited[index];
            match &one.stands {
                _ if !wants(&one.event_type) => {}
                None if one.seen.len() < DELIVERIES_SEEN_MAX => one.seen.push((after, up_to, now)),
                Some((sequence, _)) if after < *sequence && *sequence <= up_to => {
                    told.extend(awaited.remove(index).and_then(|one| one.stands));
                }
                _ => {}
            }
        }
        self.0.count.store(awaited.len(), Ordering::Relaxed);
        drop(awaited);
        told.into_iter().for_each(|(_, tell)| tell(now));
    }

    /// Awaits those no longer that nobody got for long. To be called now and then.
    pub(crate) fn give_up(&self) {
        let mut awaited = self.0.lock();
        awaited.retain(|one| one.since.elapsed() < FIRST_AWAITED_MAX);
        self.0.count.store(awaited.len(), Ordering::Relaxed);
    }

    pub(super) fn await_first(&self, event: &Event) -> Ticket {
        static LAST: AtomicUsize = AtomicUsize::new(0);
        let number = LAST.fetch_add(1, Ordering::Relaxed);
        let mut awaited = self.0.lock();
        // The oldest go: perhaps nobody wants them.
        if awaited.len() >= FIRSTS_AWAITED_MAX {
            awaited.pop_front();
        }
        awaited.push_back(Awaited {
            number,
            since: Instant::now(),
            event_type: event.event_type().to_owned(),
            seen: Vec::new(),
            stands: None,
        });
        self.0.count.store(awaited.len(), Ordering::Relaxed);
        Ticket { number, shared: Arc::clone(&self.0) }
    }

    /// Says where an event stands. Whoever is to be told is told now if somebody has it, or as soon as somebody does.
    pub(super) fn settle(&self, ticket: &Ticket, sequence: u64, tell: impl FnOnce(Instant) + Send + 'static) {
        let mut awaited = self.0.lock();
        let Some(one) = awaited.iter_mut().find(|one| one.number == ticket.number) else { return };
        let has = |(after, up_to, _): &&(u64, u64, Instant)| *after < sequence && sequence <= *up_to;
        let seen = one.seen.iter().filter(has).map(|(_, _, at)| *at).min();
        one.seen = Vec::new();
        match seen {
            None => one.stands = Some((sequence, Box::new(tell))),
            Some(at) => {
                drop(awaited);
                tell(at);
            }
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, VecDeque<Awaited>> {
        self.awaited.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Ticket {
    /// Nobody waits any more for one of which it is not known by now where it stands.
    fn drop(&mut self) {
        let mut awaited = self.shared.lock();
        awaited.retain(|one| one.number != self.number || one.stands.is_some());
        self.shared.count.store(awaited.len(), Ordering::Relaxed);
    }
}
