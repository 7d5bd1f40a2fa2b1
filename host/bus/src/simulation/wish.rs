//! What subscribers of the simulation ask for.

use tidemill_event::{Reader, TypePattern};

use super::rng::Rng;
use super::sight::{CLASSES, Side, sees};
use super::truth::{AUDIENCES, Fact, SUBJECTS, TYPES};
use crate::{ConflateKey, SlowPolicy, Wanted};

/// The lists of types that are asked for.
const LISTS: [&str; 7] = ["", "a.*", "a.x", "b.*", "c", "rare", "a.x,rare"];

/// What each reader sees of each audience.
const SEES: [[bool; AUDIENCES.len()]; 6] = [
    [true, true, true, true],
    [true, false, false, false],
    [true, true, false, true],
    [true, false, true, false],
    [true, false, false, false],
    [true, true, false, false],
];
/// The reader who sees everything.
const ALL: usize = 0;
/// The reader who may have some types only.
const NARROW: usize = 5;

/// Who is in which line of [`SEES`].
fn reader(which: usize) -> Reader {
    let text = |text: &str| text.to_owned();
    match which {
        ALL => Reader::all(),
        1 => Reader::default(),
        2 => Reader { client: Some(text("ann")), token_type: Some(text("team")), ..Reader::default() },
        3 => Reader { groups: vec![text("x"), text("ops")], permissions: vec![text("read")], ..Reader::default() },
        4 => Reader { groups: vec![text("ops"), text("ann")], permissions: vec![text("write")], ..Reader::default() },
        _ => {
            let subscribe = Some(TypePattern::parse_list("a.*").unwrap());
            Reader { client: Some(text("ann")), subscribe, ..Reader::default() }
        }
    }
}

/// What one subscriber asks for, each time it connects.
#[derive(Debug, Clone)]
pub(super) struct Wish {
    types: Vec<TypePattern>,
    subject: Option<usize>,
    /// A line of [`SEES`].
    reader: usize,
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
        let mut reader = if rng.chance(40) { ALL } else { rng.index(SEES.len()) };
        if self::reader(reader).narrow(types.clone()).is_err() {
            // Refused, as it asks for more than it may have.
            reader = ALL;
        }
        Self { types, subject, reader, class, limit, slow, watched: rng.chance(50) }
    }

    pub(super) fn wanted(&self, side: &Side) -> Wanted {
        let view = self.class.map(|class| side.view(class));
        let subjects = self.subject.map(|subject| SUBJECTS[subject].to_owned()).into_iter().collect();
        let types = self.reader().narrow(self.types.clone()).unwrap();
        Wanted { types, subjects, view, slow: self.slow.clone(), ..Wanted::default() }
    }

    pub(super) fn reader(&self) -> Reader {
        reader(self.reader)
    }

    pub(super) fn wants(&self, fact: &Fact) -> bool {
        (self.types.is_empty() || self.types.iter().any(|pattern| pattern.matches(TYPES[fact.kind])))
            && self.subject.is_none_or(|subject| fact.subject == Some(subject))
            && SEES[self.reader][fact.audience]
            && (self.reader != NARROW || TYPES[fact.kind].starts_with("a."))
            && self.class.is_none_or(|class| sees(CLASSES[class], &fact.id))
    }

    pub(super) fn wants_all(&self) -> bool {
        self.types.is_empty() && self.subject.is_none() && self.reader == ALL && !self.has_view()
    }

    pub(super) const fn has_view(&self) -> bool {
        self.class.is_some()
    }

    pub(super) fn thins(&self) -> bool {
        matches!(self.slow, SlowPolicy::Conflate(_) | SlowPolicy::Sample)
    }
}
