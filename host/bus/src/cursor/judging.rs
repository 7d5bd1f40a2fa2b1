//! A cursor with a view: nothing is handed over that was not judged, and what nobody judged yet it waits for.

use std::sync::Arc;

use super::{Cursor, End};
use crate::ring::Segment;
use crate::view::{Judged, Judgement, View};

/// What is known of some segments: one judgement for each, none for cursors without a view.
pub(super) type Known = Option<Vec<Arc<Judgement>>>;

impl Cursor {
    pub(super) fn view(&self) -> Option<&View> {
        self.wish().filter.wanted().view.as_ref()
    }

    /// Whether its view is not the one that runs any more.
    pub(super) fn is_view_over(&self) -> bool {
        self.view().is_some_and(|view| view.judge().is_over())
    }

    /// The first segments of which is known what it sees. If there is none, that is asked for.
    pub(super) fn judged<'a>(&mut self, segments: &'a [Arc<Segment>]) -> (&'a [Arc<Segment>], Known) {
        let Some(view) = self.view() else { return (segments, None) };
        let in_hand = self.detour.as_ref().and_then(|detour| detour.judgement.as_ref());
        let judgements = self.tail().judgements();
        let known: Vec<Arc<Judgement>> = segments
            .iter()
            .map_while(|segment| {
                // One that is in hand stays there until it was used, whatever else is forgotten.
                let next = segment.next(self.after);
                let covers = |judgement: &&Arc<Judgement>| judgement.covers(next);
                in_hand
                    .filter(covers)
                    .cloned()
                    .or_else(|| view.known(judgements, segment.first()).filter(|known| known.covers(next)))
            })
            .collect();
        if known.is_empty() {
            let judging = view.ask(self.after);
            self.detour().judging = Some(Box::pin(judging));
        }
        (&segments[..known.len()], Some(known))
    }

    /// Takes what came of a question.
    pub(super) fn take_judgement(&mut self, judged: Judged) {
        match judged {
            Ok(judgement) => self.detour().judgement = judgement,
            Err(_) if self.is_view_over() => self.end = Some(End::ViewChanged),
            Err(_) => self.end = Some(End::Unjudged),
        }
    }
}
