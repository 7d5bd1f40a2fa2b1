//! Pieces of frames that subscribers who want the same, and stand at the same place, share.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Bytes, BytesMut};
use quick_cache::sync::Cache;
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};
use tidemill_event::Audience;
use tidemill_log::Record;

use crate::coding::{Fragment, Sum};
use crate::frame::write_record;
use crate::kinds::Kinds;
use crate::limits::{CHUNK_BYTES_MAX, CHUNKS_AT_HAND_MAX, CHUNKS_BYTES_MAX};
use crate::ring::Segment;
use crate::view::Judgement;
use crate::wanted::Filter;

/// The bytes for a subscriber who stands at `after`; having them it stands at `to`.
#[derive(Debug, Clone)]
pub(crate) struct Chunk {
    after: u64,
    pub(crate) to: u64,
    /// Records between these places, wanted or not.
    pub(crate) records: u64,
    pub(crate) events: u64,
    /// Whom its events are for, all of them; none: everybody. So those who may not see them need not look at each.
    pub(crate) audience: Option<Arc<Audience>>,
    /// Of a chunk of everything the types of its events, and perhaps of others.
    pub(crate) kinds: Option<Arc<Kinds>>,
    /// It ends where it had to, so that nothing that comes later belongs to it.
    is_whole: bool,
    /// Coded as the wish wants them.
    pub(crate) bytes: Bytes,
    /// What they were before.
    pub(crate) sum: Sum,
}

impl Chunk {
    /// Whether it is for somebody who takes so many events, and all that there is up to `last`. One that was full or ends
    /// before another audience stays right; one that reached the end of its time may have to grow.
    fn fits(&self, last: u64, events_max: u64) -> bool {
        self.events <= events_max && (self.is_whole || self.to >= last)
    }
}

/// Whom a chunk is put together for: one wish, or all who want everything.
#[derive(Debug)]
pub(crate) struct Whose<'a> {
    pub(crate) turn: &'a Mutex<()>,
    pub(crate) filter: &'a Filter,
    pub(crate) key: u64,
    /// Of everything, which types that is.
    pub(crate) kinds: Option<Kinds>,
}

/// A place in what one wish wants: the wish's key, and a sequence.
type Place = (u64, u64);

#[derive(Debug, Clone)]
struct ByBytes;

impl Weighter<Place, Chunk> for ByBytes {
    fn weight(&self, _: &Place, chunk: &Chunk) -> u64 {
        chunk.bytes.len() as u64 + 128
    }
}

/// The latest chunks that were put together, for all wishes.
pub(crate) struct Chunks(Cache<Place, Chunk, ByBytes>);

impl Chunks {
    pub(crate) fn new() -> Self {
        // Few shards: each bounds its own part.
        let mut bounds = OptionsBuilder::new();
        bounds.weight_capacity(CHUNKS_BYTES_MAX).estimated_items_capacity(1024).shards(4);
        // Fails only if one of these two is missing.
        let bounds = bounds.build().unwrap_or_else(|_| unreachable!("both bounds are given"));
        Self(Cache::with_options(bounds, ByBytes, DefaultHashBuilder::default(), Default::default()))
    }

    /// The chunk that somebody else at the same place put together, if it is all that there is up to `last`.
    pub(crate) fn find(&self, place: Place, last: u64, events_max: u64) -> Option<Chunk> {
        self.0.get(&place).filter(|chunk| chunk.fits(last, events_max))
    }

