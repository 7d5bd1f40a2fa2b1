//! Positions, and the order in which everybody hears of them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tidemill_event::{Position, Timestamp};
use tidemill_log::{Append, AppendError, Group};

use super::bench::{ALL, Bench, Setup, block_on, event, every_log};

every_log! {
    i1_positions_come_only_from_the_log_and_strictly_increase
    answers_come_in_the_order_of_positions_after_the_follower
    an_append_is_stored_as_a_whole_and_in_order
    the_clock_may_go_backwards_but_the_log_does_not
    a_closed_log_takes_nothing_and_says_so
}

fn i1_positions_come_only_from_the_log_and_strictly_increase(bench: fn(Setup) -> Bench) {
    let bench = bench(Setup::default());
    let given: Vec<Vec<u64>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4_u64)
            .map(|thread| {
                let bench = &bench;
                scope.spawn(move || (0..200).flat_map(|i| bench.store("t", [thread * 10_000 + i; 3])).collect())
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(given.iter().all(|own| own.is_sorted_by(|a, b| a < b)));
    let mut all: Vec<u64> = given.concat();
    all.sort_unstable();
    assert_eq!(all, (1..=2400).collect::<Vec<_>>());
    assert_eq!(bench.all(), all);
}

fn answers_come_in_the_order_of_positions_after_the_follower(bench: fn(Setup) -> Bench) {
    let bench = bench(Setup::default());
    let answered: Arc<Mutex<Vec<u64>>> = Arc::default();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for i in 0..200 {
                    let (answered, seen) = (Arc::clone(&answered), Arc::clone(&bench.seen));
                    let done = Box::new(move |result: Result<tidemill_log::Appended, AppendError>| {
                        let place = result.unwrap().places[0];
                        let seen = seen.lock().unwrap().iter().any(|record| record.position.sequence == place.first);
                        assert!(seen, "answered before the follower had it");
                        answered.lock().unwrap().push(place.first);
                    });
                    bench.log.append(Append::unkeyed(vec![event(i, "t")], done));
                }
            });
        }
    });
    bench.log.close();
    assert_eq!(*answered.lock().unwrap(), (1..=800).collect::<Vec<_>>());
    let seen: Vec<u64> = bench.seen.lock().unwrap().iter().map(|record| record.position.sequence).collect();
    assert_eq!(seen, (1..=800).collect::<Vec<_>>());
}

fn an_append_is_stored_as_a_whole_and_in_order(bench: fn(Setup) -> Bench) {
    let bench = bench(Setup::default());
    let appended = bench.append(|append| {
        append.events = (1..=5).map(|id| event(id, "t")).collect();
        append.groups = vec![Group { key: None, events: 2 }, Group { key: None, events: 3 }];
    });
    let places: Vec<(u64, u32)> = appended.unwrap().places.iter().map(|place| (place.first, place.events)).collect();
    assert_eq!(places, [(1, 2), (3, 3)]);
    let page = bench.read(0, ALL).unwrap();
    let ids: Vec<&str> = page.records.iter().map(|record| record.event.id()).collect();
    assert_eq!(ids, ["1", "2", "3", "4", "5"]);
    assert_eq!(page.records[0].event, event(1, "t"), "an event comes back as it was");
    assert_eq!(page.records, *bench.seen.lock().unwrap());
}

fn the_clock_may_go_backwards_but_the_log_does_not(bench: fn(Setup) -> Bench) {
    let bench = bench(Setup::default());
    bench.store("t", [1]);
    bench.time.store(10, std::sync::atomic::Ordering::SeqCst);
    bench.store("t", [2]);
    bench.pass(Duration::from_secs(2_000));
    bench.store("t", [3]);
    let times: Vec<u64> = bench.read(0, ALL).unwrap().records.iter().map(|r| r.stored_at.unix_ms()).collect();
    assert_eq!(times, [1_000_000, 1_000_000, 2_000_010]);
    let at = |ms| block_on(bench.log.position_at(Timestamp::from_unix_ms(ms))).unwrap();
    assert_eq!(at(1_000_000), Position::new(bench.epoch, 0));
    assert_eq!(at(1_000_001), Position::new(bench.epoch, 2));
    assert_eq!(at(9_000_000), Position::new(bench.epoch, 3));
}

fn a_closed_log_takes_nothing_and_says_so(bench: fn(Setup) -> Bench) {
    let bench = bench(Setup::default());
    bench.store("t", [1]);
    bench.log.close();
    let refused = bench.append(|append| append.events = vec![event(2, "t")]);
    assert_eq!(refused, Err(AppendError::Closed));
    assert_eq!(bench.log.info().last, 1);
}
