//! Recent frames, encoded once: the newest part of the log as the bytes that go to sockets.
//!
//! A ring of segments, one per appended batch. What falls out at the old end is read from the log again.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use tidemill_log::Record;

use crate::Encoding;
use crate::forms::Forms;
use crate::kinds::Kinds;
use crate::limits::CHUNK_BYTES_MAX;

/// The records of one append and their frames, each encoding made when the first subscriber wants it.
#[derive(Debug)]
pub(crate) struct Segment {
    records: Vec<Arc<Record>>,
    forms: Forms,
    kinds: Kinds,
    weight: usize,
}

impl Segment {
    /// A segment of at least one record.
    pub(crate) fn new(records: Vec<Arc<Record>>) -> Self {
        // An event and its frames, which are about as large.
        let weight = 2 * records.iter().map(|record| record.event.weight()).sum::<usize>();
        Self { kinds: Kinds::of(&records), records, forms: Forms::default(), weight }
    }

    pub(crate) fn records(&self) -> &[Arc<Record>] {
        &self.records
    }

    /// The types of its events.
    pub(crate) const fn kinds(&self) -> &Kinds {
        &self.kinds
    }

    /// Bytes that it takes, frames included.
    pub(crate) const fn weight(&self) -> usize {
        self.weight
    }

    /// The frames of some of its records, without a copy.
    pub(crate) fn frames(&self, records: Range<usize>, encoding: &Encoding) -> Bytes {
        self.forms.frames(&self.records, records, encoding, self.weight)
    }

    /// How many of them have frames.
    pub(crate) fn shown(&self, records: Range<usize>, encoding: &Encoding) -> usize {
        if encoding.hides() {
            return self.forms.shown(&self.records, records, encoding);
        }
        records.len()
    }

    /// Whether these are the frames of all its records.
    pub(crate) fn is_whole(&self, frames: &Bytes, encoding: &Encoding) -> bool {
        self.forms.are_all(frames, encoding)
    }

    pub(crate) fn first(&self) -> u64 {
        self.records.first().map_or(0, |record| record.position.sequence)
    }

    /// The first of its sequences that comes after another.
    pub(crate) fn next(&self, after: u64) -> u64 {
        let next = self.records.partition_point(|record| record.position.sequence <= after);
        self.records.get(next).map_or(after, |record| record.position.sequence)
    }

    pub(crate) fn last(&self) -> u64 {
        self.records.last().map_or(0, |record| record.position.sequence)
    }
}

/// What stands after a sequence.
#[derive(Debug)]
pub(crate) enum Look {
    /// These segments, oldest first; the first one may begin before the sequence. About one chunk's worth.
    Segments(Vec<Arc<Segment>>),
    /// Nothing yet.
    Tail,
    /// Records that are in the log only.
    Older,
}

#[derive(Debug)]
pub(crate) struct Ring {
    segments: VecDeque<Arc<Segment>>,
    weight: usize,
    weight_max: usize,
    /// Everything after this sequence, up to `last`, is in the ring.
    start: u64,
    last: u64,
}

impl Ring {
    /// An empty ring at the end of a log whose newest sequence is `last`.
    pub(crate) const fn new(last: u64, weight_max: usize) -> Self {
        Self { segments: VecDeque::new(), weight: 0, weight_max, start: last, last }
    }

    pub(crate) fn push(&mut self, segment: Segment) {
        debug_assert!(segment.records.first().is_some_and(|record| record.position.sequence > self.last));
        self.last = segment.last();
        self.weight += segment.weight;
        self.segments.push_back(Arc::new(segment));
        while self.weight > self.weight_max && self.segments.len() > 1 {
            if let Some(oldest) = self.segments.pop_front() {
                self.weight -= oldest.weight;
                self.start = oldest.last();
            }
        }
    }

    pub(crate) fn look(&self, after: u64) -> Look {
        if after >= self.last {
            return Look::Tail;
        }
        if after < self.start {
            return Look::Older;
        }
        let first = self.segments.partition_point(|segment| segment.last() <= after);
        let mut weight = 0;
        let enough = self.segments.range(first..).take_while(|segment| {
            let more = weight < CHUNK_BYTES_MAX;
            weight += segment.weight;
            more
        });
        Look::Segments(enough.cloned().collect())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use serde_json::Map;
    use tidemill_event::{Attributes, Data, Event, Position, Timestamp};

    pub(crate) fn record(sequence: u64, event_type: &str) -> Arc<Record> {
        let (id, none) = (sequence.to_string(), Map::new());
        let attributes = Attributes {
            id: &id,
            source: "/s",
            event_type,
            subject: None,
            content_type: None,
            data_schema: None,
            extensions: &none,
        };
        let event = Event::new(&attributes, Timestamp::default(), Data::Bytes(id.clone().into())).unwrap();
        Arc::new(Record { position: Position::new(1, sequence), stored_at: Timestamp::default(), event })
    }

    pub(crate) fn segment(sequences: Range<u64>) -> Segment {
        Segment::new(sequences.map(|sequence| record(sequence, "t")).collect())
    }

    #[test]
    fn looking_finds_what_comes_after() {
        let mut ring = Ring::new(0, usize::MAX);
        assert!(matches!(ring.look(0), Look::Tail));
        ring.push(segment(1..4));
        ring.push(segment(4..6));
        let firsts = |after| match ring.look(after) {
            Look::Segments(found) => found.iter().map(|s| s.records()[0].position.sequence).collect(),
            other => panic!("{other:?}"),
        };
        let cases: [(u64, Vec<u64>); 5] =
            [(0, vec![1, 4]), (1, vec![1, 4]), (3, vec![4]), (4, vec![4]), (2, vec![1, 4])];
        for (after, expected) in cases {
            let found: Vec<u64> = firsts(after);
            assert_eq!(found, expected, "after {after}");
        }
        assert!(matches!(ring.look(5), Look::Tail));
    }

    #[test]
    fn the_ring_is_bounded_and_says_what_fell_out() {
        let one = segment(1..2).weight;
        let mut ring = Ring::new(0, one * 2);
        (1..6).for_each(|i| ring.push(segment(i..i + 1)));
        assert_eq!((ring.segments.len(), ring.start, ring.last), (2, 3, 5));
        assert!(matches!(ring.look(2), Look::Older));
        assert!(matches!(ring.look(3), Look::Segments(_)));
    }

    #[test]
    fn frames_of_a_range_are_those_of_its_records() {
        let segment = segment(1..5);
        let frame = |n: usize| segment.frames(n..n + 1, &Encoding::default());
        assert_eq!(segment.frames(1..3, &Encoding::default()), [frame(1), frame(2)].concat());
        assert!(frame(0).starts_with(b"id: 1.1\n"));
    }
}
