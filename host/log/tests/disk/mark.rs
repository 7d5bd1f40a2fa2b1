//! When the epoch changes: as soon as sequences that were acknowledged are missing, and at no other time.

use std::fs;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tidemill_log::{Store, StoreOptions};

use super::bench::{Bench, DATABASE, MARK, add};

#[test]
fn the_same_log_keeps_its_epoch() {
    let bench = Bench::new();
    let epoch = bench.with(|store| {
        add(store, "a", 1..=5);
        store.epoch()
    });
    assert_eq!(epoch, 1_000_000, "the second in which it was made");
    bench.pass(Duration::from_secs(100));
    assert_eq!(bench.with(|store| store.epoch()), epoch);
    bench.time.store(5, Ordering::SeqCst);
    assert_eq!(bench.with(|store| store.epoch()), epoch);
}

#[test]
fn without_its_mark_it_counts_as_restored() {
    let bench = Bench::new();
    let epoch = bench.with(|store| store.epoch());
    for broken in [None, Some(&b""[..]), Some(b"nonsense"), Some(b"1.x")] {
        let before = bench.with(|store| store.epoch());
        match broken {
            None => fs::remove_file(bench.path().join(MARK)).unwrap(),
            Some(content) => bench.set_file(MARK, content),
        }
        let after = bench.with(|store| store.epoch());
        assert!(after > before && after > epoch, "{broken:?}: {before} {after}");
        assert_eq!(bench.with(|store| store.epoch()), after, "once");
    }
}

#[test]
fn an_older_copy_of_it_gets_a_new_epoch_even_if_the_clock_went_back() {
    let bench = Bench::new();
    let epoch = bench.with(|store| {
        add(store, "a", 1..=5);
        store.epoch()
    });
    let copy = bench.file(DATABASE);
    bench.with(|store| add(store, "a", 6..=9));
    bench.time.store(5, Ordering::SeqCst);
    bench.set_file(DATABASE, &copy);
    let (restored, given) = bench.with(|store| (store.epoch(), add(store, "b", [6])));
    assert!(restored > epoch);
    assert_eq!(given, [6], "given out for the second time, in another epoch");
    // The same copy again: the epoch after that is not one of those before.
    bench.set_file(DATABASE, &copy);
    let again = bench.with(|store| store.epoch());
    assert!(again > restored, "{epoch} {restored} {again}");
}

#[test]
fn a_log_made_anew_has_a_later_epoch_than_the_one_before() {
    let bench = Bench::new();
    let epoch = bench.with(|store| store.epoch());
    fs::remove_file(bench.path().join(DATABASE)).unwrap();
    bench.time.store(5, Ordering::SeqCst);
    assert_eq!(bench.with(|store| (store.epoch(), store.last())), (epoch + 1, 0));
}

#[test]
fn the_last_epoch_of_all_does_not_break_it() {
    let bench = Bench::new();
    bench.with(|_| {});
    bench.set_file(MARK, b"4294967295.7\n");
    assert_eq!(bench.with(|store| store.epoch()), u32::MAX);
}

/// Commits that were not synced may be lost with the power, and the mark with them: another boot is another epoch.
#[test]
fn another_boot_of_the_machine_after_commits_that_were_not_synced_is_another_epoch() {
    let bench = Bench::new();
    let epoch = bench.with(|store| store.epoch());
    let closed = bench.file(MARK);
    // As a killed process leaves it, in the same boot.
    let mut store = bench.open();
    add(&mut store, "a", 1..=5);
    drop(store);
    let open = bench.file(MARK);
    assert_eq!(open.iter().filter(|byte| **byte == b'\n').count(), 2, "the second line names the boot");
    assert_eq!(bench.with(|store| store.epoch()), epoch);
    assert_eq!(closed.len(), bench.file(MARK).len(), "closed, it is synced");
    // The same in another boot.
    let mut store = bench.open();
    add(&mut store, "a", 6..=7);
    drop(store);
    let mut other = bench.file(MARK);
    other.truncate(32);
    other.extend_from_slice(b"another-boot\n");
    bench.set_file(MARK, &other);
    let after = bench.with(|store| store.epoch());
    assert!(after > epoch);
    assert_eq!(bench.with(|store| store.epoch()), after, "once");
    // Closed, another boot does no harm; nor where every commit is synced.
    assert_eq!(bench.file(MARK).len(), 32);
    let synced = Store::open(bench.path(), StoreOptions { fsync: true, ..bench.options() }).unwrap();
    drop(synced);
    assert_eq!(bench.file(MARK).len(), 32);
}
