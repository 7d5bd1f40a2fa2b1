//! One page of records, taken from rows one by one, with an eye on what should be there and is not.
//!
//! A byte that flips in an event is found by its checksum. One that flips in the structure around the rows can make
//! some of them disappear, come twice or come from elsewhere, without an error: so sequences have to follow each other.
//! Where rules remove events between others this cannot be asked; there only `tidemill log verify` finds it.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::row::Damaged;
use crate::{Page, ReadError, ReadLimit, Record};

/// A page in the making.
pub(super) struct Scan {
    records: Vec<Arc<Record>>,
    bytes: usize,
    limit: ReadLimit,
    /// The sequence after the last one that was taken.
    next: u64,
    /// Up to this sequence some may be missing.
    thinned: u64,
    /// Why a row was not taken since.
    doubt: Option<String>,
}

type Outcome = Result<Page, ReadError>;

impl Scan {
    pub(super) fn new(after: u64, limit: ReadLimit, thinned: u64) -> Self {
        Self { records: Vec::new(), bytes: 0, limit, next: after + 1, thinned, doubt: None }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Takes the next row, or ends the page before it.
    pub(super) fn take(&mut self, row: Result<Arc<Record>, Damaged>) -> ControlFlow<Outcome> {
        let record = match row {
            Ok(record) if record.position.sequence >= self.next => record,
            Ok(_) => {
                self.doubt = Some("events are out of order".into());
                return ControlFlow::Continue(());
            }
            // It stands where one has to stand.
            Err(damaged) if (self.next..=self.next.max(self.thinned)).contains(&damaged.sequence) => {
                return ControlFlow::Break(self.stop(damaged.sequence, damaged.reason));
            }
            // Its sequence may be what is damaged: what comes next tells which one is missing.
            Err(damaged) => {
                self.doubt = Some(damaged.reason);
                return ControlFlow::Continue(());
            }
        };
        let sequence = record.position.sequence;
        if self.is_hole(sequence - 1) {
            return ControlFlow::Break(self.lost(sequence - 1));
        }
        self.bytes += record.event.weight();
        if self.bytes > self.limit.bytes && !self.records.is_empty() {
            return ControlFlow::Break(self.page());
        }
        self.records.push(record);
        self.next = sequence + 1;
        self.doubt = None;
        if self.records.len() >= self.limit.records.max(1) {
            return ControlFlow::Break(self.page());
        }
        ControlFlow::Continue(())
    }

    /// There are no more rows, of a log that ends with `last`.
    pub(super) fn end(&mut self, last: u64) -> Outcome {
        if self.is_hole(last) {
            return self.lost(last);
        }
        self.next = self.next.max(last + 1);
        self.page()
    }

    /// Ends the page before sequences, up to `to`, that cannot be read.
    pub(super) fn stop(&mut self, to: u64, reason: String) -> Outcome {
        // What comes before it is good.
        if self.records.is_empty() { Err(ReadError::Damaged { to, reason }) } else { self.page() }
    }

    /// Whether sequences from the next one up to `to` are missing that should not be.
    fn is_hole(&self, to: u64) -> bool {
        self.next <= to && (self.doubt.is_some() || to > self.thinned)
    }

    fn lost(&mut self, to: u64) -> Outcome {
        let reason = self.doubt.take().unwrap_or_else(|| format!("the events {} to {to} are missing", self.next));
        self.stop(to, reason)
    }

    fn page(&mut self) -> Outcome {
        Ok(Page { records: std::mem::take(&mut self.records), to: self.next - 1 })
    }
}