    /// The next chunk out of segments, of each of which `known` says what is seen if the wish has a view. Whoever comes
    /// second to a place gets what the first one put together.
    pub(crate) fn join(
        &self,
        whose: Whose<'_>,
        segments: &[Arc<Segment>],
        known: Option<&[Arc<Judgement>]>,
        after: u64,
        events_max: u64,
    ) -> Chunk {
        let Whose { turn, filter, key, kinds } = whose;
        let place = (key, after);
        let last = segments.last().and_then(|segment| segment.records().last());
        let last = last.map_or(after, |record| record.position.sequence);
        // Held while joining: the others at this place wait for the bytes instead of making them again.
        let _turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
        // Nothing beyond these segments: what they hold was looked at, by types and by whom it is for, and nothing else.
        if let Some(chunk) = self.find(place, last, events_max).filter(|chunk| chunk.to <= last) {
            return chunk;
        }
        let mut chunk = join(filter, segments, known, after, events_max);
        chunk.kinds = kinds.map(Arc::new);
        self.0.insert(place, chunk.clone());
        chunk
    }
}

/// The chunks that somebody who asks for many subscribers used last. In it they are found without a lock, and counted by
/// this one alone: two threads that count the same bytes slow each other down.
#[derive(Debug, Default)]
pub struct AtHand(Vec<(u64, Chunk)>);

impl AtHand {
    pub(crate) fn find(&self, place: Place, last: u64, events_max: u64) -> Option<Chunk> {
        let mut at = self.0.iter().filter(|(wish, chunk)| (*wish, chunk.after) == place);
        at.find(|(_, chunk)| chunk.fits(last, events_max)).map(|(_, chunk)| chunk.clone())
    }

    pub(crate) fn keep(&mut self, wish: u64, chunk: &Chunk) -> Chunk {
        let own = Chunk { bytes: Bytes::from_owner(chunk.bytes.clone()), ..chunk.clone() };
        self.0.retain(|(other, old)| (*other, old.after) != (wish, own.after));
        if self.0.len() == CHUNKS_AT_HAND_MAX {
            self.0.remove(0);
        }
        self.0.push((wish, own.clone()));
        own
    }

