//! What a subscriber wants to see, in which form, and what may be left out when it is behind. Must not know who waits
//! for it nor how bytes are shared.

use tidemill_event::{Event, TypeMatcher, TypePattern};

use crate::kinds::Kinds;
use crate::{Coding, Encoding, SlowPolicy, View};

/// What a subscriber wants. Empty lists mean everything; sources and subjects are matched exactly.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Wanted {
    /// Patterns of types, of which one has to match.
    pub types: Vec<TypePattern>,
    /// Sources, of which one has to be the event's.
    pub sources: Vec<String>,
    /// Subjects, of which one has to be the event's.
    pub subjects: Vec<String>,
    /// Through which view it is seen; none: all of it.
    pub view: Option<View>,
    /// How events are written.
    pub encoding: Encoding,
    /// How that is compressed.
    pub coding: Coding,
    /// What becomes of it when it is behind.
    pub slow: SlowPolicy,
}

/// A wish, compiled.
#[derive(Debug)]
pub(crate) struct Filter {
    wanted: Wanted,
    /// None: every type.
    types: Option<TypeMatcher<()>>,
    /// Nothing but the type decides.
    is_by_type: bool,
}

impl Filter {
    pub(crate) fn new(wanted: Wanted) -> Self {
        let all = wanted.types.is_empty() || wanted.types.contains(&TypePattern::All);
        let types = (!all).then(|| wanted.types.iter().collect());
        let is_by_type = wanted.sources.is_empty() && wanted.subjects.is_empty() && wanted.view.is_none();
        Self { wanted, types, is_by_type }
    }

    /// One that wants everything in the same form.
    pub(crate) fn of_everything(&self) -> Self {
        let Wanted { encoding, coding, .. } = &self.wanted;
        Self::new(Wanted { encoding: encoding.clone(), coding: *coding, ..Wanted::default() })
    }

    /// Whether it wants all events of these types.
    pub(crate) fn wants_all(&self, kinds: &Kinds) -> bool {
        self.is_by_type && kinds.are_all_matched(self.types.as_ref())
    }

    pub(crate) const fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    pub(crate) fn matches(&self, event: &Event) -> bool {
        self.types.as_ref().is_none_or(|types| types.matches(event.event_type())) && self.matches_beside_type(event)
    }

    /// Whether an event whose type is wanted is wanted.
    pub(crate) fn matches_beside_type(&self, event: &Event) -> bool {
        let any =
            |list: &[String], value: Option<&str>| list.is_empty() || list.iter().any(|own| Some(&**own) == value);
        any(&self.wanted.sources, Some(event.source())) && any(&self.wanted.subjects, event.subject())
    }

    /// Whether it wants events of types that some patterns match.
    pub(crate) fn overlaps(&self, patterns: &[TypePattern]) -> bool {
        let own = &self.wanted.types;
        let meets = |pattern: &TypePattern| own.iter().any(|own| own.covers(pattern) || pattern.covers(own));
        !patterns.is_empty() && (own.is_empty() || patterns.iter().any(meets))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ring::tests::record;

    #[test]
    fn sources_and_subjects_are_exact() {
        let event = &record(1, "t").event;
        let filter = |sources: &[&str], subjects: &[&str]| {
            let list = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
            Filter::new(Wanted { sources: list(sources), subjects: list(subjects), ..Wanted::default() })
        };
        assert!(filter(&[], &[]).matches(event) && filter(&["/s", "/x"], &[]).matches(event));
        assert!(!filter(&["/"], &[]).matches(event) && !filter(&[], &["a"]).matches(event));
    }
}
