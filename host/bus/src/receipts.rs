//! Who waits for the outcome of which events, from the moment a worker takes them until the log has answered.

use std::sync::Arc;
use std::time::Instant;

use hashbrown::HashMap;
use tidemill_event::{Event, Position};
use tidemill_log::{AppendError, Appended, DeadLetter, Group, Key, Placed};
use tidemill_plugin::Plugin;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::chain::{Failure, Later, Why};
use crate::figures::Figures;
use crate::ingress::{Answer, Reply, Submission};
use crate::parking::{Parked, WaitsFor};
use crate::{Outcome, Published, Trail, TurnTaken};

/// Who waits for which outcomes of one turn.
pub(crate) struct Receipts {
    /// With how many events each of them waits for; none for those who wait elsewhere by now.
    waiting: Vec<(usize, Option<Reply>)>,
    /// What became of each event, as far as that is known.
    fates: Vec<Option<Answer>>,
    /// By which each event is recognised if it comes again.
    keys: Vec<Option<Key>>,
    /// Where it is written down what plugins do with events, by their places; most have none.
    trails: HashMap<usize, Arc<Trail>>,
    /// How often events were published on account of others, likewise.
    hops: HashMap<usize, u8>,
    /// The events that go through plugins, by their places in `fates`.
    passing: Vec<usize>,
    /// The events that are appended, and those that are kept as dead letters, likewise.
    appended: Vec<usize>,
    dead: Vec<usize>,
    /// Whether what plugins decided holds only if the log takes what they wrote.
    depends: bool,
    epoch: u32,
    /// Of each submission, kept until the answer: their bytes are in memory until then.
    rooms: Vec<Option<Arc<OwnedSemaphorePermit>>>,
}

/// An event that is to wait: one of this turn, or one that waited before.
pub(crate) struct Waiting {
    pub(crate) parked: Parked,
    /// The plugin that asked for it, and why; none if it only comes after such an event of its source.
    pub(crate) asked: Option<(Arc<str>, String)>,
}

/// What could not be done in a turn.
#[derive(Default)]
pub(crate) struct Aside {
    /// Events that wait to be tried again, in order.
    pub(crate) later: Vec<Waiting>,
    /// Events that go to the async lane, each list those of one source, and the plugin for whose sake they do.
    pub(crate) away: Vec<(Arc<Plugin>, Vec<Parked>)>,
}

impl Receipts {
    /// Takes a turn apart: the events that plugins are to see, and who waits for them. Events that `known` recognises
    /// have their outcome already.
    pub(crate) fn take(
        turn: Vec<Submission>,
        epoch: u32,
        known: impl FnOnce(&[Key]) -> Vec<Option<Placed>>,
    ) -> (Vec<Event>, Self) {
        let (mut published, mut waiting, mut rooms) = (Vec::new(), Vec::new(), Vec::new());
        for mut submission in turn {
            waiting.push((submission.events.len(), Some(submission.reply)));
            rooms.push(submission.room);
            published.append(&mut submission.events);
        }
        let trails =
            published.iter().enumerate().filter_map(|(place, one)| Some((place, Arc::clone(one.trail.as_ref()?))));
        let trails = trails.collect();
        let hops = published.iter().enumerate().filter(|(_, one)| one.hops > 0).map(|(place, one)| (place, one.hops));
        let hops = hops.collect();
        let keys: Vec<Option<Key>> = published.iter().map(Published::key).collect();
        let mut fates: Vec<Option<Answer>> = published.iter().map(|_| None).collect();
        let asked: Vec<Key> = keys.iter().flatten().copied().collect();
        if !asked.is_empty() {
            let keyed = keys.iter().zip(&mut fates).filter(|(key, _)| key.is_some());
            for ((_, fate), placed) in keyed.zip(known(&asked)) {
                *fate = placed.map(|placed| Answer::Now(stored(epoch, placed)));
            }
        }
        let passing: Vec<usize> = (0..fates.len()).filter(|at| fates[*at].is_none()).collect();
        let events = published.into_iter().zip(&fates).filter(|(_, fate)| fate.is_none());
        let events = events.map(|(published, _)| published.event).collect();
        let (appended, dead) = (Vec::new(), Vec::new());
        (events, Self { waiting, fates, keys, trails, hops, passing, appended, dead, depends: false, epoch, rooms })
    }

