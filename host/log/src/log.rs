//! What a log promises, whatever it is kept on.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tidemill_event::{Event, Position, StateChange, StateChanges, Timestamp, TypePattern};

use crate::{DeadLetter, KeptDeadLetter, Key, LogFigures};

/// A boxed future; logs are used behind a pointer.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// An event with its place in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Where it stands.
    pub position: Position,
    /// When the log took it. Never goes back from one record to the next, whatever the clock does.
    pub stored_at: Timestamp,
    /// The event.
    pub event: Event,
}

/// Things to be stored together: all of them or none.
pub struct Append {
    /// The events, in order.
    pub events: Vec<Event>,
    /// How the events were published: each group is one published event, its events are what plugins made of it. The
    /// sizes add up to the number of events.
    pub groups: Vec<Group>,
    /// Events that a plugin failed on.
    pub dead_letters: Vec<DeadLetter>,
    /// What plugins keep from these events.
    pub state: StateChanges,
    /// Told once what became of all this.
    pub done: Done,
}

/// One published event in an [`Append`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Group {
    /// By which it is recognised if it is published again; none: never.
    pub key: Option<Key>,
    /// Events in it; at least one.
    pub events: u32,
}

impl Append {
    /// Events that are never taken for known ones, each published by itself.
    pub fn unkeyed(events: Vec<Event>, done: Done) -> Self {
        let groups = vec![Group { key: None, events: 1 }; events.len()];
        Self { events, groups, dead_letters: Vec::new(), state: StateChanges::default(), done }
    }
}

impl std::fmt::Debug for Append {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Append").field("events", &self.events.len()).finish_non_exhaustive()
    }
}

/// How whoever appends is told, once everything is as durable as the log promises or nothing of it was stored. Calls
/// come one at a time and in the order of positions, after the [`Follower`] had the records. It must not block.
pub type Done = Box<dyn FnOnce(Result<Appended, AppendError>) + Send>;

/// What became of an [`Append`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// For each group, where it stands.
    pub places: Vec<Placed>,
    /// For each dead letter, its number.
    pub dead_letters: Vec<u64>,
}

/// Where a published event stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    /// The sequence of its first event.
    pub first: u64,
    /// How many events it became; they stand one after the other.
    pub events: u32,
    /// It was published before: this is its first place, and nothing was stored now.
    pub duplicate: bool,
}

/// Gets every stored record, in the order of positions, one batch at a time, as soon as it is durable. It must not
/// block and must not append.
pub type Follower = Box<dyn FnMut(Vec<Arc<Record>>) + Send>;

/// The ordered record of events.
///
/// Sequences strictly increase but may have gaps. An append may take seconds, and its outcome may stay unknown
/// ([`AppendError::Unknown`]): whoever sends the same keys again stores nothing twice. Retention is applied by the log
/// itself, in the background. Implementations differ in what they survive, which [`info`](Log::info) says.
pub trait Log: Send + Sync + 'static {
    /// Stores events in order and then calls `done`, now or later, on any thread. Waits while the log is far behind.
    fn append(&self, batch: Append);

    /// Gives every record that is stored from now on to `follower`, the only one. To be called before the first append.
    fn follow(&self, follower: Follower);

    /// The records after a position, oldest first: none if there are none yet, at most what `limit` says (but one
    /// record always fits). Nothing is held between calls.
    fn read(&self, after: Position, limit: ReadLimit) -> BoxFuture<'_, Result<Page, ReadError>>;

    /// The position from which reading finds every record stored at or after a time.
    fn position_at(&self, time: Timestamp) -> BoxFuture<'_, Result<Position, ReadError>>;

    /// Where events with these keys stand already. An answer of none is not final: [`append`](Log::append) decides.
    fn known(&self, keys: &[Key]) -> Vec<Option<Placed>>;

    /// Applies retention now, all of it.
    fn trim(&self) -> BoxFuture<'_, Result<(), AppendError>>;

    /// Kept dead letters with a number greater than `after`, oldest first.
    fn dead_letters(&self, after: u64, max: usize) -> BoxFuture<'_, Result<Vec<KeptDeadLetter>, ReadError>>;

    /// Forgets dead letters; how many there were.
    fn forget_dead_letters(&self, numbers: Vec<u64>) -> BoxFuture<'_, Result<usize, AppendError>>;

    /// What plugins keep: the newest change of each key. Blocks, and is as large as all of it.
    fn plugin_state(&self) -> Result<Vec<StateChange>, ReadError>;

    /// Types of which retention may have removed events between others, beside the oldest ones of all.
    fn thinned(&self) -> &[TypePattern];

    /// What the log holds and promises, at this moment.
    fn info(&self) -> LogInfo;

    /// What it has done since it was opened.
    fn figures(&self) -> Arc<LogFigures>;

    /// Takes nothing more, and waits until everything taken is stored and told. Blocks.
    fn close(&self);
}

