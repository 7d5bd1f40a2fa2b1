//! Takes a plugin out that keeps failing, and lets it try again after a while: a circuit breaker for each version.
//!
//! Owns the decision only; what is done with events meanwhile, and who is told, is up to others.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Deserialize;

/// Parts of a window: what is older leaves it part by part.
const SLOTS: usize = 10;
/// After each failed probe the next one is twice as far away, up to so many times the first rest.
const RESTS_MAX: u32 = 16;

/// When a plugin is taken out, and what happens then.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BreakerSettings {
    /// How far back failures count.
    pub window: Duration,
    /// Failed events in a window from which on a plugin may be taken out; 0 never takes it out.
    pub faults: u32,
    /// Share of the events in a window that must have failed, from 0 to 1.
    pub rate: f64,
    /// How long it stays out before one batch tries it again.
    pub rest: Duration,
    /// What happens while it is out.
    pub then: Then,
}

/// What happens to the events of a plugin that is out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Then {
    /// They are refused; their publishers are told to send them again.
    #[default]
    Refuse,
    /// They go on without it. Events that need its validation as the owner of their type are refused all the same.
    Bypass,
    /// The version that ran before takes its place; where there is none, they are refused.
    Rollback,
}

impl Then {
    /// The name used in settings and answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Bypass => "bypass",
            Self::Rollback => "rollback",
        }
    }
}

impl Default for BreakerSettings {
    fn default() -> Self {
        let (window, rest) = (Duration::from_secs(10), Duration::from_secs(30));
        Self { window, faults: 20, rate: 0.5, rest, then: Then::default() }
    }
}

/// Where a breaker stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerState {
    /// The plugin is called.
    Closed,
    /// It is out.
    Open,
    /// One batch is trying it.
    HalfOpen,
}

impl BreakerState {
    /// The name used in answers and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half-open",
        }
    }
}

/// Whether a batch may go to the plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    Go,
    /// It is the one batch that tries the plugin again.
    Probe,
    /// Not before so long.
    Out(Duration),
}

/// One version's breaker, shared by all workers.
#[derive(Debug)]
pub(crate) struct Breaker {
    settings: BreakerSettings,
    inner: Mutex<Inner>,
    /// Whether the state is closed, to be known without the lock. Whoever sees it late sends one batch more, like those
    /// who were under way already.
    closed: AtomicBool,
}

#[derive(Debug)]
struct Inner {
    state: State,
    /// Events and failed ones by part of the window; `at` is the one that is being filled, since `since`.
    slots: [(u32, u32); SLOTS],
    at: usize,
    since: Instant,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Closed,
    Open {
        until: Instant,
        rests: u32,
    },
    /// Since when. A probe that never ends (its worker died) does not keep the plugin out for ever.
    Probing {
        since: Instant,
        rests: u32,
    },
}

impl Breaker {
    pub(crate) fn new(settings: BreakerSettings) -> Self {
        let inner = Inner { state: State::Closed, slots: [(0, 0); SLOTS], at: 0, since: Instant::now() };
        Self { settings, inner: Mutex::new(inner), closed: AtomicBool::new(true) }
    }

    pub(crate) const fn settings(&self) -> &BreakerSettings {
        &self.settings
    }

    pub(crate) fn state(&self) -> BreakerState {
        match self.lock().state {
            State::Closed => BreakerState::Closed,
            State::Open { .. } => BreakerState::Open,
            State::Probing { .. } => BreakerState::HalfOpen,
        }
    }

