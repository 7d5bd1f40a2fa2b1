//! Making a log out of events from elsewhere.

use std::convert::Infallible;
use std::fs;

use tidemill_event::{Event, Timestamp};
use tidemill_log::{ImportError, import, verify};

use super::bench::{Bench, DATABASE, MARK, WAL, add, event};

type Item<E> = Result<(Event, Option<Timestamp>), E>;

fn items(count: u64) -> impl Iterator<Item = Item<Infallible>> {
    // Three events have the same time; one comes without.
    (1..=count).map(|id| Ok((event(id, "a", 10), (id != 5).then(|| Timestamp::from_unix_ms(1000 + id / 3)))))
}

#[test]
fn a_log_is_made_that_is_whole() {
    let bench = Bench::new();
    let mut heard = Vec::new();
    assert_eq!(import(bench.path(), items(4), |count| heard.push(count)).unwrap(), 4);
    assert_eq!(heard.last(), Some(&4));
    let found = verify(bench.path(), |_, _| {}).unwrap();
    assert!(found.is_whole() && found.records == 4, "{found:?}");
    let records = bench.all().records;
    assert!(records.iter().all(|(sequence, record)| record.event == event(*sequence, "a", 10)));
    let times: Vec<u64> = records.values().map(|record| record.stored_at.unix_ms()).collect();
    assert_eq!(times, [1000, 1000, 1001, 1001], "those of before");
    let left: Vec<_> = fs::read_dir(bench.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name == "importing"), "{left:?}");
    let epoch = tidemill_log::open_reader(bench.path()).unwrap().epoch();
    assert_eq!(bench.with(|store| (store.epoch(), add(store, "a", [9]))), (epoch, vec![5]), "it goes on");
}

#[test]
fn times_never_go_back() {
    let bench = Bench::new();
    import(bench.path(), items(3000), |_| {}).unwrap();
    let times: Vec<_> = bench.all().records.values().map(|record| record.stored_at).collect();
    // The one without a time came now, and all after it no earlier.
    assert!(times.len() == 3000 && times.is_sorted() && times[4] == times[2999] && times[4] > times[3]);
}

#[test]
fn nothing_makes_an_empty_log() {
    let bench = Bench::new();
    assert_eq!(import(bench.path(), items(0), |_| {}).unwrap(), 0);
    assert!(verify(bench.path(), |_, _| {}).unwrap().is_whole());
    assert_eq!(bench.with(|store| add(store, "a", [1])), [1]);
}

#[test]
fn a_log_that_is_there_is_not_replaced() {
    let bench = Bench::new();
    bench.with(|store| add(store, "a", 1..=5));
    let refused = import(bench.path(), items(3), |_| {}).unwrap_err();
    assert!(
        matches!(refused, ImportError::Exists(_)) && refused.to_string().contains("another `data-dir`"),
        "{refused}"
    );
    assert_eq!(bench.all().records.len(), 5);
}

#[test]
fn an_import_that_fails_makes_nothing() {
    let bench = Bench::new();
    let source = items(2000).map(|item| item.map_err(|never| match never {})).chain([Err("no more")]);
    let failed = import(bench.path(), source, |_| {}).unwrap_err();
    assert!(matches!(failed, ImportError::Source("no more")));
    assert!(!bench.path().join(DATABASE).exists());
}

#[test]
fn an_interrupted_import_is_begun_anew() {
    let bench = Bench::new();
    let unfinished = bench.path().join("importing");
    // As it is left by a process that was killed: with a database of its own.
    let other = Bench::new();
    other.with(|store| add(store, "left-over", 1..=50));
    fs::create_dir(&unfinished).unwrap();
    for file in [DATABASE, MARK] {
        fs::copy(other.path().join(file), unfinished.join(file)).unwrap();
    }
    assert_eq!(import(bench.path(), items(7), |_| {}).unwrap(), 7);
    assert!(!unfinished.exists());
    assert!(verify(bench.path(), |_, _| {}).unwrap().is_whole());
    assert_eq!(bench.all().records[&1].event, event(1, "a", 10));
}

#[test]
fn an_imported_log_has_a_later_epoch_than_the_one_before_it() {
    let bench = Bench::new();
    // The one before was made when the clock was far ahead.
    bench.set_file(MARK, b"4000000000.9\n");
    import(bench.path(), items(3), |_| {}).unwrap();
    assert_eq!(tidemill_log::open_reader(bench.path()).unwrap().epoch(), 4_000_000_001);
}

#[test]
fn what_a_removed_log_left_does_not_get_into_it() {
    let removed = Bench::new();
    let mut store = removed.open();
    add(&mut store, "removed", 1..=50);
    let bench = removed.copy(&[WAL, MARK]);
    assert_eq!(import(bench.path(), items(7), |_| {}).unwrap(), 7);
    assert!(verify(bench.path(), |_, _| {}).unwrap().is_whole());
    assert_eq!(bench.all().records[&7].event, event(7, "a", 10));
}
