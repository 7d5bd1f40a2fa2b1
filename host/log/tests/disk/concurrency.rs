//! Readers, the writer and retention at the same time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tidemill_event::{Event, Position};
use tidemill_log::{Append, AppendError, Appended, DiskLog, Log, ReadError, ReadLimit, Retention, RetentionPolicy};

use super::bench::{Bench, DATABASE, event};

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn append(log: &DiskLog, events: Vec<Event>) -> Result<Appended, AppendError> {
    let (send, receive) = mpsc::channel();
    log.append(Append::unkeyed(events, Box::new(move |result| send.send(result).unwrap())));
    receive.recv().unwrap()
}

fn keeping(retention: Retention) -> Bench {
    Bench::keeping(RetentionPolicy { log: retention, ..RetentionPolicy::default() })
}

/// Reads from page to page until the log is at rest; how many records it got, and how often it was too late.
fn follow(log: &DiskLog, ended: &AtomicBool) -> (u64, u64) {
    let (mut after, mut records, mut late) = (0, 0, 0);
    let epoch = log.info().epoch;
    loop {
        let is_last = ended.load(Ordering::SeqCst);
        match block_on(log.read(Position::new(epoch, after), ReadLimit { records: 100, bytes: usize::MAX })) {
            Ok(page) => {
                for (record, expected) in page.records.iter().zip(after + 1..) {
                    assert_eq!(record.position, Position::new(epoch, expected));
                    assert_eq!(record.event.id(), (expected - 1).to_string());
                }
                let end = page.records.last().map_or(after, |record| record.position.sequence);
                assert_eq!(page.to, end, "nothing is missing at the end");
                records += page.records.len() as u64;
                if is_last && page.to == after {
                    return (records, late);
                }
                after = page.to;
            }
            Err(ReadError::Trimmed { first }) => {
                assert!(first > after + 1, "{first} {after}");
                (after, late) = (first - 1, late + 1);
            }
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn readers_get_everything_in_order_while_events_come_and_go() {
    let bench = keeping(Retention { max_events: Some(500), ..Retention::default() });
    let (log, ended) = (bench.log(), AtomicBool::new(false));
    let begin = Instant::now();
    thread::scope(|scope| {
        let readers: Vec<_> = (0..3).map(|_| scope.spawn(|| follow(&log, &ended))).collect();
        let verifies = scope.spawn(|| {
            while !ended.load(Ordering::SeqCst) {
                let found = tidemill_log::verify(bench.path(), |_, _| {}).unwrap();
                assert!(found.is_whole(), "{found:?}");
            }
        });
        let mut id = 0;
        while begin.elapsed() < Duration::from_millis(1500) {
            let count = 1 + id % 90;
            append(&log, (id..id + count).map(|id| event(id, "a", 10)).collect()).unwrap();
            id += count;
        }
        ended.store(true, Ordering::SeqCst);
        verifies.join().unwrap();
        for reader in readers {
            let (records, _) = reader.join().unwrap();
            assert!(records > 0 && records <= id);
        }
        block_on(log.trim()).unwrap();
        let info = log.info();
        assert_eq!((info.first, info.last, info.records), (id - 499, id, 500));
    });
    log.close();
    assert!(tidemill_log::verify(bench.path(), |_, _| {}).unwrap().is_whole());
}

#[test]
fn events_become_too_old_while_others_keep_coming() {
    let bench = keeping(Retention { max_age: Some(Duration::from_secs(60)), ..Retention::default() });
    let log = bench.log();
    append(&log, vec![event(1, "old", 10)]).unwrap();
    bench.pass(Duration::from_secs(61));
    let begin = Instant::now();
    while log.info().first == 1 {
        append(&log, vec![event(2, "new", 10)]).unwrap();
        assert!(begin.elapsed() < Duration::from_secs(10), "retention waits for a quiet moment");
        thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(log.info().first, 2);
}

#[test]
fn a_reader_that_stays_does_not_stop_the_writer() {
    let bench = Bench::new();
    let log = bench.log();
    append(&log, vec![event(1, "a", 10)]).unwrap();
    // Another program's: it holds back the write-ahead log for as long as it reads.
    let stays = Connection::open(bench.path().join(DATABASE)).unwrap();
    let snapshot = stays.unchecked_transaction().unwrap();
    let _: u64 = snapshot.query_row("SELECT count(*) FROM events", [], |row| row.get(0)).unwrap();
    let begin = Instant::now();
    for id in 0..100 {
        append(&log, vec![event(id, "a", 900_000)]).unwrap();
    }
    // It waits once for some seconds, not with each of the last thirty.
    assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
    drop(snapshot);
    append(&log, vec![event(1, "a", 10)]).unwrap();
    assert_eq!(log.info().last, 102);
}

/// Whatever ends the writer, nobody is left waiting and everybody can see it.
#[test]
fn a_log_whose_writer_is_gone_says_so() {
    let bench = Bench::new();
    let log = bench.log();
    log.follow(Box::new(|_| panic!("on purpose")));
    let (told, hears) = mpsc::channel();
    log.append(Append::unkeyed(vec![event(1, "a", 10)], Box::new(move |result| drop(told.send(result)))));
    assert!(hears.recv().is_err(), "dropped unanswered");
    while log.info().failing.is_none() {
        thread::yield_now();
    }
    assert_eq!(append(&log, vec![event(2, "a", 10)]), Err(AppendError::Closed));
    assert_eq!(log.info().failing, Some(AppendError::Closed));
    log.close();
    assert_eq!(bench.all().sequences(), [1], "what was committed is there");
}
