//! What subscribers of the simulation ask for.

use tidemill_event::TypePattern;

use super::rng::Rng;
use super::sight::{CLASSES, Side, sees};
use super::truth::{Fact, SUBJECTS, TYPES};
use crate::{ConflateKey, SlowPolicy, Wanted};

/// The lists of types that are asked for.
const LISTS: [&str; 7] = ["", "a.*", "a.x", "b.*", "c", "rare", "a.x,rare"];

/// What one subscriber asks for, each time it connects.
#[derive(Debug, Clone)]
pub(super) struct Wish {
    types: Vec<TypePattern>,
    subject: Option<usize>,
    /// Through the view, in one of its classes.
    class: Option<usize>,
    pub(super) limit: Option<u64>,
    pub(super) slow: SlowPolicy,
    /// Its cursor is asked by somebody who watches the selection for many.
    pub(super) watched: bool,
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
        let class = rng.chance(40).then(|| rng.index(CLASSES.len()));
        Self { types, subject, class, limit, slow, watched: rng.chance(50) }
    }

    pub(super) fn wanted(&self, side: &Side) -> Wanted {
        let view = self.class.map(|class| side.view(class));
        let subjects = self.subject.map(|subject| SUBJECTS[subject].to_owned()).into_iter().collect();
        Wanted { types: self.types.clone(), subjects, view, slow: self.slow.clone(), ..Wanted::default() }
    }

    pub(super) fn wants(&self, fact: &Fact) -> bool {
        (self.types.is_empty() || self.types.iter().any(|pattern| pattern.matches(TYPES[fact.kind])))
            && self.subject.is_none_or(|subject| fact.subject == Some(subject))
            && self.class.is_none_or(|class| sees(CLASSES[class], &fact.id))
    }

    pub(super) fn wants_all(&self) -> bool {
        self.types.is_empty() && self.subject.is_none() && !self.has_view()
    }

    pub(super) const fn has_view(&self) -> bool {
        self.class.is_some()
    }

    pub(super) fn thins(&self) -> bool {
        matches!(self.slow, SlowPolicy::Conflate(_) | SlowPolicy::Sample)
    }
}