    /// Where it is written down what plugins do with the events that go through them, by their order there.
    pub(crate) fn trails(&self) -> HashMap<usize, Arc<Trail>> {
        self.of_passing(&self.trails)
    }

    /// Writes down that plugins are through with this turn, where that is wanted.
    pub(crate) fn note_turn(&self, began: Instant) {
        if !self.trails.is_empty() {
            let turn = TurnTaken { began, ended: Instant::now(), events: self.fates.len() };
            self.trails.values().for_each(|trail| trail.note_turn(turn));
        }
    }

    /// How often these events were published on account of others, if they were.
    pub(crate) fn hops(&self) -> HashMap<usize, u8> {
        self.of_passing(&self.hops)
    }

    /// What is known of events by their places, by the order in which they go through plugins. Mostly nothing.
    fn of_passing<T: Clone>(&self, by_place: &HashMap<usize, T>) -> HashMap<usize, T> {
        if by_place.is_empty() {
            return HashMap::new();
        }
        let passing = self.passing.iter().enumerate();
        passing.filter_map(|(origin, place)| Some((origin, by_place.get(place)?.clone()))).collect()
    }

    /// Takes out the events that are to wait, with whoever waits for them: for a whole submission others are told with
    /// the rest, and its publisher goes on waiting for these.
    pub(crate) fn set_aside(&mut self, later: Vec<Later>, since: Instant) -> Aside {
        let mut aside = Aside::default();
        // Which of those that are away the events of a source go with; none if they wait here. The first one decides.
        let mut places: HashMap<String, Option<usize>> = HashMap::new();
        for Later { origin, event, why } in later {
            let place = self.passing[origin];
            let Some((submission, reply)) = self.submission_of(place) else { continue };
            let (reply, since) = match reply {
                Some(Reply::One { .. } | Reply::Nobody { .. }) => match self.waiting[submission].1.take() {
                    Some(Reply::One { reply, since }) => (WaitsFor::Publisher(reply), since),
                    Some(Reply::Nobody { by, since: before }) => (WaitsFor::Nobody { by }, before.unwrap_or(since)),
                    _ => continue,
                },
                _ => {
                    let (reply, outcome) = oneshot::channel();
                    self.fates[place] = Some(Answer::Later(outcome));
                    (WaitsFor::Publisher(reply), since)
                }
            };
            let trail = self.trails.get(&place).map(Arc::clone);
            let hops = self.hops.get(&place).copied().unwrap_or_default();
            let published = Published { event, id_given: self.keys[place].is_some(), hops, trail };
            let room = self.rooms[submission].clone();
            let source = published.event.source();
            let goes = *places.entry_ref(source).or_insert_with(|| match &why {
                Why::Elsewhere(plugin) => {
                    aside.away.push((Arc::clone(plugin), Vec::new()));
                    Some(aside.away.len() - 1)
                }
                Why::Behind | Why::Asked { .. } => None,
            });
            let parked = Parked { published, reply, room, since };
            match (goes, why) {
                (Some(away), _) => aside.away[away].1.push(parked),
                (None, Why::Asked { by, reason }) => aside.later.push(Waiting { parked, asked: Some((by, reason)) }),
                (None, _) => aside.later.push(Waiting { parked, asked: None }),
            }
        }
        aside
    }

    /// Which submission an event is of.
    fn submission_of(&self, place: usize) -> Option<(usize, &Option<Reply>)> {
        let mut end = 0;
        let found = self.waiting.iter().enumerate().find(|(_, (count, _))| {
            end += count;
            place < end
        });
        found.map(|(submission, (_, reply))| (submission, reply))
    }

