//! A log to ask, with a clock that the test moves.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use serde_json::Map;
use tidemill_event::{Attributes, Data, Event, Position, Timestamp};
use tidemill_log::{
    Append, AppendError, Appended, Clock, DiskLog, Group, Key, Log, MemoryLog, MemoryOptions, Page, ReadError,
    ReadLimit, Record, RetentionPolicy, StoreOptions,
};

pub(crate) const EPOCH: u32 = 7;
pub(crate) const ALL: ReadLimit = ReadLimit { records: 100_000, bytes: usize::MAX };

/// What a log is made with.
#[derive(Clone, Default)]
pub(crate) struct Setup {
    pub(crate) retention: RetentionPolicy,
    pub(crate) known_window: Option<Duration>,
    pub(crate) known_max: Option<usize>,
}

/// A log, its clock, and what its follower saw.
pub(crate) struct Bench {
    pub(crate) log: Arc<dyn Log>,
    pub(crate) time: Arc<AtomicU64>,
    pub(crate) seen: Arc<Mutex<Vec<Arc<Record>>>>,
    pub(crate) epoch: u32,
    _folder: Option<tempfile::TempDir>,
}

fn clock(time: &Arc<AtomicU64>) -> Clock {
    let time = Arc::clone(time);
    Arc::new(move || Timestamp::from_unix_ms(time.load(Ordering::SeqCst)))
}

impl Bench {
    pub(crate) fn memory(setup: Setup) -> Self {
        let time = Arc::new(AtomicU64::new(1_000_000));
        let defaults = MemoryOptions::default();
        let log = MemoryLog::with_epoch(
            EPOCH,
            MemoryOptions {
                retention: setup.retention,
                known_window: setup.known_window.unwrap_or(defaults.known_window),
                known_max: setup.known_max.unwrap_or(defaults.known_max),
                clock: clock(&time),
            },
        );
        Self::new(Arc::new(log), time, None)
    }

    pub(crate) fn disk(setup: Setup) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self::disk_in(folder.path(), setup, Some(1_000_000)).keep(folder)
    }

    pub(crate) fn disk_in(folder: &Path, setup: Setup, at: Option<u64>) -> Self {
        let time = Arc::new(AtomicU64::new(at.unwrap_or(1_000_000)));
        let defaults = StoreOptions::default();
        let options = StoreOptions {
            fsync: false,
            retention: setup.retention,
            known_window: setup.known_window.unwrap_or(defaults.known_window),
            known_max: setup.known_max.unwrap_or(defaults.known_max),
            clock: clock(&time),
        };
        Self::new(Arc::new(DiskLog::open(folder, options).unwrap()), time, None)
    }

    fn keep(self, folder: tempfile::TempDir) -> Self {
        Self { _folder: Some(folder), ..self }
    }

    fn new(log: Arc<dyn Log>, time: Arc<AtomicU64>, folder: Option<tempfile::TempDir>) -> Self {
        let seen: Arc<Mutex<Vec<Arc<Record>>>> = Arc::default();
        let follower = Arc::clone(&seen);
        log.follow(Box::new(move |records| follower.lock().unwrap().extend(records)));
        let epoch = log.info().epoch;
        Self { log, time, seen, epoch, _folder: folder }
    }

    pub(crate) fn pass(&self, time: Duration) {
        self.time.fetch_add(u64::try_from(time.as_millis()).unwrap(), Ordering::SeqCst);
    }

    /// Appends and waits.
    pub(crate) fn append(&self, make: impl FnOnce(&mut Append)) -> Result<Appended, AppendError> {
        let (send, receive) = mpsc::channel();
        let mut append = Append::unkeyed(vec![], Box::new(move |result| send.send(result).unwrap()));
        make(&mut append);
        self.log.append(append);
        receive.recv().unwrap()
    }

    /// Appends events of a type without keys; their sequences.
    pub(crate) fn store(&self, event_type: &str, ids: impl IntoIterator<Item = u64>) -> Vec<u64> {
        let events: Vec<Event> = ids.into_iter().map(|id| event(id, event_type)).collect();
        let groups = vec![Group { key: None, events: 1 }; events.len()];
        let appended = self.append(|append| (append.events, append.groups) = (events, groups)).unwrap();
        appended.places.iter().map(|place| place.first).collect()
    }

    /// Appends one published event with its key.
    pub(crate) fn publish(&self, id: u64) -> tidemill_log::Placed {
        let appended = self.append(|append| {
            append.events = vec![event(id, "t")];
            append.groups = vec![Group { key: Some(key(id)), events: 1 }];
        });
        appended.unwrap().places[0]
    }

    pub(crate) fn read(&self, after: u64, limit: ReadLimit) -> Result<Page, ReadError> {
        block_on(self.log.read(Position::new(self.epoch, after), limit))
    }

    /// The sequences that a reader from the beginning gets, over gaps.
    pub(crate) fn all(&self) -> Vec<u64> {
        let (mut after, mut all) = (0, Vec::new());
        while after < self.log.info().last {
            match self.read(after, ReadLimit { records: 7, bytes: usize::MAX }) {
                Ok(page) => {
                    all.extend(page.records.iter().map(|record| record.position.sequence));
                    assert!(page.to > after, "a page ends where it began");
                    after = page.to;
                }
                Err(ReadError::Trimmed { first }) => after = first - 1,
                Err(error) => panic!("{error}"),
            }
        }
        all
    }

    pub(crate) fn trim(&self) {
        block_on(self.log.trim()).unwrap();
    }
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

pub(crate) fn key(id: u64) -> Key {
    Key::new("/s", &id.to_string())
}

pub(crate) fn event(id: u64, event_type: &str) -> Event {
    let (id, none) = (id.to_string(), Map::new());
    let attributes = Attributes {
        id: &id,
        source: "/s",
        event_type,
        subject: None,
        content_type: None,
        data_schema: None,
        extensions: &none,
    };
    Event::new(&attributes, Timestamp::from_unix_ms(5), Data::Bytes(format!("\"{id}\"").into())).unwrap()
}

/// Makes one test for each log out of a function that asks one.
macro_rules! every_log {
    ($($name:ident)+) => {
        mod memory {
            $(#[test] fn $name() { super::$name(crate::conformance::bench::Bench::memory); })+
        }
        mod disk {
            $(#[test] fn $name() { super::$name(crate::conformance::bench::Bench::disk); })+
        }
    };
}
pub(crate) use every_log;
