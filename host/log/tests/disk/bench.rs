//! A directory with a log, a clock that the test moves, and reading all that there is.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Map;
use tidemill_event::{Attributes, Data, Event, Position, Timestamp, TypePattern};
use tidemill_log::{
    Append, AppendError, Appended, DeadLetter, DiskLog, Group, Key, LogReader, OpenError, Placed, ReadError, ReadLimit,
    Record, Retention, RetentionPolicy, Rule, Store, StoreOptions, open_reader,
};

pub(crate) const DATABASE: &str = "log.db";
pub(crate) const WAL: &str = "log.db-wal";
pub(crate) const MARK: &str = "log.mark";

/// A directory with a log.
pub(crate) struct Bench {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) time: Arc<AtomicU64>,
    pub(crate) retention: RetentionPolicy,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let time = Arc::new(AtomicU64::new(1_000_000_000));
        Self { folder: tempfile::tempdir().unwrap(), time, retention: RetentionPolicy::default() }
    }

    pub(crate) fn keeping(retention: RetentionPolicy) -> Self {
        Self { retention, ..Self::new() }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn options(&self) -> StoreOptions {
        let time = Arc::clone(&self.time);
        StoreOptions {
            fsync: false,
            retention: self.retention.clone(),
            clock: Arc::new(move || Timestamp::from_unix_ms(time.load(Ordering::SeqCst))),
            ..StoreOptions::default()
        }
    }

    pub(crate) fn open(&self) -> Store {
        self.try_open().unwrap()
    }

    pub(crate) fn try_open(&self) -> Result<Store, OpenError> {
        Store::open(self.path(), self.options())
    }

    pub(crate) fn log(&self) -> DiskLog {
        DiskLog::open(self.path(), self.options()).unwrap()
    }

    /// Opens, does something, and closes as a server does.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut Store) -> T) -> T {
        let mut store = self.open();
        let done = work(&mut store);
        store.finish();
        done
    }

    pub(crate) fn pass(&self, time: Duration) {
        self.time.fetch_add(u64::try_from(time.as_millis()).unwrap(), Ordering::SeqCst);
    }

    /// Another directory with copies of files of this one, as they are now.
    pub(crate) fn copy(&self, files: &[&str]) -> Self {
        let copy = Self { time: Arc::new(AtomicU64::new(self.now())), ..Self::keeping(self.retention.clone()) };
        for file in files {
            fs::copy(self.path().join(file), copy.path().join(file)).unwrap();
        }
        copy
    }

    pub(crate) fn file(&self, name: &str) -> Vec<u8> {
        fs::read(self.path().join(name)).unwrap()
    }

    pub(crate) fn set_file(&self, name: &str, content: &[u8]) {
        fs::write(self.path().join(name), content).unwrap();
    }

    /// All that can be read of it.
    pub(crate) fn all(&self) -> Found {
        all(&open_reader(self.path()).unwrap())
    }

    fn now(&self) -> u64 {
        self.time.load(Ordering::SeqCst)
    }
}

/// What a reader from the beginning gets.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) records: BTreeMap<u64, Arc<Record>>,
    pub(crate) errors: Vec<ReadError>,
}

impl Found {
    pub(crate) fn sequences(&self) -> Vec<u64> {
        assert_eq!(self.errors, []);
        self.records.keys().copied().collect()
    }

    /// Whether an error told of a sequence.
    pub(crate) fn tells_of(&self, sequence: u64) -> bool {
        self.errors.iter().any(|error| match error {
            ReadError::Damaged { to, .. } => sequence <= *to,
            _ => true,
        })
    }
}

/// Reads on over damages, and checks that reading gets on.
pub(crate) fn all(reader: &LogReader) -> Found {
    let mut found = Found::default();
    let last = match reader.last() {
        Ok(last) => last,
        Err(error) => return Found { errors: vec![error], ..found },
    };
    let mut after = 0;
    while after < last {
        let to =
            match reader.read(Position::new(reader.epoch(), after), ReadLimit { records: 50, bytes: 1 << 20 }, last) {
                Ok(page) => {
                    for record in page.records {
                        let sequence = record.position.sequence;
                        assert!(sequence > after && sequence <= page.to, "{sequence} is not in ({after}, {}]", page.to);
                        assert!(found.records.keys().next_back().is_none_or(|before| *before < sequence));
                        found.records.insert(sequence, record);
                    }
                    page.to
                }
                Err(ReadError::Trimmed { first }) => first - 1,
                Err(error) => {
                    let to = if let ReadError::Damaged { to, .. } = &error { *to } else { last };
                    found.errors.push(error);
                    to
                }
            };
        assert!(to > after, "reading stays at {after}");
        after = to;
    }
    found
}

/// Commits one append; what it is told.
pub(crate) fn append(store: &mut Store, make: impl FnOnce(&mut Append)) -> Result<Appended, AppendError> {
    let told = Arc::new(Mutex::new(None));
    let tell = Arc::clone(&told);
    let mut append = Append::unkeyed(vec![], Box::new(move |result| *tell.lock().unwrap() = Some(result)));
    make(&mut append);
    store.commit(vec![append]).tell();
    told.lock().unwrap().take().unwrap()
}

/// Commits events of a type without keys; their sequences.
pub(crate) fn add(store: &mut Store, event_type: &str, ids: impl IntoIterator<Item = u64>) -> Vec<u64> {
    let events: Vec<Event> = ids.into_iter().map(|id| event(id, event_type, 10)).collect();
    let groups = vec![Group { key: None, events: 1 }; events.len()];
    let appended = append(store, |append| (append.events, append.groups) = (events, groups)).unwrap();
    appended.places.iter().map(|place| place.first).collect()
}

/// Commits one published event with its key.
pub(crate) fn publish(store: &mut Store, id: u64) -> Placed {
    let group = Group { key: Some(Key::new("/s", &id.to_string())), events: 1 };
    let appended = append(store, |append| (append.events, append.groups) = (vec![event(id, "t", 10)], vec![group]));
    appended.unwrap().places[0]
}

pub(crate) fn event(id: u64, event_type: &str, bytes: usize) -> Event {
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
    let data = format!("\"{}\"", id.repeat(bytes / id.len()));
    Event::new(&attributes, Timestamp::from_unix_ms(5), Data::Bytes(data.into())).unwrap()
}

/// What a plugin failed on.
pub(crate) fn letter(id: u64) -> DeadLetter {
    DeadLetter {
        event: event(id, "t", 10),
        plugin: "p".into(),
        version: "v".into(),
        generation: 7,
        reason: "trap".into(),
        detail: "a text that is long enough to be hit".repeat(10),
    }
}

/// Whether a record is the original, whatever the epoch is now.
pub(crate) fn same(record: &Record, original: &Record) -> bool {
    (record.position.sequence, record.stored_at, &record.event)
        == (original.position.sequence, original.stored_at, &original.event)
}

/// At most so many events of some types.
pub(crate) fn rule(types: &str, max_events: u64) -> RetentionPolicy {
    let retention = Retention { max_events: Some(max_events), ..Retention::default() };
    let rules = vec![Rule { types: TypePattern::parse_list(types).unwrap(), retention }];
    RetentionPolicy { rules, ..RetentionPolicy::default() }
}

/// Numbers that look random and come again with the same seed (SplitMix64).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// A seed from the time, so that every run tries something else; say it in every assertion.
    pub(crate) fn seed() -> u64 {
        std::env::var("SEED")
            .ok()
            .map_or_else(|| tidemill_log::system_clock()().unix_ms(), |seed| seed.parse().unwrap())
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % bound as u64).unwrap()
    }
}
