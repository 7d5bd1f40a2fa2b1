//! A byte that flips anywhere in a database that was closed properly. Whatever it hits: no record comes back with other
//! content, and none is missing without being told.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use tidemill_log::{DeadLetter, Record, open_reader, verify};

use super::bench::{Bench, DATABASE, Found, MARK, Random, WAL, add, all, append, event, letter, publish, rule, same};

const PAGE: usize = 4096;
const ROUNDS: usize = 250;

/// Small and large events, keys and dead letters, in a tree of three levels.
fn filled(bench: &Bench) {
    bench.with(|store| {
        for round in 0..12 {
            add(store, "small", round * 50..round * 50 + 50);
            add(store, "metric", [round]);
            append(store, |append| {
                append.events = vec![event(round, "large", 9000)];
                append.groups = vec![tidemill_log::Group { key: None, events: 1 }];
            })
            .unwrap();
            publish(store, round);
            append(store, |append| append.dead_letters = vec![letter(round)]).unwrap();
        }
        while store.trim_step().unwrap() {}
    });
}

/// Where to flip: anywhere, or in the first bytes of a page, where the structure of the tree is.
fn place(random: &mut Random, length: usize) -> usize {
    if random.below(2) == 0 {
        return random.below(length);
    }
    let page = random.below(length / PAGE);
    // The header of the file or of the page, and the cell pointers; many pages have no more than some of these.
    page * PAGE + random.below(if page == 0 { 200 } else { 40 })
}

fn missing(found: &Found, originals: &BTreeMap<u64, Arc<Record>>) -> Vec<u64> {
    originals.keys().filter(|sequence| !found.records.contains_key(sequence)).copied().collect()
}

/// Flips bytes one by one. Says of how many opening, and of how many reading, had something to tell.
fn flip(bench: &Bench, is_thinned: bool) -> (usize, usize) {
    let (whole, mark, seed) = (bench.file(DATABASE), bench.file(MARK), Random::seed());
    let (originals, letters) = (bench.all().records, letters(bench));
    let (mut random, mut refused, mut told) = (Random(seed), 0, 0);
    for round in 0..ROUNDS {
        let (at, mask) = (place(&mut random, whole.len()), u8::try_from(1 + random.below(255)).unwrap());
        let note = format!("SEED={seed}, round {round}: byte {} of page {}, mask {mask:#x}", at % PAGE, at / PAGE + 1);
        let mut flipped = whole.clone();
        flipped[at] ^= mask;
        for file in [WAL, "log.db-shm"] {
            let _ = fs::remove_file(bench.path().join(file));
        }
        bench.set_file(DATABASE, &flipped);
        bench.set_file(MARK, &mark);
        let opened = bench.try_open().map(drop).is_ok();
        refused += usize::from(!opened);
        let Ok(reader) = open_reader(bench.path()) else { continue };
        let found = all(&reader);
        told += usize::from(!found.errors.is_empty());
        for (sequence, record) in &found.records {
            assert!(originals.get(sequence).is_some_and(|original| same(record, original)), "{note}: {record:?}");
        }
        let missing = missing(&found, &originals);
        let is_verified = verify(bench.path(), |_, _| {}).is_ok_and(|found| found.is_whole());
        assert!(missing.is_empty() || !is_verified, "{note}: {missing:?} are missing and nobody finds it");
        let silent = missing.iter().any(|sequence| !found.tells_of(*sequence));
        // Where rules removed events before, reading cannot know.
        assert!(!silent || !opened || is_thinned, "{note}: {missing:?} are missing, told is {:?}", found.errors);
        for kept in reader.dead_letters(0, 100).unwrap_or_default() {
            assert!(letters.contains(&kept.letter), "{note}: {kept:?}");
        }
    }
    (refused, told)
}

fn letters(bench: &Bench) -> Vec<DeadLetter> {
    let kept = open_reader(bench.path()).unwrap().dead_letters(0, 100).unwrap();
    kept.into_iter().map(|kept| kept.letter).collect()
}

#[test]
fn a_flipped_byte_is_never_taken_for_content() {
    let bench = Bench::new();
    filled(&bench);
    let (refused, told) = flip(&bench, false);
    assert!(refused > 0 && told > 50, "{refused} {told}: the test hits too little");
}

#[test]
fn nor_in_a_log_with_rules() {
    let bench = Bench::keeping(rule("metric", 3));
    filled(&bench);
    flip(&bench, true);
}