    /// Notes what plugins decided about the events that passed through them, and where the events to be appended come
    /// from: how these belong together, and the dead letters beside them.
    pub(crate) fn note(
        &mut self,
        fates: Vec<Option<Outcome>>,
        origins: &[usize],
        failures: Vec<Failure>,
    ) -> (Vec<Group>, Vec<DeadLetter>) {
        for (fate, place) in fates.into_iter().zip(&self.passing) {
            self.fates[*place] = fate.map(Answer::Now);
        }
        let mut groups: Vec<Group> = Vec::with_capacity(origins.len());
        let mut before = None;
        for origin in origins {
            match groups.last_mut() {
                Some(group) if before == Some(origin) => group.events += 1,
                _ => {
                    let place = self.passing[*origin];
                    self.appended.push(place);
                    groups.push(Group { key: self.keys[place], events: 1 });
                }
            }
            before = Some(origin);
        }
        let dead_letters = failures.into_iter().map(|failure| {
            self.dead.push(self.passing[failure.origin]);
            failure.letter
        });
        (groups, dead_letters.collect())
    }

    /// Has what plugins decided about all events hold only if the log takes what they wrote.
    pub(crate) const fn depend(&mut self) {
        self.depends = true;
    }

    /// Tells every publisher, and counts what it tells.
    pub(crate) fn answer(mut self, appended: Result<Appended, AppendError>, figures: &Figures) {
        if !self.trails.is_empty() {
            let now = Instant::now();
            let of = |place: &usize| self.trails.get(place);
            self.appended.iter().filter_map(of).for_each(|trail| trail.note_appended(now));
        }
        match appended {
            Ok(appended) => {
                for (place, placed) in self.appended.iter().zip(appended.places) {
                    self.fates[*place] = Some(Answer::Now(stored(self.epoch, placed)));
                }
                for (place, number) in self.dead.iter().zip(appended.dead_letters) {
                    if let Some(Answer::Now(Outcome::Failed { dead_letter, .. })) = &mut self.fates[*place] {
                        *dead_letter = Some(number);
                    }
                }
            }
            Err(error) => {
                let depends = self.depends.then(|| self.passing.iter()).into_iter().flatten();
                for place in self.appended.iter().chain(depends) {
                    if matches!(self.fates[*place], Some(Answer::Later(_))) {
                        continue;
                    }
                    let reason = error.to_string();
                    self.fates[*place] = Some(Answer::Now(match error {
                        AppendError::Full(_) => Outcome::Full { reason },
                        _ => Outcome::Lost { reason },
                    }));
                }
            }
        }
        let lost = || Outcome::Lost { reason: "the log did not answer for this event".into() };
        let mut fates: Vec<Answer> =
            self.fates.into_iter().map(|fate| fate.unwrap_or_else(|| Answer::Now(lost()))).collect();
        // Events without a reply, or with one for later, are not decided yet.
        let replies = self.waiting.iter().flat_map(|(count, reply)| std::iter::repeat_n(reply.is_some(), *count));
        figures.note_outcomes(fates.iter().zip(replies).filter_map(|(answer, replied)| match answer {
            Answer::Now(outcome) if replied => Some(outcome),
            Answer::Now(_) | Answer::Later(_) => None,
        }));
        let mut fates = fates.drain(..);
        for (count, reply) in self.waiting {
            let mut own = fates.by_ref().take(count);
            // A publisher that went away meanwhile is no reason to stop.
            match (reply, own.next()) {
                (Some(Reply::Whole(reply)), first) => drop(reply.send(first.into_iter().chain(own).collect())),
                (Some(Reply::One { reply, .. }), Some(Answer::Now(outcome))) => drop(reply.send(outcome)),
                (Some(Reply::Nobody { by, .. }), Some(Answer::Now(outcome))) => tell_nobody(&by, &outcome),
                // Its event waits again, with the reply.
                (Some(Reply::One { .. } | Reply::Nobody { .. }) | None, _) => own.for_each(drop),
            }
        }
    }
}

/// Says what became of an event that a plugin published, if it is not there.
fn tell_nobody(by: &str, outcome: &Outcome) {
    match outcome {
        Outcome::Stored { .. } | Outcome::Dropped { .. } => {}
        outcome => tracing::warn!(plugin = by, ?outcome, "an event that the plugin published was not stored"),
    }
}

fn stored(epoch: u32, placed: Placed) -> Outcome {
    let positions = (0..u64::from(placed.events)).map(|part| Position::new(epoch, placed.first + part)).collect();
    Outcome::Stored { positions, duplicate: placed.duplicate }
}
