//! Publishers: each sends events with keys, repeats what was not answered, and checks what it is answered.

use std::sync::{Arc, Mutex};

use serde_json::Map;
use tidemill_event::{Attributes, Audience, Data, Event, Timestamp};
use tidemill_log::{Append, AppendError, Appended, Group, Key, Log};

use super::rng::Rng;
use super::step_log::StepLog;
use super::truth::{AUDIENCES, SUBJECTS, TYPES, Truth};

/// What the events of one seed look like.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    /// How likely each type is.
    pub(super) kinds: [u64; TYPES.len()],
    /// Bytes of data are at most so many.
    pub(super) padding: u64,
    /// Published events become at most so many.
    pub(super) parts: u64,
}

type Answer = Arc<Mutex<Option<Result<Appended, AppendError>>>>;

/// Events that are sent together.
struct Pack {
    events: Vec<Event>,
    groups: Vec<Group>,
    /// It has keys, so that it may be sent again.
    keyed: bool,
    answer: Answer,
    /// The log's end when it was committed at the earliest.
    sent: bool,
}

#[derive(Default)]
pub(super) struct Publishers {
    made: u64,
    packs: Vec<Pack>,
    /// Was answered, and may be sent again.
    answered: Vec<Pack>,
}

impl Publishers {
    /// Sends so many new published events.
    pub(super) fn publish(&mut self, log: &StepLog, rng: &mut Rng, shape: &Shape, count: u64) {
        let (mut events, mut groups) = (Vec::new(), Vec::new());
        let keyed = rng.chance(80);
        // Long runs of one type are what a filter has to pass over.
        let only = rng.chance(30).then(|| rng.index(TYPES.len()));
        for _ in 0..count {
            self.made += 1;
            let name = format!("p{}", self.made);
            let parts = if rng.chance(20) { rng.within(1, shape.parts) } else { 1 };
            let key = (keyed && rng.chance(90)).then(|| Key::new("/s", &name));
            events.extend((0..parts).map(|part| event(&format!("{name}.{part}"), only, rng, shape)));
            groups.push(Group { key, events: parts as u32 });
        }
        // Without all keys a repetition would store some of it twice.
        let keyed = groups.iter().all(|group| group.key.is_some());
        let mut pack = Pack { events, groups, keyed, answer: Answer::default(), sent: false };
        pack.send(log);
        self.packs.push(pack);
    }

    /// Sends something again that was answered, as a publisher does that missed the answer.
    pub(super) fn repeat(&mut self, log: &StepLog, rng: &mut Rng) {
        if !self.answered.is_empty() {
            let mut pack = self.answered.swap_remove(rng.index(self.answered.len()));
            pack.send(log);
            self.packs.push(pack);
        }
    }

    /// The process ended: what waited is lost, and so is the answer to what was stored but not told.
    pub(super) fn crash(&mut self) {
        self.packs.retain(|pack| pack.keyed);
        self.packs.iter_mut().for_each(|pack| {
            pack.sent = false;
            pack.answer = Answer::default();
        });
    }

    /// Sends everything again that is not on its way.
    pub(super) fn retry(&mut self, log: &StepLog) {
        self.packs.iter_mut().filter(|pack| !pack.sent).for_each(|pack| pack.send(log));
    }

    /// Looks at the answers that came after a commit that began at `before`; how many came.
    pub(super) fn look(&mut self, truth: &Truth, before: u64) -> u64 {
        let mut count = 0;
        for mut pack in std::mem::take(&mut self.packs) {
            let Some(answer) = pack.answer.lock().unwrap().take() else {
                self.packs.push(pack);
                continue;
            };
            count += 1;
            pack.check(&answer.unwrap(), truth, before);
            pack.sent = false;
            if pack.keyed && self.answered.len() < 20 {
                self.answered.push(pack);
            }
        }
        count
    }

    pub(super) fn waiting(&self) -> usize {
        self.packs.len()
    }
}

impl Pack {
    fn send(&mut self, log: &StepLog) {
        self.sent = true;
        let answer = Arc::clone(&self.answer);
        log.append(Append {
            events: self.events.clone(),
            groups: self.groups.clone(),
            dead_letters: Vec::new(),
            state: tidemill_event::StateChanges::default(),
            done: Box::new(move |result| {
                assert!(answer.lock().unwrap().replace(result).is_none(), "answered twice");
            }),
        });
    }

    fn check(&self, answer: &Appended, truth: &Truth, before: u64) {
        assert_eq!(answer.places.len(), self.groups.len());
        let mut events = self.events.iter();
        for (placed, group) in answer.places.iter().zip(&self.groups) {
            assert_eq!(placed.events, group.events);
            assert!(placed.duplicate || placed.first > before, "an old event is acknowledged as new");
            for (sequence, event) in (placed.first..).zip(events.by_ref().take(group.events as usize)) {
                assert_eq!(truth.place(event.id()), Some(sequence), "{} is not where it was said to be", event.id());
            }
        }
    }
}

fn event(id: &str, kind: Option<usize>, rng: &mut Rng, shape: &Shape) -> Event {
    let none = Map::new();
    let subject = (!rng.chance(10)).then(|| rng.pick(&SUBJECTS));
    let attributes = Attributes {
        id,
        source: "/s",
        event_type: TYPES[kind.unwrap_or_else(|| rng.weighted(&shape.kinds))],
        subject,
        content_type: Some("text/plain"),
        data_schema: None,
        extensions: &none,
    };
    let padding = if rng.chance(30) { rng.below(shape.padding + 1) } else { 0 };
    let data = format!("{id} {}", "x".repeat(padding as usize));
    let audience = if rng.chance(60) { AUDIENCES[0] } else { rng.pick(&AUDIENCES) };
    let audience = (!audience.is_empty()).then(|| Audience::parse("audience", audience).unwrap().into());
    Event::new(&attributes, Timestamp::default(), Data::Bytes(data.into())).unwrap().with_audience(audience)
}
