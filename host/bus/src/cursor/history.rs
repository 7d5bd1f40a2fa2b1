//! Where somebody begins who is to be shown the newest events first. Must not know what is done with them.

use std::sync::Arc;

use tidemill_log::ReadError;

use super::Subscription;
use crate::limits::{HISTORY_PAGES_MAX, PAGE_EVENTS};
use crate::ring::Segment;

impl Subscription {
    /// The sequence before the newest `count` events that it would be handed, or before as many as are found in the newest
    /// pages of the log.
    pub(super) async fn before_newest(&self, count: u64) -> Result<u64, ReadError> {
        let tail = self.selection.tail();
        let first = tail.log().info().first.saturating_sub(1);
        let (mut end, mut left) = (tail.last(), count);
        for _ in 0..HISTORY_PAGES_MAX {
            if end <= first || left == 0 {
                break;
            }
            let begin = (end - 1 - (end - 1) % PAGE_EVENTS).max(first);
            let found = self.between(begin, end).await?;
            let enough = usize::try_from(left).ok().and_then(|left| found.len().checked_sub(left));
            if let Some(oldest) = enough {
                return Ok(found[oldest] - 1);
            }
            left -= found.len() as u64;
            end = begin;
        }
        Ok(end)
    }

    /// The sequences after `begin`, up to `end`, of what it would be handed.
    async fn between(&self, begin: u64, end: u64) -> Result<Vec<u64>, ReadError> {
        let tail = self.selection.tail();
        let (mut found, mut after) = (Vec::new(), begin);
        while after < end {
            let to = match Arc::clone(tail.archive()).page(after, tail.last()).await {
                Ok(page) => {
                    found.extend(page.segment.iter().flat_map(|segment| self.among(segment, after, end)));
                    page.to
                }
                // What is gone is no history.
                Err(ReadError::Trimmed { first }) => first - 1,
                Err(ReadError::Damaged { to, .. }) => to,
                Err(error) => return Err(error),
            };
            after = to.max(after + 1);
        }
        Ok(found)
    }

    fn among(&self, segment: &Segment, after: u64, end: u64) -> Vec<u64> {
        let filter = &self.selection.wish().filter;
        let mut found = Vec::new();
        for (index, record) in segment.records().iter().enumerate() {
            let (sequence, event) = (record.position.sequence, &record.event);
            let is_mine = || {
                let audience = event.audience().map(|audience| &**audience);
                filter.matches(event) && self.reader.is_among(audience)
            };
            let is_shown = || segment.shown(index..index + 1, &filter.wanted().encoding) == 1;
            if sequence > after && sequence <= end && is_mine() && is_shown() {
                found.push(sequence);
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cursor::tests::{append, tail};
    use crate::projection::tests::{Even, projected};
    use crate::{Cursor, Start, Wanted};
    use tidemill_log::{Retention, RetentionPolicy};

    async fn newest(tail: &Arc<crate::tail::Tail>, count: u64, wanted: Wanted) -> u64 {
        let start = Start::Newest(count);
        let subscription = Subscription { selection: tail.select(wanted), reader: Arc::default(), start, limit: None };
        Cursor::new(subscription).await.unwrap().position().sequence
    }

    #[tokio::test]
    async fn the_newest_events_are_those_that_are_wanted_and_shown() {
        for events in [0, 3, 255, 256, 257, 700] {
            let tail = tail(events, 1 << 20, RetentionPolicy::default());
            for count in [0, 1, 3, 256, 400] {
                let all = newest(&tail, count, Wanted::default()).await;
                assert_eq!(all, events.saturating_sub(count), "{count} of {events}");
                let even = Wanted { encoding: projected(Even::default()), ..Wanted::default() };
                let before = match (events / 2).checked_sub(count) {
                    Some(more) if count > 0 => 2 * more + 1,
                    Some(_) => events,
                    None => 0,
                };
                assert_eq!(newest(&tail, count, even).await, before, "{count} of those of {events} that are shown");
            }
            let none = Wanted { sources: vec!["/elsewhere".into()], ..Wanted::default() };
            assert_eq!(newest(&tail, 5, none).await, 0);
        }
    }

    #[tokio::test]
    async fn what_retention_took_is_no_history() {
        let few = Retention { max_events: Some(2), ..Retention::default() };
        let tail = tail(5, 1, RetentionPolicy { log: few, ..RetentionPolicy::default() });
        append(&tail, 6..=9);
        assert_eq!(newest(&tail, 5, Wanted::default()).await, 7);
    }
}