/// How much one read may return.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLimit {
    /// Records.
    pub records: usize,
    /// Bytes of events, by [`Event::weight`].
    pub bytes: usize,
}

/// What one read returns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The records, oldest first.
    pub records: Vec<Arc<Record>>,
    /// The sequence up to which these are all that the log still has.
    pub to: u64,
}

/// What a log holds and promises.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogInfo {
    /// The epoch of its positions.
    pub epoch: u32,
    /// The sequence of the oldest record that it still has; one more than `last` if it has none.
    pub first: u64,
    /// The sequence of the newest record that it ever had; 0 if there was none.
    pub last: u64,
    /// Records that it has.
    pub records: u64,
    /// Bytes of these records as they are stored.
    pub bytes: u64,
    /// Bytes of its files; none for a log without files.
    pub disk_bytes: Option<u64>,
    /// What an acknowledged event survives.
    pub durability: Durability,
    /// Published events that would be recognised.
    pub known: u64,
    /// Dead letters that it has.
    pub dead_letters: DeadLetterTotals,
    /// Why the last append failed; none once one succeeds again.
    pub failing: Option<AppendError>,
}

/// How many dead letters there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DeadLetterTotals {
    /// Their number.
    pub count: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// What an acknowledged event survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Nothing: the log is in this process's memory.
    Memory,
    /// The end of this process, however it comes, but not of the machine: it was handed to the operating system.
    Os,
    /// A loss of power: the disk confirmed it.
    Fsync,
}

impl Durability {
    /// The name used in answers and in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Os => "os",
            Self::Fsync => "fsync",
        }
    }
}

/// Events were not stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// The log is shutting down.
    #[error("the log is closed")]
    Closed,
    /// There is no room. Nothing was stored; it works again as soon as there is room.
    #[error("there is no room for the log: {0}; free some, or keep less (`[log] max-bytes`)")]
    Full(String),
    /// It is damaged and takes no more; what to do is in the text.
    #[error("the log is damaged: {0}; `tidemill log verify` says where")]
    Damaged(String),
    /// They came with changes of plugins' state that build on others, which were not stored.
    #[error("it builds on what was not stored; send again")]
    Unfounded,
    /// It is not known whether they were stored; sending them again with the same keys settles it.
    #[error("the log did not answer: {0}; send again with the same `id`")]
    Unknown(String),
}

/// Records cannot be read from a position.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Records after the position were removed by the bounds of the whole log. What bounds of single types remove is no
    /// error: a page does not have it.
    #[error("the records after that position are gone; the oldest one has sequence {first}")]
    Trimmed {
        /// The oldest sequence that is left.
        first: u64,
    },
    /// The position belongs to another log, or to an earlier life of this one.
    #[error("that position belongs to another log; this one has epoch {epoch}")]
    ForeignEpoch {
        /// This log's epoch.
        epoch: u32,
    },
    /// The next records are damaged; after `to` it may go on.
    #[error("the log is damaged after that position: {reason}; `tidemill log verify` says where")]
    Damaged {
        /// The last sequence that is concerned.
        to: u64,
        /// What is wrong.
        reason: String,
    },
    /// The log cannot be read at the moment.
    #[error("the log cannot be read: {0}")]
    Failed(String),
}
