//! A subscriber: a place in the log and what it wants to see from there on.
//!
//! Live delivery, replay and a slow reader are the same code: read from the place. A cursor has no queue; one that is
//! not asked costs nothing but itself (invariants I3, I4), and there are many: what only some have at times is in a
//! [`Detour`] of its own.

mod catch_up;
mod detour;
mod history;
mod judging;
mod subscription;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use detour::Detour;
pub use subscription::{Delivery, End, Start, Subscription};
use tidemill_event::{Position, Reader};
use tidemill_log::ReadError;

use crate::chunk::{AtHand, Chunk, Whose};
use crate::coding::Fragment;
use crate::gap::Skip;
use crate::kinds::{self, Kinds};
use crate::limits::BEHIND_EVENTS;
use crate::ring::{Look, Segment};
use crate::tail::Tail;
use crate::view::Judgement;
use crate::waiting::Slot;
use crate::wish::Wish;
use crate::{Progress, Selection, Wanted};

/// A subscriber's place in the log.
pub struct Cursor {
    selection: Arc<Selection>,
    reader: Arc<Reader>,
    /// It has dealt with everything up to here.
    after: u64,
    /// Everything up to here was handed over or is not wanted.
    stood: u64,
    /// Events still wanted.
    remaining: u64,
    detour: Option<Box<Detour>>,
    slot: Option<Slot>,
    /// Whether events that retention took out may have been wanted.
    minds_holes: bool,
    /// Whether it ever had everything there was.
    live: bool,
    end: Option<End>,
}

impl std::fmt::Debug for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cursor").field("after", &self.after).finish_non_exhaustive()
    }
}

impl Cursor {
    pub(crate) async fn new(subscription: Subscription) -> Result<Self, ReadError> {
        let (after, gap) = subscription.begin().await?;
        let Subscription { selection, reader, limit, .. } = subscription;
        let tail = selection.tail();
        tail.cursors().fetch_add(1, Ordering::Relaxed);
        let mut cursor = Self {
            minds_holes: selection.wish().filter.overlaps(tail.log().thinned()),
            selection,
            reader,
            after,
            stood: after,
            remaining: limit.unwrap_or(u64::MAX),
            detour: None,
            slot: None,
            live: false,
            end: None,
        };
        if let Some(gap) = gap {
            let detour = cursor.detour();
            detour.came_from = Some(gap.from);
            detour.queued.push_back((Delivery::Gap(gap), after));
        }
        Ok(cursor)
    }

    /// Where it stands: everything up to here was handed over or is not wanted. Whoever resumes here loses nothing and is
    /// told whatever was not told yet.
    pub fn position(&self) -> Position {
        let came_from = self.detour.as_ref().and_then(|detour| detour.came_from);
        came_from.unwrap_or_else(|| Position::new(self.tail().epoch(), self.stood))
    }

    /// The sequence of that place.
    pub(crate) const fn stood(&self) -> u64 {
        self.stood
    }

    /// What it wants.
    pub const fn selection(&self) -> &Arc<Selection> {
        &self.selection
    }

    /// Why there is nothing more, once there is not.
    pub const fn end(&self) -> Option<End> {
        self.end
    }

    /// What comes next, everything that is ready in one piece of bounded size. `None` ends the stream for the reason that
    /// [`end`](Self::end) gives. What happened is noted in `progress`.
    pub fn poll_next(&mut self, progress: &Progress, cx: &mut Context<'_>) -> Poll<Option<Delivery>> {
        loop {
            let polled = self.poll(progress, None, cx);
            if polled.is_ready() || self.is_catching_up() {
                return polled;
            }
            let waiting = &self.selection.wish().waiting;
            waiting.wait(*self.slot.get_or_insert_with(|| waiting.join()), cx.waker());
            // Look again now that it is certain to be woken: something may have come in between.
            if self.has_everything() && !self.tail().is_closed() && !self.is_view_over() {
                return Poll::Pending;
            }
        }
    }

