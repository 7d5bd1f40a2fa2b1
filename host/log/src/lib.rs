//! The log: the one ordered record of processed events.
//!
//! Owns positions (invariant I1: they are made here and nowhere else), the promise behind them: whoever is told of a
//! position may rely on the event as far as [`Durability`] says (I2), what is kept for how long, which events are known
//! already, and, beside the events, dead letters and the state of plugins.
//! Must not know: plugins, HTTP, subscribers, how events are shown.

mod assignment;
mod clock;
mod dead_letter;
mod disk;
mod figures;
mod key;
mod known;
pub mod limits;
mod log;
mod memory;
mod pulse;
mod retention;

pub use clock::{Clock, system_clock};
pub use dead_letter::{DeadLetter, KeptDeadLetter};
pub use disk::{
    Commit, DiskLog, ImportError, LogReader, OpenError, Store, StoreOptions, Summary, Verified, VerifyError, import,
    open_reader, verify,
};
pub use figures::{CommitTimes, LogFigures};
pub use key::Key;
pub use log::{
    Append, AppendError, Appended, BoxFuture, DeadLetterTotals, Done, Durability, Follower, Group, Log, LogInfo, Page,
    Placed, ReadError, ReadLimit, Record,
};
pub use memory::{MemoryLog, MemoryOptions};
pub use pulse::Pulse;
pub use retention::{Retention, RetentionPolicy, Rule};
