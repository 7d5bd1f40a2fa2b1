//! What subscribers of the simulation ask for.

use std::sync::Arc;

use tidemill_event::TypePattern;

use super::rng::Rng;
use super::truth::{Fact, SUBJECTS, TYPES};
use crate::selection::Wanted;
use crate::{ConflateKey, Selection, SlowPolicy};

/// The lists of types that are asked for.
const LISTS: [&str; 7] = ["", "a.*", "a.x", "b.*", "c", "rare", "a.x,rare"];

/// What one subscriber asks for, each time it connects.
#[derive(Debug, Clone)]
pub(super) struct Wish {
    /// A place among the selections of a [`Selections`].
    selection: usize,
    types: Vec<TypePattern>,
    subject: Option<usize>,
    pub(super) limit: Option<u64>,
    pub(super) slow: SlowPolicy,
}

impl Wish {
    pub(super) fn random(rng: &mut Rng) -> Self {
        let list = if rng.chance(30) { 0 } else { rng.index(LISTS.len()) };
        let types = if list == 0 { vec![] } else { TypePattern::parse_list(LISTS[list]).unwrap() };
        let subject = rng.chance(10).then(|| rng.index(2));
        let slow = match rng.below(10) {
            0..4 => SlowPolicy::Keep,
            4..7 => SlowPolicy::Conflate(ConflateKey::Subject),
            7..9 => SlowPolicy::Sample,
            _ => SlowPolicy::Disconnect,
        };
        let limit = rng.chance(25).then(|| rng.within(20, 400));
        Self { selection: list * 3 + subject.map_or(0, |subject| subject + 1), types, subject, limit, slow }
    }

    pub(super) fn wants(&self, fact: &Fact) -> bool {
        (self.types.is_empty() || self.types.iter().any(|pattern| pattern.matches(TYPES[fact.kind])))
            && self.subject.is_none_or(|subject| fact.subject == Some(subject))
    }

    pub(super) fn wants_all(&self) -> bool {
        self.types.is_empty() && self.subject.is_none()
    }

    pub(super) fn thins(&self) -> bool {
        matches!(self.slow, SlowPolicy::Conflate(_) | SlowPolicy::Sample)
    }
}

/// The selections of one life of the bus, shared by those who want the same.
pub(super) struct Selections(Vec<Option<Arc<Selection>>>);

impl Selections {
    pub(super) fn new() -> Self {
        Self(vec![None; LISTS.len() * 3])
    }

    pub(super) fn of(&mut self, wish: &Wish) -> Arc<Selection> {
        let make = || {
            let subjects = wish.subject.map(|subject| SUBJECTS[subject].to_owned()).into_iter().collect();
            Arc::new(Selection::new(Wanted { types: wish.types.clone(), subjects, ..Wanted::default() }))
        };
        Arc::clone(self.0[wish.selection].get_or_insert_with(make))
    }
}
