//! A cursor that is behind: pages from the log, what is missing in them, and what its policy leaves out.

use std::sync::Arc;

use tidemill_event::Position;
use tidemill_log::{ReadError, Record};

use super::detour::PageResult;
use super::{Cursor, Delivery, End};
use crate::chunk::encode;
use crate::gap::{Gap, Skip};
use crate::ring::Segment;
use crate::thinning::{SlowPolicy, Thinning};
use crate::view::Judgement;

impl Cursor {
    /// Does what the policy says of those who are behind.
    pub(super) fn fall_behind(&mut self) {
        let slow = &self.wish().filter.wanted().slow;
        if *slow == SlowPolicy::Disconnect {
            // Somebody who is still catching up after a long absence is not slow.
            if self.live {
                self.end = Some(End::Behind);
            }
        } else if !self.is_thinning()
            && let Some(thinning) = Thinning::begin(slow, self.after, self.tail().last())
        {
            self.detour().thinning = Some(thinning);
        }
    }

    pub(super) fn is_thinning(&self) -> bool {
        self.detour.as_ref().is_some_and(|detour| detour.thinning.is_some())
    }

    /// Looks at records one by one until there is something to hand over, or one that was not judged.
    pub(super) fn thin(&mut self, records: &[Arc<Record>], judgement: Option<&Judgement>) -> Option<Delivery> {
        let first = records.partition_point(|record| record.position.sequence <= self.after);
        for record in &records[first..] {
            let sequence = record.position.sequence;
            if judgement.is_some_and(|own| !own.covers(sequence)) {
                return None;
            }
            self.miss(sequence - self.after - 1);
            self.after = sequence;
            let seen = judgement.is_none_or(|own| own.shows(sequence));
            let wanted = seen && self.is_mine(record);
            let detour = self.detour();
            let missed = detour.missed;
            let thinning = detour.thinning.as_mut()?;
            let room = !wanted || thinning.add(record, missed);
            let target = thinning.target;
            if !room || self.after >= target {
                return self.flush();
            }
        }
        None
    }

    /// Steps over records up to the first that it is handed, or that was not judged.
    pub(super) fn pass_over(&mut self, segments: &[Arc<Segment>], known: Option<&[Arc<Judgement>]>) {
        for (index, segment) in segments.iter().enumerate() {
            let judgement = known.map(|known| &known[index]);
            let records = segment.records();
            let first = records.partition_point(|record| record.position.sequence <= self.after);
            for record in &records[first..] {
                let sequence = record.position.sequence;
                let waits = judgement.is_some_and(|own| !own.covers(sequence));
                if waits || (judgement.is_none_or(|own| own.shows(sequence)) && self.is_mine(record)) {
                    return;
                }
                self.miss(sequence - self.after - 1);
                self.after = sequence;
            }
        }
    }

    /// Whether a record is wanted, and for whoever wants it.
    fn is_mine(&self, record: &Record) -> bool {
        let audience = record.event.audience().map(|audience| &**audience);
        self.wish().filter.matches(&record.event) && self.reader.is_among(audience)
    }

    /// Ends thinning, and tells of what is missing even if nothing follows it.
    pub(super) fn flush(&mut self) -> Option<Delivery> {
        if let Some(thinning) = self.detour.as_mut().and_then(|detour| detour.thinning.take()) {
            let thinned = thinning.finish(self.remaining);
            if let Some((last, missed)) = thinned.cut {
                // It ends with this one, and resumes from there.
                self.after = last;
                self.detour().missed = missed;
            }
            let left_out = (thinned.skipped > 0).then_some((thinned.reason, thinned.skipped));
            let (frames, events) = encode(&self.wish().filter, &thinned.left);
            self.remaining -= events;
            if let Some(delivery) = self.hand_over(frames, events, left_out) {
                return Some(delivery);
            }
        }
        let gap = self.take_missed();
        self.stand();
        gap
    }

    pub(super) fn take_page(&mut self, page: PageResult) -> Option<Delivery> {
        match page {
            Ok(page) => match &page.segment {
                Some(segment) if segment.last() > self.after => self.take_segments(std::slice::from_ref(segment)),
                _ => {
                    // What stood after its last record is gone.
                    self.miss(page.to.saturating_sub(self.after));
                    self.after = self.after.max(page.to);
                    None
                }
            },
            Err(ReadError::Trimmed { first }) => {
                // What is gone before anybody was told of it counts when that comes.
                let to = (first - 1).min(self.tail().last());
                self.jump(to, Some(to.saturating_sub(self.after)), Skip::Retention)
            }
            Err(ReadError::Damaged { to, reason }) => {
                tracing::error!(after = self.after, to, "a subscriber cannot have events that are damaged: {reason}");
                self.jump(to.max(self.after + 1), None, Skip::Damaged)
            }
            Err(ReadError::ForeignEpoch { .. }) => self.jump(self.tail().last(), None, Skip::Epoch),
            Err(ReadError::Failed(reason)) => {
                tracing::error!(after = self.after, "a subscriber is disconnected: the log cannot be read: {reason}");
                self.end = Some(End::Unreadable);
                None
            }
        }
    }

    /// Goes on after events that it cannot have.
    fn jump(&mut self, to: u64, missed: Option<u64>, reason: Skip) -> Option<Delivery> {
        // What was thinned out up to here goes first.
        let flushed = self.flush();
        if self.remaining == 0 {
            return flushed;
        }
        let position = |sequence| Position::new(self.tail().epoch(), sequence);
        let gap = Delivery::Gap(Gap { from: position(self.after), to: position(to), missed, reason });
        self.after = to;
        if flushed.is_some() {
            self.detour().queued.push_back((gap, to));
            return flushed;
        }
        self.stand();
        Some(gap)
    }

    /// Notes that events after its place are gone.
    pub(super) fn miss(&mut self, missed: u64) {
        if missed > 0 && self.minds_holes {
            let after = self.after;
            let detour = self.detour();
            if detour.missed == 0 {
                detour.missed_from = after;
            }
            detour.missed += missed;
        }
    }

    /// The gap that was not told yet.
    pub(super) fn take_missed(&mut self) -> Option<Delivery> {
        let detour = self.detour.as_mut().filter(|detour| detour.missed > 0)?;
        let (missed, from) = (std::mem::take(&mut detour.missed), detour.missed_from);
        let position = |sequence| Position::new(self.tail().epoch(), sequence);
        let (from, to) = (position(from), position(self.after));
        Some(Delivery::Gap(Gap { from, to, missed: Some(missed), reason: Skip::Retention }))
    }
}
