//! A log in memory: as fast as a log can be, bounded, and gone with the process.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use tidemill_event::{Position, Timestamp};

use crate::{Append, BoxFuture, Durability, Log, LogInfo, ReadError, ReadLimit, Record};

/// How much a memory log keeps; the oldest records go first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryRetention {
    /// Records.
    pub records: usize,
    /// Bytes of events, by [`Event::weight`](tidemill_event::Event::weight).
    pub bytes: usize,
}

/// A log in memory.
#[derive(Debug)]
pub struct MemoryLog {
    epoch: u32,
    retention: MemoryRetention,
    /// Held by an append until its `done` was called, so that these calls come in the order of positions.
    appending: Mutex<()>,
    records: Mutex<Records>,
}

#[derive(Debug)]
struct Records {
    kept: VecDeque<Arc<Record>>,
    bytes: usize,
    last: u64,
    stored_at: Timestamp,
}

impl MemoryLog {
    /// An empty log. Its epoch is the second in which it was made, so that positions of an earlier process are not
    /// taken for its own.
    pub fn new(retention: MemoryRetention) -> Self {
        let seconds = now().unix_ms() / 1000;
        Self::with_epoch(u32::try_from(seconds).unwrap_or(u32::MAX), retention)
    }

    /// An empty log with a given epoch.
    pub fn with_epoch(epoch: u32, retention: MemoryRetention) -> Self {
        let records = Records { kept: VecDeque::new(), bytes: 0, last: 0, stored_at: Timestamp::default() };
        Self { epoch, retention, appending: Mutex::new(()), records: Mutex::new(records) }
    }

    fn records(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read_now(&self, after: Position, limit: ReadLimit) -> Result<Vec<Arc<Record>>, ReadError> {
        if after.epoch != self.epoch {
            return Err(ReadError::ForeignEpoch { epoch: self.epoch });
        }
        let records = self.records();
        let first = records.first();
        if after.sequence + 1 < first {
            return Err(ReadError::Trimmed { first });
        }
        let start = usize::try_from(after.sequence + 1 - first).unwrap_or(usize::MAX).min(records.kept.len());
        let mut bytes = 0;
        let page = records.kept.range(start..).take(limit.records.max(1)).take_while(|record| {
            let fits = bytes == 0 || bytes + record.event.weight() <= limit.bytes;
            bytes += record.event.weight();
            fits
        });
        Ok(page.cloned().collect())
    }
}

impl Records {
    fn first(&self) -> u64 {
        self.last + 1 - self.kept.len() as u64
    }

    fn push(&mut self, record: Arc<Record>, retention: &MemoryRetention) {
        self.bytes += record.event.weight();
        self.kept.push_back(record);
        // The newest record stays even if it is larger than the bound, so that it can be delivered.
        while self.kept.len() > 1 && (self.kept.len() > retention.records || self.bytes > retention.bytes) {
            if let Some(oldest) = self.kept.pop_front() {
                self.bytes -= oldest.event.weight();
            }
        }
    }
}

impl Log for MemoryLog {
    fn append(&self, batch: Append) {
        let _one_at_a_time = self.appending.lock().unwrap_or_else(PoisonError::into_inner);
        let stored: Vec<Arc<Record>> = {
            let mut records = self.records();
            let stored_at = now().max(records.stored_at);
            records.stored_at = stored_at;
            batch
                .events
                .into_iter()
                .map(|event| {
                    records.last += 1;
                    let position = Position::new(self.epoch, records.last);
                    let record = Arc::new(Record { position, stored_at, event });
                    records.push(Arc::clone(&record), &self.retention);
                    record
                })
                .collect()
        };
        (batch.done)(Ok(stored));
    }

    fn read(&self, after: Position, limit: ReadLimit) -> BoxFuture<'_, Result<Vec<Arc<Record>>, ReadError>> {
        let page = self.read_now(after, limit);
        Box::pin(async move { page })
    }

