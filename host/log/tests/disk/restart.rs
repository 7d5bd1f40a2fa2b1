//! What is still there after a restart.

use std::time::Duration;

use tidemill_event::TypePattern;
use tidemill_log::{DiskLog, Log, LogInfo, OpenError, Placed, Retention, RetentionPolicy, open_reader};

use super::bench::{Bench, add, append, letter, publish, rule};

fn info(bench: &Bench) -> LogInfo {
    let log = bench.log();
    let info = log.info();
    log.close();
    LogInfo { disk_bytes: None, ..info }
}

#[test]
fn events_positions_and_totals_survive() {
    let bench = Bench::new();
    let (epoch, before) = bench.with(|store| {
        add(store, "a", 1..=700);
        add(store, "b", 701..=705);
        (store.epoch(), bench.all())
    });
    let first = info(&bench);
    assert_eq!(bench.all(), before, "byte for byte");
    assert_eq!((first.epoch, first.first, first.last, first.records), (epoch, 1, 705, 705));
    assert!(first.bytes > 705 * 40);
    assert_eq!(info(&bench), first, "opening and closing changes nothing");
    assert_eq!(bench.with(|store| add(store, "a", [9])), [706], "sequences go on");
}

#[test]
fn what_was_committed_survives_without_a_proper_end() {
    let bench = Bench::new();
    let mut store = bench.open();
    add(&mut store, "a", 1..=50);
    let crashed = bench.copy(&["log.db", "log.db-wal", "log.mark"]);
    assert_eq!(crashed.with(|store| (store.epoch(), store.last())), (store.epoch(), 50));
    assert_eq!(crashed.all(), bench.all());
}

#[test]
fn sequences_go_on_after_everything_was_trimmed() {
    let retention = Retention { max_age: Some(Duration::from_secs(1)), ..Retention::default() };
    let bench = Bench::keeping(RetentionPolicy { log: retention, ..RetentionPolicy::default() });
    bench.with(|store| {
        add(store, "a", 1..=5);
        bench.pass(Duration::from_secs(2));
        assert!(!store.trim_step().unwrap());
    });
    assert_eq!((info(&bench).first, info(&bench).last, info(&bench).records), (6, 5, 0));
    assert_eq!(bench.with(|store| add(store, "a", [6])), [6]);
    assert_eq!(bench.all().sequences(), [6]);
}

#[test]
fn rules_go_on_counting() {
    let bench = Bench::keeping(rule("metric", 3));
    for id in 0..10 {
        bench.with(|store| {
            add(store, "metric", [id]);
            add(store, "order", [id]);
            store.trim_step().unwrap();
        });
    }
    assert_eq!(bench.all().sequences(), [2, 4, 6, 8, 10, 12, 14, 15, 16, 17, 18, 19, 20]);
    // A rule that is new counts what is there.
    let stricter = Bench { retention: rule("order,metric", 4), ..bench };
    stricter.with(|store| while store.trim_step().unwrap() {});
    assert_eq!(stricter.all().sequences(), [17, 18, 19, 20]);
    assert_eq!((info(&stricter).records, info(&stricter).first), (4, 17));
}

#[test]
fn the_types_of_a_rule_that_is_no_longer_set_are_still_told() {
    let bench = Bench::keeping(rule("metric.*", 1));
    bench.with(|store| {
        for id in 0..3 {
            add(store, "order", [id]);
            add(store, "metric.cpu", [id]);
        }
        while store.trim_step().unwrap() {}
    });
    let without = Bench { retention: RetentionPolicy::default(), ..bench };
    let types = TypePattern::parse_list("metric.*").unwrap();
    // Over several restarts, as long as there are holes.
    for _ in 0..2 {
        assert_eq!(without.with(|store| (add(store, "order", [9]), store.thinned()).1), types);
    }
    assert_eq!(without.all().sequences(), [1, 3, 5, 6, 7, 8], "nothing more is removed");
}

#[test]
fn events_published_again_are_recognised_until_their_time_is_over() {
    let bench = Bench::new();
    bench.with(|store| (1..=3).for_each(|id| assert!(!publish(store, id).duplicate)));
    bench.pass(Duration::from_secs(300));
    let again = bench.with(|store| {
        // Commits without events, and others, forget nothing.
        append(store, |_| {}).unwrap();
        add(store, "a", [1]);
        publish(store, 2)
    });
    assert_eq!(again, Placed { first: 2, events: 1, duplicate: true });
    bench.pass(Duration::from_secs(299));
    assert!(bench.with(|store| publish(store, 3)).duplicate);
    bench.pass(Duration::from_secs(2));
    assert_eq!(bench.with(|store| publish(store, 3)), Placed { first: 5, events: 1, duplicate: false });
}

#[test]
fn dead_letters_keep_their_numbers_and_attempts() {
    let bench = Bench::new();
    let keep =
        |id| bench.with(|store| append(store, |append| append.dead_letters = vec![letter(id)]).unwrap().dead_letters);
    assert_eq!((keep(1), keep(2), keep(1)), (vec![1], vec![2], vec![1]));
    let listed = open_reader(bench.path()).unwrap().dead_letters(0, usize::MAX).unwrap();
    let listed: Vec<_> = listed.into_iter().map(|kept| (kept.number, kept.attempts, kept.letter)).collect();
    assert_eq!(listed, [(1, 2, letter(1)), (2, 1, letter(2))]);
    assert_eq!(info(&bench).dead_letters.count, 2);
    assert_eq!(bench.with(|store| store.forget_dead_letters(&[2])), Ok(1));
    assert_eq!(keep(3), [3], "numbers are not used again");
}

#[test]
fn there_is_one_writer_at_a_time() {
    let bench = Bench::new();
    let store = bench.open();
    for refused in [bench.try_open().err(), DiskLog::open(bench.path(), bench.options()).err()] {
        let refused = refused.unwrap();
        assert!(matches!(refused, OpenError::InUse(_)), "{refused}");
        let text = refused.to_string();
        assert!(text.contains("stop that server") && text.contains("`data-dir`"), "{text}");
    }
    drop(store);
    bench.open();
}
