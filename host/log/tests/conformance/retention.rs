//! What is kept.

use std::time::Duration;

use tidemill_event::TypePattern;
use tidemill_log::{ReadError, Retention, RetentionPolicy, Rule};

use super::bench::{ALL, Bench, Setup, every_log};

every_log! {
    the_number_of_events_is_bounded
    their_bytes_are_bounded
    their_age_is_bounded
    types_have_bounds_of_their_own
    a_rule_by_age_clears_only_its_types
}

fn keep(retention: Retention) -> Setup {
    Setup { retention: RetentionPolicy { log: retention, ..RetentionPolicy::default() }, ..Setup::default() }
}

fn rule(types: &str, retention: Retention) -> Setup {
    let rules = vec![Rule { types: TypePattern::parse_list(types).unwrap(), retention }];
    Setup { retention: RetentionPolicy { rules, ..RetentionPolicy::default() }, ..Setup::default() }
}

fn the_number_of_events_is_bounded(bench: fn(Setup) -> Bench) {
    let bench = bench(keep(Retention { max_events: Some(3), ..Retention::default() }));
    (1..=10).for_each(|id| assert_eq!(bench.store("t", [id]), [id]));
    bench.trim();
    assert_eq!(bench.read(2, ALL), Err(ReadError::Trimmed { first: 8 }));
    assert_eq!(bench.read(7, ALL).unwrap().records.len(), 3);
    let info = bench.log.info();
    assert_eq!((info.first, info.last, info.records), (8, 10, 3));
    // More than one step of trimming at once.
    bench.store("t", 11..=6000);
    bench.trim();
    assert_eq!(bench.all(), [5998, 5999, 6000]);
}

fn their_bytes_are_bounded(bench: fn(Setup) -> Bench) {
    let bench = bench(keep(Retention { max_bytes: Some(1000), ..Retention::default() }));
    bench.store("t", 1..=100);
    bench.trim();
    let info = bench.log.info();
    assert!(info.bytes <= 1000 && info.bytes > 900, "{info:?}");
    assert_eq!(bench.all(), (info.first..=100).collect::<Vec<_>>());
}

fn their_age_is_bounded(bench: fn(Setup) -> Bench) {
    let bench = bench(keep(Retention { max_age: Some(Duration::from_secs(60)), ..Retention::default() }));
    bench.store("t", 1..=5);
    bench.pass(Duration::from_secs(40));
    bench.store("t", 6..=8);
    bench.pass(Duration::from_secs(21));
    bench.trim();
    assert_eq!(bench.all(), [6, 7, 8]);
    bench.pass(Duration::from_secs(100));
    bench.trim();
    let info = bench.log.info();
    assert_eq!((info.first, info.last, info.records, info.bytes), (9, 8, 0, 0), "sequences go on in an empty log");
    assert_eq!(bench.store("t", [9]), [9]);
    assert_eq!(bench.all(), [9]);
}

fn types_have_bounds_of_their_own(bench: fn(Setup) -> Bench) {
    let bench = bench(rule("metric.*", Retention { max_events: Some(2), ..Retention::default() }));
    for id in 0..6 {
        bench.store("order", [id]);
        bench.store("metric.cpu", [id]);
    }
    bench.trim();
    // Orders are 1, 3, 5, …; of the metrics 2, 4, … the last two are left.
    assert_eq!(bench.all(), [1, 3, 5, 7, 9, 10, 11, 12]);
    let page = bench.read(5, ALL).unwrap();
    assert_eq!((page.records.len(), page.to), (5, 12));
    assert_eq!(bench.log.thinned(), TypePattern::parse_list("metric.*").unwrap());
    assert_eq!(bench.log.info().records, 8);
}

fn a_rule_by_age_clears_only_its_types(bench: fn(Setup) -> Bench) {
    let bench =
        bench(rule("metric.*,trace", Retention { max_age: Some(Duration::from_secs(1)), ..Retention::default() }));
    bench.store("order", [1]);
    bench.store("metric.cpu", [2]);
    bench.store("trace", [3]);
    bench.pass(Duration::from_secs(2));
    bench.store("metric.cpu", [4]);
    bench.trim();
    assert_eq!(bench.all(), [1, 4]);
    bench.pass(Duration::from_secs(2));
    bench.trim();
    assert_eq!(bench.all(), [1]);
    let page = bench.read(1, ALL).unwrap();
    assert_eq!((page.records.len(), page.to), (0, 4), "a reader gets over what is gone at the end");
}