    fn position_at(&self, time: Timestamp) -> BoxFuture<'_, Result<Position, ReadError>> {
        let records = self.records();
        let before = records.kept.partition_point(|record| record.stored_at < time) as u64;
        let position = Position::new(self.epoch, records.first() - 1 + before);
        Box::pin(async move { Ok(position) })
    }

    fn info(&self) -> LogInfo {
        let records = self.records();
        LogInfo {
            epoch: self.epoch,
            first: records.first(),
            last: records.last,
            records: records.kept.len() as u64,
            bytes: records.bytes as u64,
            durability: Durability::Memory,
        }
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_unix_ms(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Map;
    use std::sync::mpsc;
    use tidemill_event::{Attributes, Data, Event};

    fn event(id: u64) -> Event {
        let (id, none) = (id.to_string(), Map::new());
        let attributes = Attributes {
            id: &id,
            source: "/s",
            event_type: "t",
            subject: None,
            content_type: None,
            data_schema: None,
            extensions: &none,
        };
        Event::new(&attributes, Timestamp::default(), Data::Empty).unwrap()
    }

    fn append(log: &MemoryLog, ids: impl IntoIterator<Item = u64>) -> Vec<u64> {
        let (send, receive) = mpsc::channel();
        let done = Box::new(move |stored: Result<Vec<Arc<Record>>, _>| send.send(stored.unwrap()).unwrap());
        log.append(Append { events: ids.into_iter().map(event).collect(), done });
        receive.recv().unwrap().iter().map(|record| record.position.sequence).collect()
    }

    fn log(records: usize) -> MemoryLog {
        MemoryLog::with_epoch(7, MemoryRetention { records, bytes: 1 << 20 })
    }

    const ALL: ReadLimit = ReadLimit { records: 1000, bytes: 1 << 20 };

    #[test]
    fn i1_positions_come_only_from_the_log_and_strictly_increase() {
        let log = Arc::new(log(100_000));
        let threads: Vec<_> = (0..4_u64)
            .map(|thread| {
                let log = Arc::clone(&log);
                std::thread::spawn(move || (0..500).flat_map(|i| append(&log, [thread * 10_000 + i; 3])).collect())
            })
            .collect();
        let given: Vec<Vec<u64>> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        assert!(given.iter().all(|own| own.is_sorted_by(|a, b| a < b)));
        let mut all: Vec<u64> = given.concat();
        all.sort_unstable();
        assert_eq!(all, (1..=6000).collect::<Vec<_>>());
    }

    #[test]
    fn answers_come_in_the_order_of_positions() {
        let log = Arc::new(log(100_000));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let (log, seen) = (Arc::clone(&log), Arc::clone(&seen));
                std::thread::spawn(move || {
                    for i in 0..500 {
                        let seen = Arc::clone(&seen);
                        let done = Box::new(move |stored: Result<Vec<Arc<Record>>, _>| {
                            seen.lock().unwrap().extend(stored.unwrap().iter().map(|r| r.position.sequence));
                        });
                        log.append(Append { events: vec![event(i), event(i)], done });
                    }
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(*seen.lock().unwrap(), (1..=4000).collect::<Vec<_>>());
    }

    #[test]
    fn reading_goes_on_after_a_position_and_respects_its_limits() {
        let log = log(100);
        append(&log, 1..=10);
        let read = |after, limit| {
            let page = log.read_now(Position::new(7, after), limit).unwrap();
            page.iter().map(|record| record.position.sequence).collect::<Vec<_>>()
        };
        assert_eq!(read(0, ALL), (1..=10).collect::<Vec<_>>());
        assert_eq!(read(7, ALL), [8, 9, 10]);
        assert!(read(10, ALL).is_empty());
        assert_eq!(read(2, ReadLimit { records: 2, ..ALL }), [3, 4]);
        assert_eq!(read(2, ReadLimit { bytes: 1, ..ALL }), [3]);
    }

    #[test]
    fn what_retention_removed_is_told_and_a_foreign_epoch_too() {
        let log = log(3);
        append(&log, 1..=10);
        assert_eq!(log.read_now(Position::new(7, 2), ALL), Err(ReadError::Trimmed { first: 8 }));
        assert_eq!(log.read_now(Position::new(7, 7), ALL).unwrap().len(), 3);
        assert_eq!(log.read_now(Position::new(6, 9), ALL), Err(ReadError::ForeignEpoch { epoch: 7 }));
        let info = log.info();
        assert_eq!((info.first, info.last, info.records), (8, 10, 3));
    }

    #[test]
    fn an_empty_log_has_nothing_to_read_and_nothing_lost() {
        let log = log(3);
        assert_eq!(log.read_now(Position::new(7, 0), ALL), Ok(vec![]));
        assert_eq!((log.info().first, log.info().last), (1, 0));
    }
}
