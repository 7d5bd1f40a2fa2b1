//! A subscriber: a place in the log and what it wants to see from there on.
//!
//! Live delivery, replay and a slow reader are the same code: read from the place. A cursor has no queue; one that is
//! not asked costs nothing but itself (invariants I3, I4).

mod catch_up;
mod subscription;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
pub use subscription::{Delivery, End, Start, Subscription};
use tidemill_event::Position;
use tidemill_log::{BoxFuture, ReadError};
use tokio::time::Sleep;

use crate::Selection;
use crate::archive::ArchivePage;
use crate::gap::{Gap, Skip};
use crate::limits::BEHIND_EVENTS;
use crate::progress::Progress;
use crate::ring::{Look, Segment};
use crate::selection::Chunk;
use crate::tail::Tail;
use crate::thinning::{SlowPolicy, Thinning};

/// A subscriber's place in the log.
pub struct Cursor {
    tail: Arc<Tail>,
    selection: Arc<Selection>,
    slow: SlowPolicy,
    after: u64,
    /// The place of elsewhere that it came with, until it was told that this is not one of here.
    came_from: Option<Position>,
    /// Events still wanted.
    remaining: u64,
    /// Handed over before anything else, each with where it then stands.
    queued: VecDeque<(Delivery, u64)>,
    /// Events that retention took out of what was read since the last gap was told.
    missed: u64,
    missed_from: u64,
    /// Whether such events may have been wanted.
    minds_holes: bool,
    slot: usize,
    reading: Option<BoxFuture<'static, Result<Arc<ArchivePage>, ReadError>>>,
    pause: Option<Pin<Box<Sleep>>>,
    thinning: Option<Box<Thinning>>,
    end: Option<End>,
    progress: Arc<Progress>,
}

impl std::fmt::Debug for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cursor").field("after", &self.after).finish_non_exhaustive()
    }
}

impl Cursor {
    pub(crate) async fn new(tail: Arc<Tail>, subscription: Subscription) -> Result<Self, ReadError> {
        let (mut after, mut gap) = (tail.last(), None);
        let earliest = |tail: &Tail| tail.log().info().first.saturating_sub(1);
        match subscription.start {
            Start::Latest => {}
            Start::Earliest => after = earliest(&tail),
            Start::At(time) => after = tail.log().position_at(time).await?.sequence,
            Start::After(from) if from.epoch != tail.epoch() => {
                after = earliest(&tail);
                gap = Some((from, Skip::Epoch));
            }
            Start::After(from) if from.sequence > after => {
                gap = Some((from, Skip::UnknownPosition));
            }
            Start::After(from) => after = from.sequence,
        }
        // The log may have stored, and removed, more than subscribers were told of.
        after = after.min(tail.last());
        let progress = Arc::new(Progress::default());
        progress.stand(after);
        let mut cursor = Self {
            minds_holes: subscription.selection.overlaps(tail.log().thinned()),
            slot: tail.wakers().join(),
            selection: subscription.selection,
            slow: subscription.slow,
            after,
            came_from: gap.map(|(from, _)| from),
            remaining: subscription.limit.unwrap_or(u64::MAX),
            queued: VecDeque::new(),
            missed: 0,
            missed_from: after,
            reading: None,
            pause: None,
            thinning: None,
            end: None,
            progress,
            tail,
        };
        if let Some((from, reason)) = gap {
            let to = Position::new(cursor.tail.epoch(), after);
            let told = cursor.tell(Gap { from, to, missed: None, reason });
            cursor.queued.push_back((told, after));
        }
        Ok(cursor)
    }

    /// Where it stands: everything up to here was handed over or is not wanted. Whoever resumes here loses nothing and is
    /// told whatever was not told yet.
    pub fn position(&self) -> Position {
        self.came_from.unwrap_or_else(|| Position::new(self.tail.epoch(), self.progress.after()))
    }

    /// How far it got, for others to look at.
    pub fn progress(&self) -> &Arc<Progress> {
        &self.progress
    }

    /// Why there is nothing more, once there is not.
    pub fn end(&self) -> Option<End> {
        self.end
    }

