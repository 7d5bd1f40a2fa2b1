//! The log: the one ordered record of processed events.
//!
//! Owns positions (invariant I1: they are made here and nowhere else) and the promise behind them: whoever is told of a
//! position may rely on the event as far as [`Durability`] says (I2).
//! Must not know: plugins, HTTP, subscribers, how events are shown.

mod log;
mod memory;

pub use log::{Append, AppendError, BoxFuture, Done, Durability, Log, LogInfo, ReadError, ReadLimit, Record};
pub use memory::{MemoryLog, MemoryRetention};
