//! Pieces of frames that subscribers who want the same, and stand at the same place, share.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::{Bytes, BytesMut};
use tidemill_log::Record;

use crate::frame::write_record;
use crate::limits::{CHUNK_BYTES_MAX, SHARED_CHUNKS_MAX};
use crate::ring::Segment;
use crate::wanted::Filter;

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

/// The latest chunks that were put together.
#[derive(Debug, Default)]
pub(crate) struct Chunks(Mutex<VecDeque<Chunk>>);

impl Chunks {
    /// The chunk that somebody else at the same place put together, if it is all that there is up to `last`.
    pub(crate) fn find(&self, after: u64, last: u64, events_max: u64) -> Option<Chunk> {
        find(&self.lock(), after, last, events_max)
    }

    /// The next chunk out of ring segments. Whoever comes second to a place gets what the first one put together.
    pub(crate) fn join(&self, filter: &Filter, segments: &[Arc<Segment>], after: u64, events_max: u64) -> Chunk {
        let last = segments.last().and_then(|segment| segment.records().last());
        let last = last.map_or(after, |record| record.position.sequence);
        // Held while joining: the others at this place wait for the bytes instead of making them again.
        let mut chunks = self.lock();
        if let Some(chunk) = find(&chunks, after, last, events_max) {
            return chunk;
        }
        let chunk = join(filter, segments, after, events_max);
        chunks.retain(|other| other.after != after);
        if chunks.len() == SHARED_CHUNKS_MAX {
            chunks.pop_front();
        }
        chunks.push_back(chunk.clone());
        chunk
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Chunk>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The frames of some records that a filter wants.
pub(crate) fn encode(filter: &Filter, records: &[Arc<Record>]) -> Bytes {
    let mut bytes = Vec::new();
    records.iter().for_each(|record| write_record(record, filter.wanted().encoding, &mut bytes));
    bytes.into()
}

/// A chunk that was full stays right; one that reached the end of its time may have to grow.
fn find(chunks: &VecDeque<Chunk>, after: u64, last: u64, events_max: u64) -> Option<Chunk> {
    let fits = |chunk: &&Chunk| chunk.after == after && chunk.events <= events_max;
    let whole = |chunk: &&Chunk| chunk.bytes.len() >= CHUNK_BYTES_MAX || chunk.to >= last;
    chunks.iter().find(fits).filter(whole).cloned()
}

fn join(filter: &Filter, segments: &[Arc<Segment>], after: u64, events_max: u64) -> Chunk {
    let mut chunk = Chunk { after, to: after, records: 0, events: 0, bytes: Bytes::new() };
    let mut pieces: Vec<Bytes> = Vec::new();
    let mut length = 0;
    'full: for segment in segments {
        let records = segment.records();
        let mut next = records.partition_point(|record| record.position.sequence <= after);
        while next < records.len() {
            let run = records[next..].iter().take_while(|record| filter.matches(&record.event)).count();
            let room = usize::try_from(events_max - chunk.events).unwrap_or(usize::MAX);
            let mut taken = run.min(room);
            if taken > 0 {
                let mut bytes = segment.frames(next..next + taken, filter.wanted().encoding);
                // Cut a run that is much too long; one record always fits.
                while taken > 1 && length + bytes.len() > 2 * CHUNK_BYTES_MAX {
                    taken = taken.div_ceil(2);
                    bytes = segment.frames(next..next + taken, filter.wanted().encoding);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Wanted;
    use crate::ring::tests::{record, segment};
    use proptest::prelude::*;
    use tidemill_event::TypePattern;

    fn filter(types: &str) -> Filter {
        let types = TypePattern::parse_list(types).unwrap();
        Filter::new(Wanted { types, ..Wanted::default() })
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
            let wanted = filter("a.*");
            let records: Vec<Arc<Record>> = segments.iter().flat_map(|segment| segment.records().to_vec()).collect();
            let after = records.iter().filter(|r| r.position.sequence > begin && wanted.matches(&r.event));
            let expected: Vec<_> = after.take(limit as usize).cloned().collect();
            let got = Chunks::default().join(&wanted, &segments, begin, limit);
            prop_assert_eq!(&got.bytes, &encode(&wanted, &expected));
            prop_assert_eq!(got.events, expected.len() as u64);
            let frames: Vec<u64> = (begin + 1..=total).filter(|s| name(*s) == "a.x").take(limit as usize).collect();
            let text = String::from_utf8(got.bytes.to_vec()).unwrap();
            let ids: Vec<u64> = text.lines().filter_map(|l| l.strip_prefix("id: 1.")).map(|s| s.parse().unwrap()).collect();
            prop_assert_eq!(ids, frames);
        }
    }

    #[test]
    fn subscribers_at_one_place_share_the_bytes() {
        let segments = [Arc::new(segment(1..4)), Arc::new(segment(4..6))];
        let (chunks, wanted) = (Chunks::default(), filter("*"));
        let (one, two) = (chunks.join(&wanted, &segments, 0, u64::MAX), chunks.join(&wanted, &segments, 0, u64::MAX));
        assert_eq!(one.bytes.as_ptr(), two.bytes.as_ptr());
        let more = [&segments[..], &[Arc::new(segment(6..7))]].concat();
        assert_eq!(chunks.join(&wanted, &more, 0, u64::MAX).to, 6, "a shared chunk does not hide what came later");
    }
}
