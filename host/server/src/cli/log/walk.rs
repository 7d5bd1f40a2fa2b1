//! Reads a log from a position to its end, and over what cannot be read.

use std::{ops::RangeInclusive, sync::Arc};

use tidemill_event::Position;
use tidemill_log::{LogReader, ReadError, ReadLimit, Record};

/// One page: small beside memory, large beside the cost of a read.
const PAGE: ReadLimit = ReadLimit { records: 500, bytes: 4 << 20 };

/// What a part of the log turned out to be.
pub(super) enum Found {
    Records(Vec<Arc<Record>>),
    /// These sequences cannot be read.
    Damaged(RangeInclusive<u64>, String),
    /// These were removed by retention.
    Removed(RangeInclusive<u64>),
}

/// The parts of a log, in order.
pub(super) struct Walk<'r> {
    reader: &'r LogReader,
    start: u64,
    after: Position,
    last: u64,
}

impl<'r> Walk<'r> {
    /// What follows a position, up to what is the end now: a server beside it may write on.
    pub(super) fn new(reader: &'r LogReader, after: Position, last: u64) -> Self {
        Self { reader, start: after.sequence, after, last }
    }

    /// How many sequences are behind it.
    pub(super) fn done(&self) -> u64 {
        self.after.sequence - self.start
    }

    /// How many there are.
    pub(super) fn total(&self) -> u64 {
        self.last.saturating_sub(self.start)
    }
}

impl Iterator for Walk<'_> {
    type Item = Result<Found, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.after.sequence + 1;
        if next > self.last {
            return None;
        }
        let (to, found) = match self.reader.read(self.after, PAGE, self.last) {
            Ok(page) => (page.to, Ok(Found::Records(page.records))),
            Err(ReadError::Trimmed { first }) => (first - 1, Ok(Found::Removed(next..=first - 1))),
            Err(ReadError::Damaged { to, reason }) => (to, Ok(Found::Damaged(next..=to, reason))),
            Err(error) => (self.last, Err(error)),
        };
        self.after.sequence = to;
        Some(found)
    }
}

/// A range as people write it.
pub(super) fn shown(range: &RangeInclusive<u64>) -> String {
    let (first, last) = (range.start(), range.end());
    if first == last { format!("event {first}") } else { format!("events {first} to {last}") }
}
