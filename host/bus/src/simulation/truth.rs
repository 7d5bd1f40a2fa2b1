//! What the log has to hold: every event that was committed, and whether retention has removed it since.

use std::sync::Arc;

use hashbrown::HashMap;
use tidemill_log::Record;

/// The types of events; the last one is rare.
pub(super) const TYPES: [&str; 5] = ["a.x", "a.y", "b.x", "c", "rare"];
/// The subjects, as many as there are of [`Fact::subject`].
pub(super) const SUBJECTS: [&str; 8] = ["k0", "k1", "k2", "k3", "k4", "k5", "k6", "k7"];

/// The audiences; the first is everybody.
pub(super) const AUDIENCES: [&str; 4] =
    ["", r#"{"clients":["ann"]}"#, r#"{"groups":["ops"],"permissions":["read"]}"#, r#"{"tokenTypes":["team"]}"#];

/// One stored event.
#[derive(Debug, Clone)]
pub(super) struct Fact {
    pub(super) id: String,
    /// A place in [`TYPES`].
    pub(super) kind: usize,
    /// A place in [`SUBJECTS`].
    pub(super) subject: Option<usize>,
    /// A place in [`AUDIENCES`].
    pub(super) audience: usize,
    pub(super) stored_at: u64,
    /// Retention removed it.
    pub(super) gone: bool,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Truth {
    pub(super) epoch: u32,
    /// The fact at place 0 has sequence 1.
    facts: Vec<Fact>,
    places: HashMap<String, u64>,
    /// Up to which sequence subscribers were told.
    pub(super) told: u64,
}

impl Truth {
    pub(super) fn last(&self) -> u64 {
        self.facts.len() as u64
    }

    pub(super) fn fact(&self, sequence: u64) -> &Fact {
        &self.facts[sequence as usize - 1]
    }

    /// The facts after one sequence, up to and with another.
    pub(super) fn between(&self, after: u64, to: u64) -> impl Iterator<Item = (u64, &Fact)> {
        (after + 1..).zip(&self.facts[after as usize..(to as usize).max(after as usize)])
    }

    /// Where an event stands.
    pub(super) fn place(&self, id: &str) -> Option<u64> {
        self.places.get(id).copied()
    }

    /// Takes what was committed.
    pub(super) fn commit(&mut self, records: &[Arc<Record>]) {
        for record in records {
            let sequence = self.last() + 1;
            assert_eq!(record.position.sequence, sequence, "sequences follow each other");
            assert_eq!(record.position.epoch, self.epoch);
            let stored_at = record.stored_at.unix_ms();
            let before = self.facts.last().map_or(0, |fact| fact.stored_at);
            assert!(stored_at >= before, "time goes back in the log");
            let event = &record.event;
            let place = |list: &[&str], name: &str| list.iter().position(|own| *own == name).unwrap();
            let fact = Fact {
                id: event.id().to_owned(),
                kind: place(&TYPES, event.event_type()),
                subject: event.subject().map(|subject| place(&SUBJECTS, subject)),
                audience: place(&AUDIENCES, &event.audience().map_or(String::new(), |audience| audience.json())),
                stored_at,
                gone: false,
            };
            let twice = self.places.insert(fact.id.clone(), sequence);
            assert_eq!(twice, None, "{} was stored twice", fact.id);
            self.facts.push(fact);
        }
    }

    /// Takes what retention left.
    pub(super) fn trim(&mut self, left: &[u64]) {
        let mut left = left.iter().peekable();
        for (sequence, fact) in (1..).zip(&mut self.facts) {
            let is_left = left.next_if(|next| **next == sequence).is_some();
            assert!(!(fact.gone && is_left), "event {sequence} came back");
            fact.gone = !is_left;
        }
        assert_eq!(left.next(), None, "the log has what was never committed");
    }

    /// Fails unless the log has exactly what it has to.
    pub(super) fn compare(&self, last: u64, left: &[u64]) {
        assert_eq!(last, self.last(), "the log's end");
        let expected: Vec<u64> = self.between(0, last).filter(|(_, fact)| !fact.gone).map(|(at, _)| at).collect();
        assert_eq!(left, expected, "what the log has");
    }
}
