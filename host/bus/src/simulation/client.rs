//! A subscriber: keeps nothing but the last id it was given, as `EventSource` does, and must not lose or get anything
//! twice by that.

use std::collections::BTreeMap;

use tidemill_event::Position;

use super::connection::{Block, Connection};
use super::rng::Rng;
use super::trace::Trace;
use super::truth::Truth;
use super::wish::Wish;
use crate::{Gap, Skip, SlowPolicy, Start};

pub(super) struct Client {
    pub(super) number: u64,
    pub(super) wish: Wish,
    /// Where it begins if it was given no id yet.
    pub(super) first: Start,
    /// The last id that it was given.
    pub(super) last_id: Option<Position>,
    pub(super) connection: Option<Box<Connection>>,
    /// Neither reads nor goes away.
    pub(super) stuck: bool,
    /// Gaps told on this connection.
    gaps: Vec<(u64, u64)>,
    /// For each key, the newest event that was left out because of a newer one that has not come yet.
    owed: BTreeMap<usize, u64>,
    /// The newest event that was left out of a sample, and the newest that it got.
    left_out: u64,
    newest: u64,
    pub(super) caught_up: bool,
}

impl Client {
    pub(super) fn new(number: u64, rng: &mut Rng, starts: &[Start]) -> Self {
        Self {
            number,
            wish: Wish::random(rng),
            first: rng.pick(starts),
            last_id: None,
            connection: None,
            stuck: false,
            gaps: Vec::new(),
            owed: BTreeMap::new(),
            left_out: 0,
            newest: 0,
            caught_up: false,
        }
    }

    /// Where it asks to begin.
    pub(super) fn start(&self) -> Start {
        self.last_id.map_or(self.first, Start::After)
    }

    pub(super) fn connect(&mut self, connection: Connection) {
        self.connection = Some(Box::new(connection));
        self.gaps.clear();
    }

    /// Goes away; what is on its way to it is lost.
    pub(super) fn disconnect(&mut self) {
        self.connection = None;
    }

    /// Reads some blocks of what was written for it.
    pub(super) fn read(&mut self, blocks: usize, truth: &Truth, trace: &mut Trace) {
        for _ in 0..blocks {
            let Some(block) = self.connection.as_mut().and_then(|own| own.wire.pop_front()) else { break };
            trace.show(format_args!("subscriber {} reads {block:?}", self.number));
            self.take(block, truth, trace);
        }
        if let Some(connection) = &self.connection
            && connection.ended
            && connection.wire.is_empty()
        {
            self.disconnect();
        }
    }

    fn take(&mut self, block: Block, truth: &Truth, trace: &mut Trace) {
        let number = self.number;
        match block {
            Block::Place(place) => self.advance(place, None, truth),
            Block::Event(place, id) => {
                trace.note("event", &[number, place.sequence]);
                self.advance(place, Some(&id), truth);
            }
            Block::Gap(gap, moved) => {
                trace.note("gap", &[number, gap.from.sequence, gap.to.sequence, gap.missed.unwrap_or(0)]);
                self.take_gap(gap, moved, truth);
            }
            Block::CaughtUp(place) => {
                self.advance(place, None, truth);
                self.check_caught_up(truth);
                self.caught_up = place.sequence == truth.told;
            }
        }
    }

    fn take_gap(&mut self, gap: Gap, moved: bool, truth: &Truth) {
        if gap.reason == Skip::Retention {
            self.gaps.push((gap.from.sequence, gap.to.sequence));
            if moved {
                self.advance(gap.to, None, truth);
            }
        } else {
            assert_eq!(Some(gap.from), self.last_id, "{gap:?}");
            assert!(moved, "{gap:?} has to move the place to resume from, or it is told for ever");
            self.last_id = Some(gap.to);
            self.owed.clear();
            (self.left_out, self.newest) = (0, 0);
        }
    }

    /// Its place moves, with an event or without one: everything up to there must have come, or be accounted for.
    fn advance(&mut self, place: Position, event: Option<&str>, truth: &Truth) {
        let Some(last_id) = self.last_id.replace(place) else {
            assert_eq!(event, None, "an event comes before the place where it begins");
            return;
        };
        if place == last_id {
            assert_eq!(event, None, "{place} comes twice");
            return;
        }
        assert_eq!(place.epoch, last_id.epoch, "another epoch was not told");
        assert!(place.sequence > last_id.sequence, "{place} comes after {last_id}");
        assert_eq!(place.epoch, truth.epoch);
        self.caught_up = false;
        let passed = if event.is_some() { place.sequence - 1 } else { place.sequence };
        for (sequence, fact) in truth.between(last_id.sequence, passed) {
            if self.wish.wants(fact) {
                self.excuse(sequence, truth);
            }
        }
        if let Some(id) = event {
            let fact = truth.fact(place.sequence);
            assert_eq!(fact.id, id, "another event is at {place}");
            assert!(self.wish.wants(fact), "{place} is not wanted");
            self.newest = place.sequence;
            if let Some(subject) = fact.subject {
                self.owed.remove(&subject);
            }
        }
    }

    /// Fails unless there is a good reason that a wanted event did not come.
    fn excuse(&mut self, sequence: u64, truth: &Truth) {
        let fact = truth.fact(sequence);
        let told = self.gaps.iter().any(|(from, to)| *from < sequence && sequence <= *to);
        if fact.gone && told {
            return;
        }
        let was_behind = self.connection.as_ref().is_some_and(|connection| connection.was_behind);
        match (&self.wish.slow, fact.subject) {
            (SlowPolicy::Sample, _) if was_behind => self.left_out = sequence,
            (SlowPolicy::Conflate(_), Some(subject)) if was_behind => {
                self.owed.insert(subject, sequence);
            }
            _ => panic!("{sequence} was lost by subscriber {} (gone: {}, told: {told})", self.number, fact.gone),
        }
    }

    /// It has everything: the newest event of each key, the newest of a sample. Unless these are gone by now.
    fn check_caught_up(&mut self, truth: &Truth) {
        let last = truth.last();
        let newer = |sequence, subject: Option<usize>| {
            let same = |other: Option<usize>| subject.is_none() || other == subject;
            truth.between(sequence, last).any(|(_, fact)| fact.gone && same(fact.subject) && self.wish.wants(fact))
        };
        for (subject, sequence) in &self.owed {
            assert!(newer(*sequence, Some(*subject)), "{sequence} is the newest of its key and was left out");
        }
        assert!(
            self.left_out <= self.newest || newer(self.left_out, None),
            "{} is the newest and was left out of a sample",
            self.left_out
        );
        self.owed.clear();
        self.left_out = 0;
    }
}
