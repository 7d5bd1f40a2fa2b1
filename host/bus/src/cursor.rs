//! A subscriber: a place in the log and what it wants to see from there on.
//!
//! Live delivery, replay and a slow reader are the same code: read from the place. A cursor has no queue; one that is
//! not asked costs nothing but itself (invariants I3, I4).

use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use tidemill_event::{Position, Timestamp};
use tidemill_log::{BoxFuture, ReadError, ReadLimit, Record};

use crate::Selection;
use crate::frame::host_frame;
use crate::limits::{CHUNK_BYTES_MAX, READ_RECORDS_MAX};
use crate::ring::Look;
use crate::selection::Chunk;
use crate::tail::Tail;

/// Where a subscriber begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// With the next event.
    Latest,
    /// With the oldest event that the log still has.
    Earliest,
    /// After this position, as `Last-Event-ID` says.
    After(Position),
    /// With the first event that was stored at this time or later.
    At(Timestamp),
}

/// A subscriber's place in the log.
pub struct Cursor {
    tail: Arc<Tail>,
    selection: Arc<Selection>,
    after: u64,
    /// Events still wanted.
    remaining: u64,
    /// Said before anything else.
    notice: Option<Bytes>,
    slot: usize,
    reading: Option<BoxFuture<'static, Result<Vec<Arc<Record>>, ReadError>>>,
}

impl std::fmt::Debug for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cursor").field("after", &self.after).finish_non_exhaustive()
    }
}

impl Cursor {
    pub(crate) async fn new(
        tail: Arc<Tail>,
        selection: Arc<Selection>,
        start: Start,
        limit: Option<u64>,
    ) -> Result<Self, ReadError> {
        let (mut after, mut notice) = (tail.last(), None);
        let earliest = |tail: &Tail| tail.log().info().first.saturating_sub(1);
        match start {
            Start::Latest => {}
            Start::Earliest => after = earliest(&tail),
            Start::At(time) => after = tail.log().position_at(time).await?.sequence,
            Start::After(position) if position.epoch != tail.epoch() => {
                after = earliest(&tail);
                notice = Some(gap(position, Position::new(tail.epoch(), after), None, "epoch"));
            }
            Start::After(position) if position.sequence > after => {
                notice = Some(gap(position, Position::new(tail.epoch(), after), None, "unknown-position"));
            }
            Start::After(position) => after = position.sequence,
        }
        let slot = tail.wakers().join();
        let remaining = limit.unwrap_or(u64::MAX);
        Ok(Self { tail, selection, after, remaining, notice, slot, reading: None })
    }

    /// Where it stands: everything up to here was handed over or is not wanted.
    pub fn position(&self) -> Position {
        Position::new(self.tail.epoch(), self.after)
    }

    /// The next bytes for the socket, everything that is ready in one piece of bounded size. `None` ends the stream: the
    /// wanted number of events was handed over, or the host is stopping.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if let Some(notice) = self.notice.take() {
            return Poll::Ready(Some(notice));
        }
        loop {
            if self.remaining == 0 || self.tail.is_closed() {
                return Poll::Ready(None);
            }
            if let Some(reading) = &mut self.reading {
                let Poll::Ready(page) = reading.as_mut().poll(cx) else {
                    return Poll::Pending;
                };
                self.reading = None;
                if let Some(bytes) = self.take_page(page) {
                    return Poll::Ready(Some(bytes));
                }
                continue;
            }
            if self.after >= self.tail.last() {
                self.tail.wakers().wait(self.slot, cx.waker());
                // Look again now that it is certain to be woken: something may have come in between.
                if self.after >= self.tail.last() && !self.tail.is_closed() {
                    return Poll::Pending;
                }
                continue;
            }
            let chunk = match self.selection.shared(self.after, self.tail.last(), self.remaining) {
                Some(chunk) => chunk,
                None => match self.tail.look(self.after) {
                    Look::Segments(segments) => self.selection.chunk(&segments, self.after, self.remaining),
                    Look::Tail => continue,
                    Look::Older => {
                        self.read();
                        continue;
                    }
                },
            };
            if let Some(bytes) = self.take(chunk) {
                return Poll::Ready(Some(bytes));
            }
        }
    }

    /// Steps over a chunk; none if nothing in it was wanted.
    fn take(&mut self, chunk: Chunk) -> Option<Bytes> {
        self.after = chunk.to;
        self.remaining -= chunk.events;
        Some(chunk.bytes).filter(|bytes| !bytes.is_empty())
    }

    /// Begins to read what is in the log only.
    fn read(&mut self) {
        let (log, after) = (Arc::clone(self.tail.log()), self.position());
        let limit = ReadLimit { records: READ_RECORDS_MAX, bytes: CHUNK_BYTES_MAX };
        self.reading = Some(Box::pin(async move { log.read(after, limit).await }));
    }

    fn take_page(&mut self, page: Result<Vec<Arc<Record>>, ReadError>) -> Option<Bytes> {
        match page {
            Ok(records) => {
                let chunk = self.selection.encode(&records, self.after, self.remaining);
                self.take(chunk)
            }
            Err(ReadError::Trimmed { first }) => {
                let (from, missed) = (self.position(), first - 1 - self.after);
                self.after = first - 1;
                Some(gap(from, self.position(), Some(missed), "retention"))
            }
            Err(ReadError::ForeignEpoch { .. }) => {
                let from = self.position();
                self.after = self.tail.last();
                Some(gap(from, self.position(), None, "epoch"))
            }
        }
    }
}

impl Drop for Cursor {
    fn drop(&mut self) {
        self.tail.wakers().leave(self.slot);
    }
}

/// Tells a subscriber what it cannot have: everything after `from` up to and with `to`.
fn gap(from: Position, to: Position, missed: Option<u64>, reason: &str) -> Bytes {
    let missed = missed.map(|n| format!("\"missed\":{n},")).unwrap_or_default();
    let data = format!("{{\"from\":\"{from}\",\"to\":\"{to}\",{missed}\"reason\":\"{reason}\"}}");
    host_frame(Some(to), "tidemill.gap", &data).into()
}
