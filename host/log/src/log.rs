//! What a log promises, whatever it is kept on.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tidemill_event::{Event, Position, Timestamp};

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

/// How whoever appends is told, see [`Append::done`].
pub type Done = Box<dyn FnOnce(Result<Vec<Arc<Record>>, AppendError>) + Send>;

/// Events to be stored together.
pub struct Append {
    /// The events, in order.
    pub events: Vec<Event>,
    /// Told once what became of them: the records, in the order of the events, once they are as durable as the log
    /// promises, or why none of them was stored. Calls come one at a time and in the order of positions, so that what
    /// hangs on the log (frames, answers) sees one order. It must not block.
    pub done: Done,
}

impl std::fmt::Debug for Append {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Append").field("events", &self.events.len()).finish_non_exhaustive()
    }
}

/// The ordered record of events.
///
/// Sequences strictly increase but may have gaps. Implementations differ in what they survive, which
/// [`info`](Log::info) says.
pub trait Log: Send + Sync + 'static {
    /// Stores events in order and then calls `done`, now or later, on any thread.
    fn append(&self, batch: Append);

    /// The records after a position, oldest first: none if there are none yet, at most what `limit` says (but one
    /// record always fits). Nothing is held between calls.
    fn read(&self, after: Position, limit: ReadLimit) -> BoxFuture<'_, Result<Vec<Arc<Record>>, ReadError>>;

    /// The position from which reading finds every record stored at or after a time.
    fn position_at(&self, time: Timestamp) -> BoxFuture<'_, Result<Position, ReadError>>;

    /// What the log holds and promises, at this moment.
    fn info(&self) -> LogInfo;
}

/// How much one read may return.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLimit {
    /// Records.
    pub records: usize,
    /// Bytes of events, by [`Event::weight`].
    pub bytes: usize,
}

/// What a log holds and promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogInfo {
    /// The epoch of its positions.
    pub epoch: u32,
    /// The sequence of the oldest record that it still has; one more than `last` if it has none.
    pub first: u64,
    /// The sequence of the newest record; 0 if there never was one.
    pub last: u64,
    /// Records that it has.
    pub records: u64,
    /// Bytes that it takes.
    pub bytes: u64,
    /// What an acknowledged event survives.
    pub durability: Durability,
}

/// What an acknowledged event survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Nothing: the log is in this process's memory.
    Memory,
}

impl Durability {
    /// The name used in answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
        }
    }
}

/// Events were not stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// The log is shutting down.
    #[error("the log is closed")]
    Closed,
}

/// Records cannot be read from a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Records after the position were removed by retention.
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
}
