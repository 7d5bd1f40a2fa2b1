//! Files that end too early, and a damaged write-ahead log.

use std::sync::Arc;

use rusqlite::Connection;
use tidemill_log::{OpenError, Record, Store};

use super::bench::{Bench, DATABASE, Found, MARK, Random, WAL, add, rule, same};

/// A log that was closed, with many events.
fn closed() -> Bench {
    let bench = Bench::new();
    bench.with(|store| (0..10).for_each(|round| drop(add(store, "a", round * 100..round * 100 + 100))));
    bench
}

/// A log as a process leaves it that was killed, after ten commits of ten events; all of them are in the write-ahead log.
fn killed() -> (Bench, Store) {
    let bench = Bench::new();
    let mut store = bench.open();
    (0..10).for_each(|round| drop(add(&mut store, "a", round * 10..round * 10 + 10)));
    (bench.copy(&[DATABASE, WAL, MARK]), store)
}

#[test]
fn a_database_that_was_cut_off_is_refused_and_left_alone() {
    let bench = closed();
    let whole = bench.file(DATABASE);
    for length in [0, 7, 99, 100, 4096, whole.len() / 2, whole.len() - 4096, whole.len() - 1] {
        bench.set_file(DATABASE, &whole[..length]);
        let refused = bench.try_open().unwrap_err();
        assert!(matches!(refused, OpenError::Damaged { .. }), "{length}: {refused}");
        let text = refused.to_string();
        assert!(text.contains("Nothing was changed") && text.contains("tidemill log export"), "{text}");
        assert!(bench.file(DATABASE) == whole[..length], "{length}");
    }
    bench.set_file(DATABASE, &whole);
    assert_eq!(bench.with(|store| store.last()), 1000);
}

#[test]
fn a_copy_back_that_was_interrupted_after_the_first_page_goes_on() {
    let (bench, _store) = killed();
    let (before, mut database, wal) = (all_of_copy(&bench), bench.file(DATABASE), bench.file(WAL));
    let mut frames = wal[32..].chunks_exact(24 + 4096);
    let first_page = frames.rfind(|frame| frame[..4] == [0, 0, 0, 1]).unwrap();
    database[..4096].copy_from_slice(&first_page[24..]);
    let pages = u32::from_be_bytes(database[28..32].try_into().unwrap()) as usize;
    assert!(database.len() < pages * 4096, "it looks cut off");
    bench.set_file(DATABASE, &database);
    assert_eq!(bench.with(|store| store.last()), 100);
    assert_eq!(bench.all(), before);
    // Without the write-ahead log it is.
    let (bench, _store) = killed();
    bench.set_file(DATABASE, &database);
    std::fs::remove_file(bench.path().join(WAL)).unwrap();
    assert!(matches!(bench.try_open(), Err(OpenError::Damaged { .. })));
}

/// All records, read from a copy, so that the write-ahead log stays.
fn all_of_copy(bench: &Bench) -> Found {
    bench.copy(&[DATABASE, WAL, MARK]).all()
}

/// The first events, all commits up to some, are there; and if it is not all of them, the epoch says so.
fn assert_prefix(bench: &Bench, whole: &Found, epoch: u32, note: &str) {
    let (now, last) = bench.with(|store| (store.epoch(), store.last()));
    assert!(last.is_multiple_of(10) && last <= 100, "{note}: {last}");
    assert_eq!(now > epoch, last < 100, "{note}: {now} {epoch} {last}");
    let found = bench.all();
    assert_eq!(found.sequences(), (1..=last).collect::<Vec<_>>(), "{note}");
    let is_same = |(sequence, record): (&u64, &Arc<Record>)| same(record, &whole.records[sequence]);
    assert!(found.records.iter().all(is_same), "{note}");
}

#[test]
fn of_a_write_ahead_log_that_was_cut_off_the_first_commits_are_left() {
    let (bench, store) = killed();
    let (whole, wal) = (all_of_copy(&bench), bench.file(WAL));
    let seed = Random::seed();
    let mut random = Random(seed);
    for _ in 0..40 {
        let copy = bench.copy(&[DATABASE, WAL, MARK]);
        let length = random.below(wal.len());
        copy.set_file(WAL, &wal[..length]);
        assert_prefix(&copy, &whole, store.epoch(), &format!("SEED={seed}: cut to {length}"));
    }
}

#[test]
fn of_a_write_ahead_log_with_a_flipped_bit_the_first_commits_are_left() {
    let (bench, store) = killed();
    let (whole, wal) = (all_of_copy(&bench), bench.file(WAL));
    let seed = Random::seed();
    let mut random = Random(seed);
    for _ in 0..40 {
        let copy = bench.copy(&[DATABASE, WAL, MARK]);
        let mut flipped = wal.clone();
        let (at, bit) = (random.below(wal.len()), random.below(8));
        flipped[at] ^= 1 << bit;
        copy.set_file(WAL, &flipped);
        assert_prefix(&copy, &whole, store.epoch(), &format!("SEED={seed}: bit {bit} of {at}"));
    }
}

#[test]
fn a_write_ahead_log_that_was_partly_copied_back_gives_nothing_else_when_it_is_cut_off() {
    let bench = Bench::keeping(rule("metric", 5));
    let mut store = bench.open();
    let add_some = |store: &mut Store| {
        add(store, "a", 0..7);
        add(store, "metric", 0..3);
        store.trim_step().unwrap();
    };
    (0..5).for_each(|_| add_some(&mut store));
    // A reader that stays keeps it from beginning anew.
    let other = Connection::open(bench.path().join(DATABASE)).unwrap();
    let snapshot = other.unchecked_transaction().unwrap();
    let _: u64 = snapshot.query_row("SELECT count(*) FROM events", [], |row| row.get(0)).unwrap();
    let copier = Connection::open(bench.path().join(DATABASE)).unwrap();
    let copied = copier.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get::<_, u64>(2)).unwrap();
    (0..5).for_each(|_| add_some(&mut store));
    let (whole, wal, epoch) = (all_of_copy(&bench), bench.file(WAL), store.epoch());
    assert!(copied > 10 && wal.len() as u64 > copied * (4096 + 24));
    let seed = Random::seed();
    let mut random = Random(seed);
    for _ in 0..60 {
        let copy = bench.copy(&[DATABASE, WAL, MARK]);
        let length = random.below(wal.len());
        copy.set_file(WAL, &wal[..length]);
        let note = format!("SEED={seed}, cut to {length} of {}", wal.len());
        let (last, now) = match copy.try_open() {
            Ok(store) => (store.last(), store.epoch()),
            Err(OpenError::Damaged { .. }) => continue,
            Err(error) => panic!("{note}: {error}"),
        };
        assert_eq!(now > epoch, last < 100, "{note}: {last}");
        let found = copy.all();
        assert!(found.records.values().all(|found| whole_or_trimmed(found, &whole)), "{note}");
        for sequence in whole.records.keys().filter(|sequence| **sequence <= last) {
            assert!(found.records.contains_key(sequence) || found.tells_of(*sequence), "{note}: {sequence}");
        }
    }
}

/// The original, or one that was trimmed later.
fn whole_or_trimmed(record: &Record, whole: &Found) -> bool {
    let original = whole.records.get(&record.position.sequence);
    original.map_or(record.event.event_type() == "metric", |original| same(record, original))
}
