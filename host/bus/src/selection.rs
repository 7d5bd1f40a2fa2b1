//! What a subscriber wants to see, and in which form; subscribers who want the same share the bytes.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::{Bytes, BytesMut};
use tidemill_event::{Event, TypeMatcher, TypePattern};
use tidemill_log::Record;

use crate::Encoding;
use crate::frame::write_record;
use crate::limits::{CHUNK_BYTES_MAX, SHARED_CHUNKS_MAX};
use crate::ring::Segment;

/// What a subscriber wants to see, and in which form.
#[derive(Debug)]
pub struct Selection {
    wanted: Wanted,
    /// None: every type.
    types: Option<TypeMatcher<()>>,
    shared: Mutex<VecDeque<Chunk>>,
}

/// A selection's text, by which equal ones are found.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(crate) struct Wanted {
    pub(crate) types: Vec<TypePattern>,
    pub(crate) sources: Vec<String>,
    pub(crate) subjects: Vec<String>,
    pub(crate) encoding: Encoding,
}

/// The bytes for a subscriber who stands at `after`; having them it stands at `to`.
#[derive(Debug, Clone)]
pub(crate) struct Chunk {
    after: u64,
    pub(crate) to: u64,
    /// Records between these places, wanted or not.
    pub(crate) records: u64,
    pub(crate) events: u64,
    pub(crate) bytes: Bytes,
}

impl Selection {
    pub(crate) fn new(wanted: Wanted) -> Self {
        let all = wanted.types.is_empty() || wanted.types.contains(&TypePattern::All);
        let types = (!all).then(|| wanted.types.iter().collect());
        Self { wanted, types, shared: Mutex::default() }
    }

    pub(crate) fn matches(&self, event: &Event) -> bool {
        let any =
            |list: &[String], value: Option<&str>| list.is_empty() || list.iter().any(|own| Some(&**own) == value);
        self.types.as_ref().is_none_or(|types| types.matches(event.event_type()))
            && any(&self.wanted.sources, Some(event.source()))
            && any(&self.wanted.subjects, event.subject())
    }

    /// Whether it wants events of types that some patterns match.
    pub(crate) fn overlaps(&self, patterns: &[TypePattern]) -> bool {
        let own = &self.wanted.types;
        let meets = |pattern: &TypePattern| own.iter().any(|own| own.covers(pattern) || pattern.covers(own));
        !patterns.is_empty() && (own.is_empty() || patterns.iter().any(meets))
    }

    /// The chunk that somebody else at the same place put together, if it is all that there is up to `last`.
    pub(crate) fn shared(&self, after: u64, last: u64, events_max: u64) -> Option<Chunk> {
        find(&self.chunks(), after, last, events_max)
    }

    /// The next chunk out of ring segments. Whoever comes second to a place gets what the first one put together.
    pub(crate) fn chunk(&self, segments: &[Arc<Segment>], after: u64, events_max: u64) -> Chunk {
        let last = segments.last().and_then(|segment| segment.records().last());
        let last = last.map_or(after, |record| record.position.sequence);
        // Held while joining: the others at this place wait for the bytes instead of making them again.
        let mut chunks = self.chunks();
        if let Some(chunk) = find(&chunks, after, last, events_max) {
            return chunk;
        }
        let chunk = self.join(segments, after, events_max);
        chunks.retain(|other| other.after != after);
        if chunks.len() == SHARED_CHUNKS_MAX {
            chunks.pop_front();
        }
        chunks.push_back(chunk.clone());
        chunk
    }

    fn chunks(&self) -> MutexGuard<'_, VecDeque<Chunk>> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn join(&self, segments: &[Arc<Segment>], after: u64, events_max: u64) -> Chunk {
        let mut chunk = Chunk { after, to: after, records: 0, events: 0, bytes: Bytes::new() };
        let mut pieces: Vec<Bytes> = Vec::new();
        let mut length = 0;
        'full: for segment in segments {
            let records = segment.records();
            let mut next = records.partition_point(|record| record.position.sequence <= after);
            while next < records.len() {
                let run = records[next..].iter().take_while(|record| self.matches(&record.event)).count();
                let room = usize::try_from(events_max - chunk.events).unwrap_or(usize::MAX);
                let mut taken = run.min(room);
                if taken > 0 {
                    let mut bytes = segment.frames(next..next + taken, self.wanted.encoding);
                    // Cut a run that is much too long; one record always fits.
                    while taken > 1 && length + bytes.len() > 2 * CHUNK_BYTES_MAX {
                        taken = taken.div_ceil(2);
                        bytes = segment.frames(next..next + taken, self.wanted.encoding);
                    }
                    next += taken;
                    chunk.records += taken as u64;
                    length += bytes.len();
                    chunk.events += taken as u64;
                    pieces.push(bytes);
                } else {
                    next += 1;
                    chunk.records += 1;
                }
                chunk.to = records[next - 1].position.sequence;
                if length >= CHUNK_BYTES_MAX || chunk.events == events_max {
                    break 'full;
                }
            }
        }
        chunk.bytes = match pieces.len() {
            0 => Bytes::new(),
            1 => pieces.swap_remove(0),
            _ => {
                let mut joined = BytesMut::with_capacity(length);
                pieces.iter().for_each(|piece| joined.extend_from_slice(piece));
                joined.freeze()
            }
        };
        chunk
    }

    /// The frames of some records that it wants.
    pub(crate) fn encode(&self, records: &[Arc<Record>]) -> Bytes {
        let mut bytes = Vec::new();
        records.iter().for_each(|record| write_record(record, self.wanted.encoding, &mut bytes));
        bytes.into()
    }
}