    /// Lets go of them, when nobody is asked for a while.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

/// The frames of some records that a filter wants, and how many of them have some.
pub(crate) fn encode(filter: &Filter, records: &[Arc<Record>]) -> (Fragment, u64) {
    let (mut bytes, mut shown) = (Vec::new(), 0);
    for record in records {
        let before = bytes.len();
        write_record(record, &filter.wanted().encoding, &mut bytes);
        shown += u64::from(bytes.len() > before);
    }
    (filter.wanted().coding.fragment(bytes.into()), shown)
}

fn join(
    filter: &Filter,
    segments: &[Arc<Segment>],
    known: Option<&[Arc<Judgement>]>,
    after: u64,
    events_max: u64,
) -> Chunk {
    let (bytes, sum) = (Bytes::new(), Sum::default());
    let (audience, kinds) = (None, None);
    let mut chunk = Chunk { after, to: after, records: 0, events: 0, audience, kinds, is_whole: false, bytes, sum };
    let encoding = &filter.wanted().encoding;
    let mut pieces: Vec<Bytes> = Vec::new();
    let mut length = 0;
    'full: for (index, segment) in segments.iter().enumerate() {
        let judgement = known.map(|known| &known[index]);
        let records = segment.records();
        let mut next = records.partition_point(|record| record.position.sequence <= after);
        let is_wanted = |record: &&Arc<Record>| {
            filter.matches(&record.event) && judgement.is_none_or(|own| own.shows(record.position.sequence))
        };
        while next < records.len() {
            // What was not judged is nobody's business yet.
            if judgement.is_some_and(|own| !own.covers(records[next].position.sequence)) {
                break 'full;
            }
            let audience = records[next].event.audience();
            let run = records[next..].iter().take_while(is_wanted);
            let run = run.take_while(|record| record.event.audience() == audience).count();
            if run > 0 && chunk.events > 0 && audience != chunk.audience.as_ref() {
                chunk.is_whole = true;
                break 'full;
            }
            let room = usize::try_from(events_max - chunk.events).unwrap_or(usize::MAX);
            let mut taken = run.min(room);
            if taken > 0 {
                let mut bytes = segment.frames(next..next + taken, encoding);
                // Cut a run that is much too long; one record always fits.
                while taken > 1 && length + bytes.len() > 2 * CHUNK_BYTES_MAX {
                    taken = taken.div_ceil(2);
                    bytes = segment.frames(next..next + taken, encoding);
                }
                chunk.events += segment.shown(next..next + taken, encoding) as u64;
                next += taken;
                chunk.records += taken as u64;
                length += bytes.len();
                chunk.audience = audience.cloned();
                if !bytes.is_empty() {
                    pieces.push(bytes);
                }
            } else {
                next += 1;
                chunk.records += 1;
            }
            chunk.to = records[next - 1].position.sequence;
            chunk.is_whole = length >= CHUNK_BYTES_MAX;
            if chunk.is_whole || chunk.events == events_max {
                break 'full;
            }
        }
    }
    let plain = match pieces.len() {
        0 => Bytes::new(),
        // A part of a segment would keep all of it.
        1 if segments.iter().any(|segment| segment.is_whole(&pieces[0], encoding)) => pieces.swap_remove(0),
        _ => {
            let mut joined = BytesMut::with_capacity(length);
            pieces.iter().for_each(|piece| joined.extend_from_slice(piece));
            joined.freeze()
        }
    };
    Fragment { bytes: chunk.bytes, sum: chunk.sum } = filter.wanted().coding.fragment(plain);
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
            let turn = Mutex::default();
            let whose = Whose { turn: &turn, filter: &wanted, key: 0, kinds: None };
            let got = Chunks::new().join(whose, &segments, None, begin, limit);
            prop_assert_eq!(&got.bytes, &encode(&wanted, &expected).0.bytes);
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
        let (chunks, turn, wanted) = (Chunks::new(), Mutex::default(), filter("*"));
        let join = |segments: &[Arc<Segment>]| {
            let whose = Whose { turn: &turn, filter: &wanted, key: 0, kinds: None };
            chunks.join(whose, segments, None, 0, u64::MAX)
        };
        let (one, two) = (join(&segments), join(&segments));
        assert_eq!(one.bytes.as_ptr(), two.bytes.as_ptr());
        let more = [&segments[..], &[Arc::new(segment(6..7))]].concat();
        assert_eq!(join(&more).to, 6, "a shared chunk does not hide what came later");
    }

    #[test]
    fn a_part_of_a_segment_does_not_keep_all_of_it() {
        let segments = [Arc::new(segment(1..4))];
        let whole = segments[0].frames(0..3, &crate::Encoding::default());
        let chunk = |after| join(&filter("*"), &segments, None, after, u64::MAX).bytes;
        assert_eq!(chunk(0).as_ptr(), whole.as_ptr());
        assert!(!whole.as_ptr_range().contains(&chunk(2).as_ptr()));
    }

    #[test]
    fn what_is_at_hand_is_the_same_and_bounded() {
        let (mut hand, segments) = (AtHand::default(), [Arc::new(segment(1..4))]);
        let chunk = join(&filter("*"), &segments, None, 0, u64::MAX);
        for wish in 0..2 * CHUNKS_AT_HAND_MAX as u64 {
            assert_eq!(hand.keep(wish, &chunk).bytes, chunk.bytes);
        }
        assert_eq!(hand.0.len(), CHUNKS_AT_HAND_MAX);
        let newest = 2 * CHUNKS_AT_HAND_MAX as u64 - 1;
        assert_eq!(hand.find((newest, 0), 3, u64::MAX).unwrap().to, 3);
        assert!(hand.find((newest, 0), 4, u64::MAX).is_none(), "there is more by now");
        assert!(hand.find((newest, 0), 3, 2).is_none(), "it takes fewer");
        assert!(hand.find((0, 0), 3, u64::MAX).is_none() && hand.find((newest, 1), 3, u64::MAX).is_none());
    }
}
