//! One damaged event, and one damaged page: the rest stays readable, and `verify` says where it is.

use rusqlite::Connection;
use tidemill_event::{Position, Timestamp};
use tidemill_log::{ReadError, ReadLimit, Verified, open_reader, verify};

use super::bench::{Bench, DATABASE, add};

const PAGE: usize = 4096;

fn filled() -> Bench {
    let bench = Bench::new();
    bench.with(|store| {
        for round in 0..10 {
            bench.pass(std::time::Duration::from_secs(1));
            add(store, "a", round * 100..round * 100 + 100);
        }
    });
    bench
}

/// Flips a byte in the data of an event.
fn damage(bench: &Bench, id: u64) {
    let mut file = bench.file(DATABASE);
    let data = format!("\"{}\"", id.to_string().repeat(3));
    let at = file.windows(data.len()).position(|window| window == data.as_bytes()).unwrap();
    file[at + 2] ^= 1;
    bench.set_file(DATABASE, &file);
}

fn verified(bench: &Bench) -> Verified {
    verify(bench.path(), |_, _| {}).unwrap()
}

#[test]
fn a_whole_log_is_called_whole() {
    let bench = filled();
    let mut heard = Vec::new();
    let found = verify(bench.path(), |read, of| heard.push((read, of))).unwrap();
    assert!(found.is_whole(), "{found:?}");
    assert_eq!(
        (found.records, found.range.map(|(first, last)| (first.sequence, last.sequence))),
        (1000, Some((1, 1000)))
    );
    assert_eq!(heard.last(), Some(&(1000, 1000)));
    let empty = Bench::new();
    empty.with(|_| {});
    assert!(verified(&empty).is_whole());
}

#[test]
fn a_damaged_event_is_named_and_the_others_are_read() {
    let bench = filled();
    // An id is one less than its sequence.
    damage(&bench, 699);
    let found = bench.all();
    let to: Vec<_> = found.errors.iter().map(|error| matches!(error, ReadError::Damaged { to: 700, .. })).collect();
    assert_eq!((to, found.records.len()), (vec![true], 999));
    let found = verified(&bench);
    assert_eq!((found.records, found.is_whole()), (999, false));
    assert_eq!(found.damaged.iter().map(|(sequence, _)| *sequence).collect::<Vec<_>>(), [700]);
    assert!(found.damaged[0].1.contains("checksum"), "{found:?}");
    assert_eq!(bench.with(|store| add(store, "a", [1])), [1001], "it goes on");
}

#[test]
fn a_time_is_found_beside_a_damaged_event() {
    let bench = filled();
    let at = |ms| open_reader(bench.path()).unwrap().position_at(Timestamp::from_unix_ms(ms), 1000).unwrap().sequence;
    let before = at(1_000_005_001);
    assert_eq!(before, 500);
    // What is looked at first.
    (498..502).for_each(|id| damage(&bench, id));
    assert!([at(1_000_005_000), at(1_000_005_001)].iter().zip([400, 502]).all(|(at, highest)| *at <= highest));
}

#[test]
fn reading_goes_on_after_a_damaged_page() {
    let bench = filled();
    let mut file = bench.file(DATABASE);
    let root: usize = {
        let database = Connection::open(bench.path().join(DATABASE)).unwrap();
        let root = "SELECT rootpage FROM sqlite_schema WHERE name = 'events'";
        database.query_row(root, [], |row| row.get(0)).unwrap()
    };
    // The fourth child of the root: a leaf, for the tree is small.
    let root = &file[(root - 1) * PAGE..root * PAGE];
    assert_eq!(root[0], 5, "an inner page");
    let cell = usize::from(u16::from_be_bytes([root[12 + 6], root[12 + 7]]));
    let child = u32::from_be_bytes(root[cell..cell + 4].try_into().unwrap()) as usize;
    file[(child - 1) * PAGE..child * PAGE].fill(0xff);
    bench.set_file(DATABASE, &file);
    let found = bench.all();
    assert_eq!(found.errors.len(), 1, "{:?}", found.errors);
    let ReadError::Damaged { to, .. } = &found.errors[0] else { panic!("{:?}", found.errors) };
    let missing: Vec<u64> = (1..=1000).filter(|sequence| !found.records.contains_key(sequence)).collect();
    assert!(missing.len() < 100 && missing.is_sorted() && missing.last() == Some(to), "{missing:?} {to}");
    assert!(!verified(&bench).is_whole());
}

#[test]
fn events_that_disappeared_are_told() {
    for (gone, refused) in [("sequence = 1", true), ("sequence BETWEEN 400 AND 450", false), ("sequence > 990", true)] {
        let bench = filled();
        let database = Connection::open(bench.path().join(DATABASE)).unwrap();
        database.execute(&format!("DELETE FROM events WHERE {gone}"), []).unwrap();
        drop(database);
        assert_eq!(bench.try_open().is_err(), refused, "{gone}");
        let found = bench.all();
        let missing: Vec<u64> = (1..=1000).filter(|sequence| !found.records.contains_key(sequence)).collect();
        assert!(!missing.is_empty() && missing.iter().all(|sequence| found.tells_of(*sequence)), "{gone}");
        assert!(!verified(&bench).is_whole(), "{gone}");
    }
}

#[test]
fn no_position_and_no_limit_is_too_large() {
    let bench = filled();
    let reader = open_reader(bench.path()).unwrap();
    let limit = ReadLimit { records: usize::MAX, bytes: usize::MAX };
    for after in [1000, 1001, u64::MAX - 1, u64::MAX] {
        let page = reader.read(Position::new(reader.epoch(), after), limit, 1000).unwrap();
        assert_eq!((page.records.len(), page.to), (0, after));
        assert_eq!(reader.dead_letters(after, usize::MAX).unwrap(), []);
    }
    assert_eq!(reader.read(Position::new(reader.epoch(), 0), limit, 1000).unwrap().records.len(), 1000);
}
