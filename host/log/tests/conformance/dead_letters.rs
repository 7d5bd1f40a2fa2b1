//! Events that a plugin failed on.

use std::time::Duration;

use tidemill_log::{DeadLetter, KeptDeadLetter, Retention, RetentionPolicy};

use super::bench::{Bench, Setup, block_on, event, every_log};

every_log! {
    they_are_kept_listed_and_forgotten
    the_same_event_failing_again_counts
    they_are_bounded
}

fn letter(id: u64, reason: &str) -> DeadLetter {
    DeadLetter {
        event: event(id, "t"),
        plugin: "p".into(),
        version: "v1".into(),
        generation: 7,
        reason: reason.into(),
        detail: "wasm trap".into(),
    }
}

fn list(bench: &Bench, after: u64) -> Vec<KeptDeadLetter> {
    block_on(bench.log.dead_letters(after, 100)).unwrap()
}

fn keep(bench: &Bench, letters: Vec<DeadLetter>) -> Vec<u64> {
    bench.append(|append| append.dead_letters = letters).unwrap().dead_letters
}

fn they_are_kept_listed_and_forgotten(bench: fn(Setup) -> Bench) {
    let bench = bench(Setup::default());
    assert_eq!(keep(&bench, vec![letter(1, "trap"), letter(2, "timeout")]), [1, 2]);
    let listed = list(&bench, 0);
    assert_eq!(listed.len(), 2);
    assert_eq!((listed[1].number, listed[1].attempts, &listed[1].letter), (2, 1, &letter(2, "timeout")));
    assert_eq!(list(&bench, 1).len(), 1);
    assert_eq!(bench.log.info().dead_letters.count, 2);
    assert_eq!(block_on(bench.log.forget_dead_letters(vec![1, 9])), Ok(1));
    assert_eq!(list(&bench, 0).len(), 1);
    assert_eq!(keep(&bench, vec![letter(3, "trap")]), [3], "numbers are not used again");
    assert_eq!(bench.log.info().last, 0, "they are no events");
}

fn the_same_event_failing_again_counts(bench: fn(Setup) -> Bench) {
    let bench = bench(Setup::default());
    assert_eq!(keep(&bench, vec![letter(1, "trap"), letter(2, "trap")]), [1, 2]);
    assert_eq!(keep(&bench, vec![letter(1, "timeout")]), [1]);
    let first = &list(&bench, 0)[0];
    assert_eq!((first.number, first.attempts, first.letter.reason.as_str()), (1, 2, "timeout"));
    assert_eq!(bench.log.info().dead_letters.count, 2);
}

fn they_are_bounded(bench: fn(Setup) -> Bench) {
    let bounds = Retention { max_events: Some(3), max_age: Some(Duration::from_secs(60)), max_bytes: None };
    let retention = RetentionPolicy { dead_letters: bounds, ..RetentionPolicy::default() };
    let bench = bench(Setup { retention, ..Setup::default() });
    keep(&bench, (1..=400).map(|id| letter(id, "trap")).collect());
    bench.trim();
    let numbers: Vec<u64> = list(&bench, 0).iter().map(|kept| kept.number).collect();
    assert_eq!(numbers, [398, 399, 400]);
    bench.pass(Duration::from_secs(61));
    bench.trim();
    assert_eq!((list(&bench, 0).len(), bench.log.info().dead_letters.bytes), (0, 0));
}
