//! What a cursor keeps beside its place while it is not simply live: reads, judgements, pauses, gaps to tell, events
//! thinned out.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tidemill_event::Position;
use tidemill_log::{BoxFuture, ReadError};
use tokio::time::Sleep;

use super::{Cursor, Delivery};
use crate::archive::ArchivePage;
use crate::thinning::Thinning;
use crate::view::{Judgement, Judging};

/// What came of a read.
pub(super) type PageResult = Result<Arc<ArchivePage>, ReadError>;

#[derive(Default)]
pub(super) struct Detour {
    /// The place of elsewhere that it came with, until it was told that this is not one of here.
    pub(super) came_from: Option<Position>,
    /// Handed over before anything else, each with where it then stands.
    pub(super) queued: VecDeque<(Delivery, u64)>,
    /// Events that retention took out of what was read since the last gap was told.
    pub(super) missed: u64,
    pub(super) missed_from: u64,
    pub(super) reading: Option<BoxFuture<'static, PageResult>>,
    pub(super) judging: Option<Pin<Box<Judging>>>,
    /// What its view said last, until that was used.
    pub(super) judgement: Option<Arc<Judgement>>,
    pub(super) pause: Option<Pin<Box<Sleep>>>,
    pub(super) thinning: Option<Thinning>,
}

impl Detour {
    /// Whether something up to the cursor's place was not handed over yet.
    pub(super) fn owes(&self) -> bool {
        !self.queued.is_empty() || self.missed > 0 || self.thinning.is_some()
    }
}

impl Cursor {
    pub(super) fn detour(&mut self) -> &mut Detour {
        self.detour.get_or_insert_default()
    }

    /// Waits for its turn, for its view, and for the page that it is reading; none if there is none of these.
    pub(super) fn wait_for_page(&mut self, cx: &mut Context<'_>) -> Poll<Option<PageResult>> {
        let Some(detour) = &mut self.detour else { return Poll::Ready(None) };
        if let Some(pause) = &mut detour.pause {
            let Poll::Ready(()) = pause.as_mut().poll(cx) else { return Poll::Pending };
            detour.pause = None;
        }
        if let Some(judging) = &mut detour.judging {
            let Poll::Ready(judged) = judging.as_mut().poll(cx) else { return Poll::Pending };
            detour.judging = None;
            self.take_judgement(judged);
            return Poll::Ready(None);
        }
        let Some(reading) = &mut detour.reading else { return Poll::Ready(None) };
        let Poll::Ready(page) = reading.as_mut().poll(cx) else { return Poll::Pending };
        detour.reading = None;
        Poll::Ready(Some(page))
    }
}