    /// Whether a batch may go without asking.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Relaxed)
    }

    /// How long the plugin is out for certain. Takes no part in trying it again.
    pub(crate) fn out_for(&self, now: Instant) -> Option<Duration> {
        match self.lock().state {
            State::Open { until, .. } => until.checked_duration_since(now).filter(|left| !left.is_zero()),
            State::Closed | State::Probing { .. } => None,
        }
    }

    /// Asks for a batch. Whoever gets [`Admission::Probe`] must [`tell`](Self::tell) what came of it, or
    /// [give it up](Self::give_up_probe).
    pub(crate) fn admit(&self, now: Instant) -> Admission {
        let mut inner = self.lock();
        match inner.state {
            State::Closed => Admission::Go,
            State::Open { until, .. } if now < until => Admission::Out(until - now),
            State::Probing { since, .. } if now < since + self.settings.rest => {
                Admission::Out(since + self.settings.rest - now)
            }
            State::Open { rests, .. } | State::Probing { rests, .. } => {
                inner.state = State::Probing { since: now, rests };
                Admission::Probe
            }
        }
    }

    /// Nothing can be said of a probe: the next one may try.
    pub(crate) fn give_up_probe(&self, now: Instant) {
        let mut inner = self.lock();
        if let State::Probing { rests, .. } = inner.state {
            inner.state = State::Open { until: now, rests };
        }
    }

    /// Notes what came of a batch; the state that this leads to, if it is another one.
    pub(crate) fn tell(&self, now: Instant, events: usize, failed: usize) -> Option<BreakerState> {
        let mut inner = self.lock();
        match inner.state {
            State::Closed => {
                inner.pass(now, self.settings.window / SLOTS as u32);
                let at = inner.at;
                let slot = &mut inner.slots[at];
                slot.0 = slot.0.saturating_add(u32::try_from(events).unwrap_or(u32::MAX));
                slot.1 = slot.1.saturating_add(u32::try_from(failed).unwrap_or(u32::MAX));
                if failed == 0 || !self.is_too_much(&inner.slots) {
                    return None;
                }
                inner.state = State::Open { until: now + self.settings.rest, rests: 1 };
                self.closed.store(false, Relaxed);
                Some(BreakerState::Open)
            }
            State::Probing { .. } if failed == 0 => {
                inner.state = State::Closed;
                self.closed.store(true, Relaxed);
                inner.slots = [(0, 0); SLOTS];
                Some(BreakerState::Closed)
            }
            State::Probing { rests, .. } => {
                let rests = (rests * 2).min(RESTS_MAX);
                inner.state = State::Open { until: now + self.settings.rest * rests, rests };
                Some(BreakerState::Open)
            }
            // Another worker's batch, which went before the plugin was taken out.
            State::Open { .. } => None,
        }
    }

    fn is_too_much(&self, slots: &[(u32, u32); SLOTS]) -> bool {
        let sum = |of: fn(&(u32, u32)) -> u32| slots.iter().map(of).fold(0_u32, u32::saturating_add);
        let (events, failed) = (sum(|slot| slot.0), sum(|slot| slot.1));
        self.settings.faults > 0
            && failed >= self.settings.faults
            && f64::from(failed) >= self.settings.rate * f64::from(events)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Goes on to the part of the window in which `now` is, and forgets what is older than a window.
    fn pass(&mut self, now: Instant, slot: Duration) {
        let slot = slot.max(Duration::from_millis(1));
        for _ in 0..SLOTS {
            if now.saturating_duration_since(self.since) < slot {
                return;
            }
            self.since += slot;
            self.at = (self.at + 1) % SLOTS;
            self.slots[self.at] = (0, 0);
        }
        self.since = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn breaker() -> (Breaker, Instant) {
        (Breaker::new(BreakerSettings::default()), Instant::now())
    }

    #[test]
    fn a_plugin_that_mostly_fails_is_taken_out_and_tried_again() {
        let (breaker, start) = breaker();
        assert_eq!(breaker.tell(start, 30, 19), None);
        assert_eq!(breaker.admit(start), Admission::Go);
        assert_eq!(breaker.tell(start + SECOND, 1, 1), Some(BreakerState::Open));
        assert_eq!(breaker.admit(start + 2 * SECOND), Admission::Out(29 * SECOND));
        assert_eq!(
            (breaker.out_for(start + 2 * SECOND), breaker.out_for(start + 31 * SECOND)),
            (Some(29 * SECOND), None)
        );
        assert_eq!(breaker.tell(start + 2 * SECOND, 1, 1), None, "what was under way already changes nothing");
        let later = start + 31 * SECOND;
        assert_eq!((breaker.admit(later), breaker.state()), (Admission::Probe, BreakerState::HalfOpen));
        assert_eq!(breaker.admit(later), Admission::Out(30 * SECOND), "one batch at a time");
        assert_eq!(breaker.tell(later, 5, 1), Some(BreakerState::Open));
        assert_eq!(breaker.admit(later), Admission::Out(60 * SECOND), "longer each time");
        let later = later + 60 * SECOND;
        assert_eq!(breaker.admit(later), Admission::Probe);
        assert_eq!(breaker.tell(later, 5, 0), Some(BreakerState::Closed));
        assert_eq!((breaker.admit(later), breaker.tell(later, 1, 1)), (Admission::Go, None));
    }

    #[test]
    fn single_failures_among_many_events_or_over_a_long_time_take_nothing_out() {
        let (breaker, start) = breaker();
        for second in 0..100 {
            assert_eq!(breaker.tell(start + second * SECOND, 1_000, 100), None);
        }
        let (breaker, start) = super::tests::breaker();
        for second in 0..1_000 {
            assert_eq!(breaker.tell(start + second * SECOND, 1, 1), None, "never 20 in 10 seconds");
        }
        let never = Breaker::new(BreakerSettings { faults: 0, ..BreakerSettings::default() });
        assert_eq!(never.tell(start, 1_000, 1_000), None);
    }

    #[test]
    fn a_probe_that_never_ends_is_followed_by_another() {
        let (breaker, start) = breaker();
        breaker.tell(start, 20, 20);
        assert_eq!(breaker.admit(start + 30 * SECOND), Admission::Probe);
        assert_eq!(breaker.admit(start + 60 * SECOND), Admission::Probe);
    }

    #[test]
    fn a_probe_of_which_nothing_can_be_said_is_followed_by_another_at_once() {
        let (breaker, start) = breaker();
        breaker.give_up_probe(start);
        assert_eq!(breaker.admit(start), Admission::Go, "there was none");
        breaker.tell(start, 20, 20);
        let later = start + 30 * SECOND;
        assert_eq!(breaker.admit(later), Admission::Probe);
        breaker.give_up_probe(later);
        assert_eq!((breaker.state(), breaker.admit(later)), (BreakerState::Open, Admission::Probe));
    }
}
