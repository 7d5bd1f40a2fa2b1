//! Reading from a position.

use tidemill_event::{Position, Timestamp};
use tidemill_log::{ReadError, ReadLimit};

use super::bench::{ALL, Bench, Setup, block_on, every_log};

every_log! {
    reading_goes_on_after_a_position_and_respects_its_limits
    a_foreign_epoch_is_told
    an_empty_log_has_nothing_to_read_and_nothing_lost
    a_time_is_found
}

fn reading_goes_on_after_a_position_and_respects_its_limits(bench: fn(Setup) -> Bench) {
    let bench = bench(Setup::default());
    bench.store("t", 1..=10);
    let read = |after, limit| {
        let page = bench.read(after, limit).unwrap();
        (page.records.iter().map(|record| record.position.sequence).collect::<Vec<_>>(), page.to)
    };
    assert_eq!(read(0, ALL), ((1..=10).collect(), 10));
    assert_eq!(read(7, ALL), (vec![8, 9, 10], 10));
    assert_eq!(read(10, ALL), (vec![], 10));
    assert_eq!(read(2, ReadLimit { records: 2, ..ALL }), (vec![3, 4], 4));
    assert_eq!(read(2, ReadLimit { bytes: 1, ..ALL }), (vec![3], 3), "one record always fits");
}

fn a_foreign_epoch_is_told(bench: fn(Setup) -> Bench) {
    let bench = bench(Setup::default());
    let epoch = bench.epoch;
    let foreign = block_on(bench.log.read(Position::new(epoch - 1, 9), ALL));
    assert_eq!(foreign, Err(ReadError::ForeignEpoch { epoch }));
}

fn an_empty_log_has_nothing_to_read_and_nothing_lost(bench: fn(Setup) -> Bench) {
    let bench = bench(Setup::default());
    assert_eq!(bench.read(0, ALL).unwrap().records, []);
    let info = bench.log.info();
    assert_eq!((info.first, info.last, info.records, info.bytes, info.failing), (1, 0, 0, 0, None));
    let at = block_on(bench.log.position_at(Timestamp::from_unix_ms(0))).unwrap();
    assert_eq!(at, Position::new(bench.epoch, 0));
}

fn a_time_is_found(bench: fn(Setup) -> Bench) {
    let bench = bench(Setup::default());
    for id in 1..=20 {
        bench.store("t", [id]);
        bench.pass(std::time::Duration::from_millis(10));
    }
    for (ms, before) in [(0, 0), (1_000_000, 0), (1_000_001, 1), (1_000_100, 10), (1_000_190, 19), (1_000_191, 20)] {
        let at = block_on(bench.log.position_at(Timestamp::from_unix_ms(ms))).unwrap();
        assert_eq!(at, Position::new(bench.epoch, before), "{ms}");
    }
}