    /// As [`poll_next`](Self::poll_next), but nobody is woken when an event comes: for whoever has a
    /// [`watch`](Selection::watch) on the selection and asks for many, with what he has at hand.
    pub fn poll_ready(
        &mut self,
        progress: &Progress,
        at_hand: &mut AtHand,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Delivery>> {
        self.poll(progress, Some(at_hand), cx)
    }

    fn poll(
        &mut self,
        progress: &Progress,
        at_hand: Option<&mut AtHand>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Delivery>> {
        let polled = self.poll_delivery(at_hand, cx);
        if let Poll::Ready(Some(delivery)) = &polled {
            progress.count(delivery);
        }
        progress.stand(self.stood, self.live);
        polled
    }

    /// Whether it waits for a read, for a judgement or for its turn, after which the waker it was last asked with is woken.
    pub fn is_catching_up(&self) -> bool {
        self.detour.as_ref().is_some_and(|detour| detour.reading.is_some() || detour.pause.is_some())
            || self.is_judging()
    }

    /// Whether it waits for its view.
    pub fn is_judging(&self) -> bool {
        self.detour.as_ref().is_some_and(|detour| detour.judging.is_some())
    }

    fn poll_delivery(&mut self, mut at_hand: Option<&mut AtHand>, cx: &mut Context<'_>) -> Poll<Option<Delivery>> {
        if let Some((delivery, place)) = self.detour.as_mut().and_then(|detour| detour.queued.pop_front()) {
            self.detour().came_from = None;
            self.stood = place;
            return Poll::Ready(Some(delivery));
        }
        loop {
            self.look_for_end();
            if self.end.is_some() {
                return Poll::Ready(None);
            }
            let delivery = match self.wait_for_page(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(page)) => self.take_page(page),
                Poll::Ready(None) if self.end.is_some() => None,
                Poll::Ready(None) if self.has_everything() => match self.settle() {
                    None => return Poll::Pending,
                    delivery => delivery,
                },
                Poll::Ready(None) => self.advance(at_hand.as_deref_mut()),
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
        } else if self.tail().is_closed() {
            self.move_up();
            self.end = Some(End::Stopping);
        } else if self.is_view_over() {
            self.move_up();
            self.end = Some(End::ViewChanged);
        }
    }

    /// Whether nothing that it wants is to be had at the moment.
    fn has_everything(&self) -> bool {
        let last = self.tail().last();
        self.after >= last || (!self.is_thinning() && self.wish().standing(self.after, last) >= last)
    }

    /// There is nothing more at the moment: what was held back so far is handed over.
    fn settle(&mut self) -> Option<Delivery> {
        let delivery = self.flush();
        if delivery.is_none() {
            self.live = true;
            // Nothing is left to keep; whatever comes is live.
            self.detour = None;
            self.move_up();
        }
        delivery
    }

    /// Steps over what was stored for others only, which so does not put it behind.
    fn move_up(&mut self) {
        if !self.is_thinning() {
            self.after = self.wish().standing(self.after, self.tail().last());
            self.stand();
        }
    }

    /// One step on.
    fn advance(&mut self, at_hand: Option<&mut AtHand>) -> Option<Delivery> {
        self.move_up();
        if self.lag() > BEHIND_EVENTS {
            self.fall_behind();
            if self.end.is_some() {
                return None;
            }
        }
        if !self.is_thinning()
            && let Some(chunk) = self.find(at_hand)
            && self.reader.is_among(chunk.audience.as_deref())
        {
            return self.take(chunk);
        }
        match self.tail().look(self.after) {
            Look::Segments(segments) => self.take_segments(&segments),
            Look::Tail => None,
            Look::Older => {
                let page = Arc::clone(self.tail().archive()).page(self.after, self.tail().last());
                self.detour().reading = Some(Box::pin(page));
                None
            }
        }
    }

    /// A chunk for this place that somebody put together already: of everything if that is wanted, or of the same wish.
    fn find(&self, mut at_hand: Option<&mut AtHand>) -> Option<Chunk> {
        let (last, filter) = (self.tail().last(), &self.wish().filter);
        let Wanted { encoding, coding, .. } = filter.wanted();
        let keys = [kinds::everything(encoding, *coding), self.selection.key()];
        keys.into_iter().find_map(|key| {
            let place = (key, self.after);
            let wanted = |chunk: &Chunk| chunk.kinds.as_ref().is_none_or(|kinds| filter.wants_all(kinds));
            let find = || self.tail().chunks().find(place, last, self.remaining).filter(wanted);
            let Some(at_hand) = at_hand.as_deref_mut() else { return find() };
            let known = at_hand.find(place, last, self.remaining).filter(wanted);
            known.or_else(|| find().map(|chunk| at_hand.keep(key, &chunk)))
        })
    }

    fn take_segments(&mut self, segments: &[Arc<Segment>]) -> Option<Delivery> {
        let (segments, known) = self.judged(segments);
        if segments.is_empty() {
            return None;
        }
        if self.is_thinning() {
            for (index, segment) in segments.iter().enumerate() {
                let judgement = known.as_ref().map(|known| &*known[index]);
                let delivery = self.thin(segment.records(), judgement);
                // It may have ended without anything to hand over; what follows is not its own. Nor is what was not judged.
                if delivery.is_some() || !self.is_thinning() || self.after < segment.last() {
                    return delivery;
                }
            }
            return None;
        }
        let mut chunk = self.join(segments, known.as_deref());
        if !self.reader.is_among(chunk.audience.as_deref()) {
            // What is for others is passed over at once, however many audiences there are.
            self.pass_over(segments, known.as_deref());
            if segments.last().is_none_or(|segment| segment.last() <= self.after) {
                return None;
            }
            chunk = self.join(segments, known.as_deref());
            if !self.reader.is_among(chunk.audience.as_deref()) {
                // Of a view, somebody else may have had more judged: all that is seen of that is for others.
                self.step_over(&chunk);
                return None;
            }
        }
        self.take(chunk)
    }

    fn join(&self, segments: &[Arc<Segment>], known: Option<&[Arc<Judgement>]>) -> Chunk {
        let (wish, tail) = (self.wish(), self.tail());
        let own = Whose { turn: &wish.turn, filter: &wish.filter, key: self.selection.key(), kinds: None };
        if known.is_none() {
            let kinds = Kinds::together(segments.iter().map(|segment| segment.kinds()));
            if wish.filter.wants_all(&kinds) {
                let filter = wish.filter.of_everything();
                let key = kinds::everything(&filter.wanted().encoding, filter.wanted().coding);
                let all = Whose { turn: tail.everything(), filter: &filter, key, kinds: Some(kinds) };
                return tail.chunks().join(all, segments, None, self.after, self.remaining);
            }
        }
        tail.chunks().join(own, segments, known, self.after, self.remaining)
    }

    fn step_over(&mut self, chunk: &Chunk) {
        self.miss(chunk.to - self.after - chunk.records);
        self.after = chunk.to;
    }

    /// Steps over a chunk; none if nothing in it was wanted.
    fn take(&mut self, chunk: Chunk) -> Option<Delivery> {
        self.step_over(&chunk);
        self.remaining -= chunk.events;
        self.hand_over(Fragment { bytes: chunk.bytes, sum: chunk.sum }, chunk.events, None)
    }

    /// Hands frames over, after the gap before them if there is one.
    fn hand_over(&mut self, frames: Fragment, events: u64, left_out: Option<(Skip, u64)>) -> Option<Delivery> {
        let Fragment { bytes, sum } = frames;
        if bytes.is_empty() {
            return None;
        }
        if self.lag() > BEHIND_EVENTS
            && let Some(wait) = self.tail().pace().reserve(bytes.len())
        {
            self.detour().pause = Some(Box::pin(tokio::time::sleep(wait)));
        }
        let frames = Delivery::Frames { bytes, sum, events, left_out };
        if let Some(gap) = self.take_missed() {
            let after = self.after;
            self.detour().queued.push_back((frames, after));
            return Some(gap);
        }
        self.stand();
        Some(frames)
    }

    /// Where it would resume moves up, unless something up to there was not handed over yet.
    fn stand(&mut self) {
        if !self.detour.as_ref().is_some_and(|detour| detour.owes()) {
            self.stood = self.after;
        }
    }

    fn lag(&self) -> u64 {
        self.tail().last().saturating_sub(self.after)
    }

    fn tail(&self) -> &Tail {
        self.selection.tail()
    }

    fn wish(&self) -> &Wish {
        self.selection.wish()
    }
}

impl Drop for Cursor {
    fn drop(&mut self) {
        self.tail().cursors().fetch_sub(1, Ordering::Relaxed);
        if let Some(slot) = self.slot {
            self.wish().waiting.leave(slot);
        }
    }
}
