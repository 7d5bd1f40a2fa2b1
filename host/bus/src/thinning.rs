//! What is left out for a subscriber that is behind and asked for it: of each key all but the newest event, or all but
//! a sample.

use std::sync::Arc;

use hashbrown::HashMap;
use serde_json::Value;
use tidemill_event::Event;
use tidemill_log::Record;

use crate::Skip;
use crate::limits::{SAMPLE_EVENTS, THINNED_BYTES_MAX, THINNED_EVENTS_MAX};

/// What becomes of a subscriber that is behind: that more than [`BEHIND_EVENTS`](crate::limits::BEHIND_EVENTS) events
/// of the log are newer than the last that it was handed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum SlowPolicy {
    /// It gets every event, however late.
    #[default]
    Keep,
    /// It gets the newest event of each key.
    Conflate(ConflateKey),
    /// It gets about [`SAMPLE_EVENTS`] events, evenly spaced, and the newest.
    Sample,
    /// If it had caught up before, it is told where to resume and disconnected.
    Disconnect,
}

/// By what events replace each other.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ConflateKey {
    /// The event's subject.
    Subject,
    /// What a JSON Pointer (RFC 6901) finds in the event's data.
    Pointer(String),
}

impl ConflateKey {
    /// The event's key; none: nothing replaces it.
    fn of(&self, event: &Event) -> Option<String> {
        match self {
            Self::Subject => event.subject().map(str::to_owned),
            Self::Pointer(pointer) if event.is_json() => {
                let data: Value = serde_json::from_slice(event.data()).ok()?;
                data.pointer(pointer).filter(|found| !found.is_null()).map(ToString::to_string)
            }
            Self::Pointer(_) => None,
        }
    }
}

/// The events between two places in the log, thinned out as they are read. Bounded: when it is full, what there is goes
/// out, and thinning begins again.
#[derive(Debug)]
pub(crate) struct Thinning {
    rule: Rule,
    /// Up to which sequence events are thinned out together.
    pub(crate) target: u64,
    kept: Vec<Option<Kept>>,
    count: usize,
    bytes: usize,
    seen: u64,
}

#[derive(Debug)]
struct Kept {
    record: Arc<Record>,
    /// Events seen up to and with it.
    seen: u64,
    /// Events that are gone before it.
    missed: u64,
}

#[derive(Debug)]
enum Rule {
    Conflate { key: ConflateKey, newest: HashMap<String, usize> },
    Sample { every: u64, last: Option<Kept> },
}

/// What is left of the events between two places.
#[derive(Debug)]
pub(crate) struct Thinned {
    /// In order.
    pub(crate) left: Vec<Arc<Record>>,
    /// How many are not, and why.
    pub(crate) skipped: u64,
    pub(crate) reason: Skip,
    /// If there was more than was asked for: the sequence of the last one, and how many events are gone before it.
    pub(crate) cut: Option<(u64, u64)>,
}

impl Thinning {
    /// Thins out the events after one sequence, up to another; none if the policy is not to.
    pub(crate) fn begin(policy: &SlowPolicy, after: u64, target: u64) -> Option<Self> {
        let rule = match policy {
            SlowPolicy::Keep | SlowPolicy::Disconnect => return None,
            SlowPolicy::Conflate(key) => Rule::Conflate { key: key.clone(), newest: HashMap::new() },
            SlowPolicy::Sample => Rule::Sample { every: (target - after).div_ceil(SAMPLE_EVENTS).max(1), last: None },
        };
        Some(Self { rule, target, kept: Vec::new(), count: 0, bytes: 0, seen: 0 })
    }

    /// Looks at the next event that the subscriber wants, `missed` events being gone before it. Whether there is room for
    /// more.
    pub(crate) fn add(&mut self, record: &Arc<Record>, missed: u64) -> bool {
        self.seen += 1;
        let weight = record.event.weight();
        let kept = Kept { record: Arc::clone(record), seen: self.seen, missed };
        match &mut self.rule {
            Rule::Conflate { key, newest } => {
                if let Some(key) = key.of(&record.event)
                    && let Some(before) = newest.insert(key, self.kept.len())
                    && let Some(replaced) = self.kept[before].take()
                {
                    self.bytes -= replaced.record.event.weight();
                    self.count -= 1;
                }
            }
            Rule::Sample { every, last } => {
                if !(self.seen - 1).is_multiple_of(*every) {
                    *last = Some(kept);
                    return true;
                }
                *last = None;
            }
        }
        self.kept.push(Some(kept));
        self.count += 1;
        self.bytes += weight;
        self.count < THINNED_EVENTS_MAX && self.bytes < THINNED_BYTES_MAX && self.kept.len() < 16 * THINNED_EVENTS_MAX
    }

