//! Who waits for the outcome of which events, from the moment a worker takes them until the log has answered.

use tidemill_event::{Event, Position};
use tidemill_log::{AppendError, Appended, DeadLetter, Group, Key, Placed};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::Outcome;
use crate::chain::Failure;
use crate::ingress::Submission;

/// Who waits for which outcomes of one turn.
pub(crate) struct Receipts {
    waiting: Vec<(usize, oneshot::Sender<Vec<Outcome>>)>,
    /// What became of each event, as far as that is known.
    fates: Vec<Option<Outcome>>,
    /// By which each event is recognised if it comes again.
    keys: Vec<Option<Key>>,
    /// The events that go through plugins, by their places in `fates`.
    passing: Vec<usize>,
    /// The events that are appended, and those that are kept as dead letters, likewise.
    appended: Vec<usize>,
    dead: Vec<usize>,
    epoch: u32,
    /// Kept until the answer: their bytes are in memory until then.
    _rooms: Vec<OwnedSemaphorePermit>,
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
            waiting.push((submission.events.len(), submission.answer));
            rooms.push(submission._room);
            published.append(&mut submission.events);
        }
        let keys: Vec<Option<Key>> = published.iter().map(crate::Published::key).collect();
        let mut fates = vec![None; published.len()];
        let asked: Vec<Key> = keys.iter().flatten().copied().collect();
        if !asked.is_empty() {
            let keyed = keys.iter().zip(&mut fates).filter(|(key, _)| key.is_some());
            for ((_, fate), placed) in keyed.zip(known(&asked)) {
                *fate = placed.map(|placed| stored(epoch, placed));
            }
        }
        let passing: Vec<usize> = (0..fates.len()).filter(|at| fates[*at].is_none()).collect();
        let events = published.into_iter().zip(&fates).filter(|(_, fate)| fate.is_none());
        let events = events.map(|(published, _)| published.event).collect();
        let (appended, dead) = (Vec::new(), Vec::new());
        (events, Self { waiting, fates, keys, passing, appended, dead, epoch, _rooms: rooms })
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
            self.fates[*place] = fate;
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

    /// Tells every publisher.
    pub(crate) fn answer(mut self, appended: Result<Appended, AppendError>) {
        match appended {
            Ok(appended) => {
                for (place, placed) in self.appended.iter().zip(appended.places) {
                    self.fates[*place] = Some(stored(self.epoch, placed));
                }
                for (place, number) in self.dead.iter().zip(appended.dead_letters) {
                    if let Some(Outcome::Failed { dead_letter, .. }) = &mut self.fates[*place] {
                        *dead_letter = Some(number);
                    }
                }
            }
            Err(error) => {
                for place in &self.appended {
                    let reason = error.to_string();
                    self.fates[*place] = Some(match error {
                        AppendError::Full(_) => Outcome::Full { reason },
                        _ => Outcome::Lost { reason },
                    });
                }
            }
        }
        let lost = || Outcome::Lost { reason: "the log did not answer for this event".into() };
        let mut fates = self.fates.into_iter().map(|fate| fate.unwrap_or_else(lost));
        for (count, answer) in self.waiting {
            // A publisher that went away meanwhile is no reason to stop.
            let _ = answer.send(fates.by_ref().take(count).collect());
        }
    }
}

fn stored(epoch: u32, placed: Placed) -> Outcome {
    let positions = (0..u64::from(placed.events)).map(|part| Position::new(epoch, placed.first + part)).collect();
    Outcome::Stored { positions, duplicate: placed.duplicate }
}
