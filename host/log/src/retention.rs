//! How much is kept.

use std::time::Duration;

use tidemill_event::{Timestamp, TypeMatcher, TypePattern};

/// Bounds on what is kept; what is beyond any of them is removed, oldest first. None: without that bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retention {
    /// How long after it was stored.
    pub max_age: Option<Duration>,
    /// How many bytes, as stored.
    pub max_bytes: Option<u64>,
    /// How many.
    pub max_events: Option<u64>,
}

/// Bounds for the events of some types, beside those of the whole log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Which types.
    pub types: Vec<TypePattern>,
    /// Their bounds.
    pub retention: Retention,
}

/// All that is set about what a log keeps.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RetentionPolicy {
    /// Of all events together.
    pub log: Retention,
    /// Of events of some types, each beside the others.
    pub rules: Vec<Rule>,
    /// Of dead letters.
    pub dead_letters: Retention,
}

impl RetentionPolicy {
    /// The types that rules are about.
    pub(crate) fn thinned(&self) -> Vec<TypePattern> {
        self.rules.iter().flat_map(|rule| rule.types.iter().cloned()).collect()
    }
}

/// What there is of something that is bounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct Totals {
    pub(crate) records: u64,
    pub(crate) bytes: u64,
}

impl Totals {
    pub(crate) fn add(&mut self, bytes: u64) {
        self.records += 1;
        self.bytes += bytes;
    }

    pub(crate) fn remove(&mut self, bytes: u64) {
        self.records = self.records.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(bytes);
    }
}

impl Retention {
    /// Whether the oldest has to go, being stored when it was, with so much in all.
    pub(crate) fn exceeded(&self, totals: Totals, oldest: Timestamp, now: Timestamp) -> bool {
        let age = || Duration::from_millis(now.unix_ms().saturating_sub(oldest.unix_ms()));
        totals.records > 0
            && (self.max_events.is_some_and(|max| totals.records > max)
                || self.max_bytes.is_some_and(|max| totals.bytes > max)
                || self.max_age.is_some_and(|max| age() > max))
    }
}

/// A rule at work: what it has, and how far it has cleared.
#[derive(Debug, Clone)]
pub(crate) struct RuleState {
    pub(crate) types: Vec<TypePattern>,
    pub(crate) matcher: TypeMatcher<()>,
    pub(crate) retention: Retention,
    /// By which it is found again after a restart.
    pub(crate) name: String,
    pub(crate) totals: Totals,
    /// Up to this sequence nothing that it is about is left.
    pub(crate) cleared: u64,
}

impl RuleState {
    pub(crate) fn new(rule: &Rule) -> Self {
        let names: Vec<String> = rule.types.iter().map(ToString::to_string).collect();
        Self {
            types: rule.types.clone(),
            matcher: rule.types.iter().collect(),
            retention: rule.retention,
            name: names.join(","),
            totals: Totals::default(),
            cleared: 0,
        }
    }
}