    /// What is left, but at most so many.
    pub(crate) fn finish(self, max: u64) -> Thinned {
        let mut left: Vec<Kept> = self.kept.into_iter().flatten().collect();
        let reason = match self.rule {
            Rule::Conflate { .. } => Skip::Conflated,
            Rule::Sample { last, .. } => {
                left.extend(last);
                Skip::Sampled
            }
        };
        let max = usize::try_from(max).unwrap_or(usize::MAX);
        let (mut seen, mut cut) = (self.seen, None);
        if left.len() > max {
            left.truncate(max);
            // What comes after the last one is neither handed over nor left out: it is to come.
            seen = left.last().map_or(0, |last| last.seen);
            cut = left.last().map(|last| (last.record.position.sequence, last.missed));
        }
        let skipped = seen - left.len() as u64;
        Thinned { left: left.into_iter().map(|kept| kept.record).collect(), skipped, reason, cut }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Map;
    use tidemill_event::{Attributes, Data, Position, Timestamp};

    fn record(sequence: u64, subject: Option<&str>, data: &str) -> Arc<Record> {
        let (id, none) = (sequence.to_string(), Map::new());
        let attributes = Attributes {
            id: &id,
            source: "/s",
            event_type: "t",
            subject,
            content_type: None,
            data_schema: None,
            extensions: &none,
        };
        let event = Event::new(&attributes, Timestamp::default(), Data::Bytes(data.to_owned().into())).unwrap();
        Arc::new(Record { position: Position::new(1, sequence), stored_at: Timestamp::default(), event })
    }

    fn thin(policy: &SlowPolicy, records: &[Arc<Record>]) -> (Vec<u64>, u64) {
        let mut thinning = Thinning::begin(policy, 0, records.len() as u64).unwrap();
        records.iter().for_each(|record| assert!(thinning.add(record, 0)));
        let thinned = thinning.finish(u64::MAX);
        (thinned.left.iter().map(|record| record.position.sequence).collect(), thinned.skipped)
    }

    proptest! {
        /// Of every subject exactly the newest event is left, in order; what has no subject stays.
        #[test]
        fn the_newest_of_each_subject_is_left(subjects in prop::collection::vec(0_usize..5, 1..60)) {
            let name = |n: usize| ["a", "b", "c", "d"].get(n).copied();
            let records: Vec<_> = subjects.iter().zip(1..).map(|(n, at)| record(at, name(*n), "1")).collect();
            let newest = |(at, n): &(u64, usize)| *n == 4 || !subjects[*at as usize..].contains(n);
            let expected: Vec<u64> = (1..).zip(subjects.clone()).filter(newest).map(|(at, _)| at).collect();
            let (left, skipped) = thin(&SlowPolicy::Conflate(ConflateKey::Subject), &records);
            prop_assert_eq!(skipped, (subjects.len() - expected.len()) as u64);
            prop_assert_eq!(left, expected);
        }
    }

    #[test]
    fn a_pointer_finds_the_key_in_the_data() {
        let records: Vec<_> = ["{\"h\":\"x\",\"v\":1}", "{\"h\":\"y\"}", "{\"h\":\"x\",\"v\":2}", "{}", "7"]
            .iter()
            .zip(1..)
            .map(|(data, at)| record(at, None, data))
            .collect();
        assert_eq!(thin(&SlowPolicy::Conflate(ConflateKey::Pointer("/h".into())), &records), (vec![2, 3, 4, 5], 1));
    }

    /// Of the subjects a, b, a, c, b the third to fifth events are left; two of them are asked for.
    #[test]
    fn what_is_left_beyond_a_limit_is_to_come() {
        let subjects = ["a", "b", "a", "c", "b"].into_iter().zip(1..);
        let mut thinning = Thinning::begin(&SlowPolicy::Conflate(ConflateKey::Subject), 0, 10).unwrap();
        subjects.for_each(|(name, at)| assert!(thinning.add(&record(2 * at, Some(name), "1"), at)));
        let thinned = thinning.finish(2);
        let left: Vec<u64> = thinned.left.iter().map(|record| record.position.sequence).collect();
        assert_eq!((left, thinned.skipped, thinned.cut), (vec![6, 8], 2, Some((8, 4))));
    }

    #[test]
    fn a_sample_is_even_and_ends_with_the_newest() {
        let records: Vec<_> = (1..=10_000).map(|at| record(at, None, "1")).collect();
        let (left, skipped) = thin(&SlowPolicy::Sample, &records);
        assert!(left.len() as u64 <= SAMPLE_EVENTS + 1 && left.len() as u64 > SAMPLE_EVENTS / 2, "{}", left.len());
        assert_eq!((left.first(), left.last()), (Some(&1), Some(&10_000)));
        assert_eq!(skipped + left.len() as u64, 10_000);
    }

    #[test]
    fn thinning_is_bounded() {
        let key = SlowPolicy::Conflate(ConflateKey::Subject);
        let mut thinning = Thinning::begin(&key, 0, u64::MAX).unwrap();
        let mut added = 1_u64;
        while thinning.add(&record(added, Some(&added.to_string()), "1"), 0) {
            added += 1;
        }
        assert!(added <= THINNED_EVENTS_MAX as u64);
        // One key over and over is bounded too.
        let mut thinning = Thinning::begin(&key, 0, u64::MAX).unwrap();
        let same = record(1, Some("x"), "1");
        assert!((0..=16 * THINNED_EVENTS_MAX).any(|_| !thinning.add(&same, 0)));
    }
}
