//! Which types of events there are in some records: what tells whether somebody who chooses by type wants all of them.
//! Those who do share the bytes, whatever else they ask for.

use std::sync::Arc;

use tidemill_event::TypeMatcher;
use tidemill_log::Record;

use crate::limits::KINDS_MAX;
use crate::{Coding, Encoding};

/// Types, each by a record that has it. None: more than are looked at one by one.
#[derive(Debug, Clone)]
pub(crate) struct Kinds(Option<Vec<Arc<Record>>>);

/// What tells chunks of everything from those of a wish, whose keys count from 1.
const EVERYTHING: u64 = 1 << 63;

/// The key under which chunks of everything are kept.
pub(crate) fn everything(encoding: &Encoding, coding: Coding) -> u64 {
    EVERYTHING | (encoding.number() * Coding::COUNT as u64 + coding as u64)
}

impl Kinds {
    /// The types of these records.
    pub(crate) fn of<'r>(records: impl IntoIterator<Item = &'r Arc<Record>>) -> Self {
        let mut kinds: Vec<Arc<Record>> = Vec::new();
        for record in records {
            let name = record.event.event_type();
            if kinds.iter().rev().any(|kind| kind.event.event_type() == name) {
                continue;
            }
            if kinds.len() == KINDS_MAX {
                return Self(None);
            }
            kinds.push(Arc::clone(record));
        }
        Self(Some(kinds))
    }

    /// The types of all of these together.
    pub(crate) fn together<'k>(all: impl IntoIterator<Item = &'k Self>) -> Self {
        let mut records = Vec::new();
        for Self(kinds) in all {
            let Some(kinds) = kinds else { return Self(None) };
            records.extend(kinds);
        }
        Self::of(records)
    }

    /// Whether patterns match every type; none match all.
    pub(crate) fn are_all_matched(&self, patterns: Option<&TypeMatcher<()>>) -> bool {
        let Some(patterns) = patterns else { return true };
        self.0.as_ref().is_some_and(|kinds| kinds.iter().all(|kind| patterns.matches(kind.event.event_type())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ring::tests::record;
    use tidemill_event::TypePattern;

    fn matcher(patterns: &str) -> TypeMatcher<()> {
        TypePattern::parse_list(patterns).unwrap().iter().collect()
    }

    #[test]
    fn every_type_counts_once_and_all_must_match() {
        let records = ["a.x", "b", "a.x", "a.y"].iter().zip(1..).map(|(name, sequence)| record(sequence, name));
        let records: Vec<_> = records.collect();
        let kinds = Kinds::of(&records);
        assert_eq!(kinds.0.as_ref().unwrap().len(), 3);
        for (patterns, all) in [("a.*,b", true), ("*", true), ("a.*", false), ("a.x,b", false), ("c", false)] {
            assert_eq!(kinds.are_all_matched(Some(&matcher(patterns))), all, "{patterns}");
        }
        let more = Kinds::of(&[record(5, "c")]);
        let both = Kinds::together([&kinds, &more]);
        assert!(both.are_all_matched(Some(&matcher("a.*,b,c"))) && !both.are_all_matched(Some(&matcher("a.*,b"))));
    }

    #[test]
    fn too_many_types_are_matched_by_those_alone_who_want_everything() {
        let records: Vec<_> = (0..=KINDS_MAX as u64).map(|number| record(number + 1, &format!("t.{number}"))).collect();
        let kinds = Kinds::of(&records);
        assert!(kinds.are_all_matched(None) && !kinds.are_all_matched(Some(&matcher("t.*"))));
        assert!(!Kinds::together([&kinds]).are_all_matched(Some(&matcher("t.*"))));
    }
}
