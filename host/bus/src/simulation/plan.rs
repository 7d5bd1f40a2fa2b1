//! What differs from seed to seed: sizes, retention, and how often everything happens. Extremes are more likely than
//! a mean of everything would be.

use std::time::Duration;

use tidemill_event::TypePattern;
use tidemill_log::{Retention, RetentionPolicy, Rule};

use super::publishers::Shape;
use super::rng::Rng;
use super::truth::TYPES;

/// What may happen in a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Publish,
    Burst,
    Repeat,
    Commit,
    Tell,
    AnswerRead,
    Judge,
    Replace,
    Trim,
    Poll,
    Read,
    Heartbeat,
    Connect,
    Disconnect,
    Stick,
    Time,
    Copy,
    Restart,
    Crash,
    Restore,
}

/// Each with how often it happens in comparison.
const ACTIONS: [(Action, u64); 20] = [
    (Action::Publish, 100),
    (Action::Burst, 6),
    (Action::Repeat, 8),
    (Action::Commit, 120),
    (Action::Tell, 140),
    (Action::AnswerRead, 200),
    (Action::Judge, 200),
    (Action::Replace, 2),
    (Action::Trim, 25),
    (Action::Poll, 300),
    (Action::Read, 300),
    (Action::Heartbeat, 30),
    (Action::Connect, 60),
    (Action::Disconnect, 25),
    (Action::Stick, 12),
    (Action::Time, 40),
    (Action::Copy, 2),
    (Action::Restart, 1),
    (Action::Crash, 2),
    (Action::Restore, 1),
];

#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) steps: u64,
    weights: Vec<u64>,
    pub(super) clients: u64,
    pub(super) ring_bytes: usize,
    pub(super) retention: RetentionPolicy,
    pub(super) shape: Shape,
    /// Published events at a time are at most so many; in a burst they are more.
    pub(super) batch: u64,
    pub(super) burst: u64,
}

impl Plan {
    pub(super) fn random(rng: &mut Rng) -> Self {
        let weight = |(_, weight): &(Action, u64)| weight * rng.pick(&[1, 2, 2, 3, 6]) + 1;
        let weights = ACTIONS.iter().map(weight).collect();
        let large = rng.chance(15);
        let kinds = [50, 30, 30, 30, 1].map(|most| rng.pick(&[0, 1, most]));
        let padding = if large { rng.pick(&[2_000, 10_000, 30_000]) } else { rng.pick(&[0, 50, 500]) };
        Self {
            steps: rng.within(300, 1_000),
            weights,
            clients: rng.within(4, 12),
            ring_bytes: rng.pick(&[1, 4 << 10, 40 << 10, 400 << 10]),
            retention: retention(rng),
            shape: Shape { kinds, padding, parts: 3 },
            batch: if large { 8 } else { rng.pick(&[3, 10, 30]) },
            burst: if large { 200 } else { rng.pick(&[200, 700, 1_800]) },
        }
    }

    pub(super) fn action(&self, rng: &mut Rng) -> Action {
        ACTIONS[rng.weighted(&self.weights)].0
    }
}

/// Bounds of the log and of some types. The types stay the same for a log: only numbers differ from life to life.
fn retention(rng: &mut Rng) -> RetentionPolicy {
    let rules = match rng.below(4) {
        0 => vec![],
        1 => vec!["b.*"],
        2 => vec!["a.x", "c"],
        _ => vec!["a.*", "b.x"],
    };
    let rule = |types: &str| Rule { types: TypePattern::parse_list(types).unwrap(), retention: Retention::default() };
    let mut policy = RetentionPolicy { rules: rules.into_iter().map(rule).collect(), ..RetentionPolicy::default() };
    change(&mut policy, rng);
    policy
}

/// Other numbers.
pub(super) fn change(policy: &mut RetentionPolicy, rng: &mut Rng) {
    let bounds = |most: u64, rng: &mut Rng| Retention {
        max_age: rng.chance(30).then(|| Duration::from_millis(rng.within(1_000, 100_000))),
        max_bytes: rng.chance(20).then(|| rng.within(1_000, 300 * most)),
        max_events: rng.chance(60).then(|| rng.pick(&[most, 20, 1])).map(|most| rng.within(0, most)),
    };
    policy.log = bounds(3_000, rng);
    policy.rules.iter_mut().for_each(|rule| rule.retention = bounds(500, rng));
}

const _: () = assert!(TYPES.len() == 5, "kinds above");