/// A chunk that was full stays right; one that reached the end of its time may have to grow.
fn find(chunks: &VecDeque<Chunk>, after: u64, last: u64, events_max: u64) -> Option<Chunk> {
    let fits = |chunk: &&Chunk| chunk.after == after && chunk.events <= events_max;
    let whole = |chunk: &&Chunk| chunk.bytes.len() >= CHUNK_BYTES_MAX || chunk.to >= last;
    chunks.iter().find(fits).filter(whole).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ring::tests::record;
    use proptest::prelude::*;

    fn selection(types: &str) -> Selection {
        let types = TypePattern::parse_list(types).unwrap();
        Selection::new(Wanted { types, ..Wanted::default() })
    }

    proptest! {
        /// However the events are cut into segments and wherever a subscriber begins, chunks join to exactly the
        /// frames that it wants.
        #[test]
        fn chunks_join_to_what_is_wanted(
            sizes in prop::collection::vec(1_u64..6, 1..6), letters in "[ab]{30}", begin in 0_u64..10, limit in 1_u64..40,
        ) {
            let total: u64 = sizes.iter().sum();
            let name = |sequence: u64| if &letters[sequence as usize..=sequence as usize] == "a" { "a.x" } else { "b" };
            let mut next = 1;
            let segments: Vec<Arc<Segment>> = sizes.iter().map(|size| {
                let records = (next..next + size).map(|sequence| record(sequence, name(sequence))).collect();
                next += size;
                Arc::new(Segment::new(records))
            }).collect();
            let wanted = selection("a.*");
            let records: Vec<Arc<Record>> = segments.iter().flat_map(|segment| segment.records().to_vec()).collect();
            let after = records.iter().filter(|r| r.position.sequence > begin && wanted.matches(&r.event));
            let expected: Vec<_> = after.take(limit as usize).cloned().collect();
            let got = wanted.chunk(&segments, begin, limit);
            prop_assert_eq!(&got.bytes, &wanted.encode(&expected));
            prop_assert_eq!(got.events, expected.len() as u64);
            let frames: Vec<u64> = (begin + 1..=total).filter(|s| name(*s) == "a.x").take(limit as usize).collect();
            let text = String::from_utf8(got.bytes.to_vec()).unwrap();
            let ids: Vec<u64> = text.lines().filter_map(|l| l.strip_prefix("id: 1.")).map(|s| s.parse().unwrap()).collect();
            prop_assert_eq!(ids, frames);
        }
    }

    #[test]
    fn subscribers_at_one_place_share_the_bytes() {
        let segments = [Arc::new(crate::ring::tests::segment(1..4)), Arc::new(crate::ring::tests::segment(4..6))];
        let wanted = selection("*");
        let (one, two) = (wanted.chunk(&segments, 0, u64::MAX), wanted.chunk(&segments, 0, u64::MAX));
        assert_eq!(one.bytes.as_ptr(), two.bytes.as_ptr());
        let more = [&segments[..], &[Arc::new(crate::ring::tests::segment(6..7))]].concat();
        assert_eq!(wanted.chunk(&more, 0, u64::MAX).to, 6, "a shared chunk does not hide what came later");
    }

    #[test]
    fn sources_and_subjects_are_exact() {
        let event = &record(1, "t").event;
        let wanted = |sources: &[&str], subjects: &[&str]| {
            let list = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
            Selection::new(Wanted { sources: list(sources), subjects: list(subjects), ..Wanted::default() })
        };
        assert!(wanted(&[], &[]).matches(event) && wanted(&["/s", "/x"], &[]).matches(event));
        assert!(!wanted(&["/"], &[]).matches(event) && !wanted(&[], &["a"]).matches(event));
    }
}