    /// What comes next, everything that is ready in one piece of bounded size. `None` ends the stream for the reason that
    /// [`end`](Self::end) gives.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Delivery>> {
        if let Some((delivery, place)) = self.queued.pop_front() {
            self.came_from = None;
            self.progress.stand(place);
            return Poll::Ready(Some(delivery));
        }
        loop {
            self.look_for_end();
            if self.end.is_some() {
                return Poll::Ready(None);
            }
            if let Some(pause) = &mut self.pause {
                let Poll::Ready(()) = pause.as_mut().poll(cx) else { return Poll::Pending };
                self.pause = None;
            }
            let delivery = if let Some(reading) = &mut self.reading {
                let Poll::Ready(page) = reading.as_mut().poll(cx) else { return Poll::Pending };
                self.reading = None;
                self.take_page(page)
            } else if self.after >= self.tail.last() {
                match self.wait(cx) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(delivery) => delivery,
                }
            } else {
                self.advance()
            };
            if let Some(delivery) = delivery {
                return Poll::Ready(Some(delivery));
            }
            self.stand();
        }
    }

    fn look_for_end(&mut self) {
        if self.remaining == 0 {
            self.end = Some(End::Limit);
        } else if self.tail.is_closed() {
            self.end = Some(End::Stopping);
        }
    }

    /// Nothing more is stored at the moment.
    fn wait(&mut self, cx: &Context<'_>) -> Poll<Option<Delivery>> {
        if let Some(delivery) = self.flush() {
            return Poll::Ready(Some(delivery));
        }
        self.progress.is_live();
        self.tail.wakers().wait(self.slot, cx.waker());
        // Look again now that it is certain to be woken: something may have come in between.
        if self.after >= self.tail.last() && !self.tail.is_closed() { Poll::Pending } else { Poll::Ready(None) }
    }

    /// One step on.
    fn advance(&mut self) -> Option<Delivery> {
        if self.lag() > BEHIND_EVENTS {
            self.fall_behind();
            if self.end.is_some() {
                return None;
            }
        }
        if !self.is_thinning()
            && let Some(chunk) = self.selection.shared(self.after, self.tail.last(), self.remaining)
        {
            return self.take(chunk);
        }
        match self.tail.look(self.after) {
            Look::Segments(segments) => self.take_segments(&segments),
            Look::Tail => None,
            Look::Older => {
                self.reading = Some(Box::pin(Arc::clone(self.tail.archive()).page(self.after, self.tail.last())));
                None
            }
        }
    }

    fn take_segments(&mut self, segments: &[Arc<Segment>]) -> Option<Delivery> {
        if self.is_thinning() {
            for segment in segments {
                let delivery = self.thin(segment.records());
                // It may have ended without anything to hand over; what follows is not its own.
                if delivery.is_some() || !self.is_thinning() {
                    return delivery;
                }
            }
            return None;
        }
        let chunk = self.selection.chunk(segments, self.after, self.remaining);
        self.take(chunk)
    }

    /// Steps over a chunk; none if nothing in it was wanted.
    fn take(&mut self, chunk: Chunk) -> Option<Delivery> {
        self.miss(chunk.to - self.after - chunk.records);
        self.after = chunk.to;
        self.remaining -= chunk.events;
        self.hand_over(chunk.bytes, chunk.events)
    }

    /// Hands frames over, after the gap before them if there is one.
    fn hand_over(&mut self, bytes: Bytes, events: u64) -> Option<Delivery> {
        if bytes.is_empty() {
            return None;
        }
        self.progress.hand_over(events, bytes.len());
        if self.lag() > BEHIND_EVENTS
            && let Some(wait) = self.tail.pace().reserve(bytes.len())
        {
            self.pause = Some(Box::pin(tokio::time::sleep(wait)));
        }
        let frames = Delivery::Frames(bytes);
        if let Some(gap) = self.take_missed() {
            self.queued.push_back((frames, self.after));
            return Some(gap);
        }
        self.stand();
        Some(frames)
    }

    /// Where it would resume moves up, unless something up to there was not handed over yet.
    fn stand(&self) {
        if self.queued.is_empty() && self.missed == 0 && !self.is_thinning() {
            self.progress.stand(self.after);
        }
    }

    fn tell(&self, gap: Gap) -> Delivery {
        self.progress.skip(gap.reason, gap.missed.unwrap_or(1));
        Delivery::Gap(gap)
    }

    fn lag(&self) -> u64 {
        self.tail.last().saturating_sub(self.after)
    }
}

impl Drop for Cursor {
    fn drop(&mut self) {
        self.tail.wakers().leave(self.slot);
    }
}
