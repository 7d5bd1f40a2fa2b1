//! Cursors by themselves, at the edges that the simulation (`simulation.rs`) found.

use std::task::Waker;

use tidemill_log::{Append, Log, MemoryLog, MemoryOptions, Retention, RetentionPolicy};

use super::*;
use crate::ring::tests::record;
use crate::thinning::{SlowPolicy, Thinning};
use crate::{ConflateKey, Wanted};

pub(super) fn tail(events: u64, ring_bytes: usize, retention: RetentionPolicy) -> Arc<Tail> {
    let log: Arc<dyn Log> = Arc::new(MemoryLog::with_epoch(1, MemoryOptions { retention, ..MemoryOptions::default() }));
    let tail = Tail::follow(&log, ring_bytes, 0);
    append(&tail, 1..=events);
    tail
}

pub(super) fn append(tail: &Tail, ids: std::ops::RangeInclusive<u64>) {
    let events = ids.map(|id| record(id, "t").event.clone()).collect();
    tail.log().append(Append::unkeyed(events, Box::new(|_| {})));
}

async fn cursor(tail: &Arc<Tail>, types: &str, start: Start, limit: Option<u64>, slow: SlowPolicy) -> Cursor {
    let types = tidemill_event::TypePattern::parse_list(types).unwrap();
    let selection = tail.select(Wanted { types, slow, ..Wanted::default() });
    Cursor::new(Subscription { selection, reader: Arc::default(), start, limit }).await.unwrap()
}

fn poll(cursor: &mut Cursor) -> Poll<Option<Delivery>> {
    let progress = Progress::of(cursor);
    cursor.poll_next(&progress, &mut Context::from_waker(Waker::noop()))
}

/// Who is cut off before the gap was sent resumes where it came from, and is told then.
#[tokio::test]
async fn a_place_of_elsewhere_is_left_only_once_that_was_told() {
    let tail = tail(3, 1 << 20, RetentionPolicy::default());
    for from in [Position::new(9, 7), Position::new(1, 9)] {
        let mut cursor = cursor(&tail, "*", Start::After(from), None, SlowPolicy::Keep).await;
        assert_eq!(cursor.position(), from);
        let Poll::Ready(Some(Delivery::Gap(gap))) = poll(&mut cursor) else { panic!("not told") };
        assert_eq!((gap.from, gap.to), (from, cursor.position()));
    }
}

/// Events that thinning left over at the limit come when the subscriber asks again.
#[tokio::test]
async fn a_limit_while_thinning_stands_at_the_last_event() {
    let tail = tail(2_000, 1 << 20, RetentionPolicy::default());
    // No event has a key: all of them are left.
    let slow = SlowPolicy::Conflate(ConflateKey::Subject);
    let mut cursor = cursor(&tail, "*", Start::Earliest, Some(10), slow).await;
    let frames = poll(&mut cursor);
    assert!(matches!(frames, Poll::Ready(Some(Delivery::Frames { events: 10, left_out: None, .. }))));
    assert!(matches!(poll(&mut cursor), Poll::Ready(None)));
    assert_eq!((cursor.end(), cursor.position()), (Some(End::Limit), Position::new(1, 10)));
}

/// Thinning that ends without anything to hand over takes nothing of what follows.
#[tokio::test]
async fn thinning_that_keeps_nothing_ends_at_its_target() {
    let tail = tail(5, 1 << 20, RetentionPolicy::default());
    let slow = SlowPolicy::Conflate(ConflateKey::Subject);
    let mut cursor = cursor(&tail, "wanted", Start::Earliest, None, slow.clone()).await;
    cursor.detour().thinning = Thinning::begin(&slow, 0, 3);
    let wanted = Segment::new((4..6).map(|sequence| record(sequence, "wanted")).collect());
    let segments = [Arc::new(crate::ring::tests::segment(1..4)), Arc::new(wanted)];
    assert_eq!(cursor.take_segments(&segments), None);
    assert_eq!((cursor.after, cursor.is_thinning()), (3, false));
    assert!(matches!(cursor.take_segments(&segments), Some(Delivery::Frames { events: 2, .. })));
    assert_eq!(cursor.after, 5);
}

/// Invariant I4: a reader that waits for a page and is not asked again holds up nobody who wants the same page.
#[tokio::test]
async fn a_stuck_reader_holds_up_no_other_at_the_same_page() {
    let log = crate::simulation::StepLog::empty();
    let shared: Arc<dyn Log> = Arc::clone(&log) as _;
    let tail = Tail::follow(&shared, 1, 0);
    for ids in [1..=3, 4..=6] {
        append(&tail, ids);
        log.commit(1);
        log.tell();
    }
    let mut stuck = cursor(&tail, "*", Start::Earliest, None, SlowPolicy::Keep).await;
    let mut other = cursor(&tail, "*", Start::Earliest, None, SlowPolicy::Keep).await;
    assert!(poll(&mut stuck).is_pending() && poll(&mut other).is_pending());
    assert_eq!(log.reads(), 1, "they share the read");
    log.answer_read(0);
    assert!(poll(&mut other).is_ready());
}

/// The log may have stored more than subscribers were told of. Who was handed that would be taken for one of elsewhere
/// if it came back at once.
#[tokio::test]
async fn nothing_is_handed_over_before_it_was_told() {
    let log = crate::simulation::StepLog::empty();
    let shared: Arc<dyn Log> = Arc::clone(&log) as _;
    let tail = Tail::follow(&shared, 1, 0);
    for ids in [1..=3, 4..=6, 7..=9] {
        log.tell();
        append(&tail, ids);
        log.commit(1);
    }
    let mut cursor = cursor(&tail, "*", Start::Earliest, None, SlowPolicy::Keep).await;
    assert!(poll(&mut cursor).is_pending());
    log.answer_read(0);
    assert!(poll(&mut cursor).is_ready());
    assert_eq!(cursor.position(), Position::new(1, 6));
}

/// A memory log can remove events before anybody was told of them.
#[tokio::test]
async fn a_gap_ends_where_subscribers_were_told() {
    let few = Retention { max_events: Some(2), ..Retention::default() };
    let tail = tail(5, 1 << 20, RetentionPolicy { log: few, ..RetentionPolicy::default() });
    let mut cursor = cursor(&tail, "*", Start::After(Position::new(1, 1)), None, SlowPolicy::Keep).await;
    // The ring still has what the log has not.
    assert!(matches!(poll(&mut cursor), Poll::Ready(Some(Delivery::Frames { .. }))));
    cursor.after = 1;
    let late = cursor.take_page(Err(ReadError::Trimmed { first: 9 }));
    let Some(Delivery::Gap(gap)) = late else { panic!("not told") };
    assert_eq!((gap.to, gap.missed), (Position::new(1, 5), Some(4)));
}

/// A poll may end between two deliveries of one step: it resumes after the one that it has.
#[tokio::test]
async fn each_of_several_deliveries_moves_the_place_to_its_own_end() {
    let tail = tail(9, 1 << 20, RetentionPolicy::default());
    let slow = SlowPolicy::Conflate(ConflateKey::Subject);
    let mut cursor = cursor(&tail, "*", Start::Earliest, None, slow.clone()).await;
    cursor.minds_holes = true;
    cursor.detour().thinning = Thinning::begin(&slow, 0, 9);
    // Events 1 and 2 are gone, 3 is left, 4 to 6 went while it was read.
    assert_eq!(cursor.take_segments(&[Arc::new(crate::ring::tests::segment(3..4))]), None);
    let mut places = vec![cursor.position().sequence];
    let first = cursor.take_page(Err(ReadError::Trimmed { first: 7 }));
    assert!(matches!(first, Some(Delivery::Gap(gap)) if gap.missed == Some(2)));
    places.push(cursor.position().sequence);
    assert!(matches!(poll(&mut cursor), Poll::Ready(Some(Delivery::Frames { .. }))));
    places.push(cursor.position().sequence);
    assert!(matches!(poll(&mut cursor), Poll::Ready(Some(Delivery::Gap(gap))) if gap.missed == Some(3)));
    places.push(cursor.position().sequence);
    assert_eq!(places, [0, 0, 3, 6]);
}

/// The names of those who ask cost nothing where no event is for somebody alone, and what is for others is passed over in
/// one go, however many audiences there are.
#[tokio::test]
async fn readers_share_what_is_for_everybody_and_pass_over_the_rest_at_once() {
    let tail = tail(3, 1 << 20, RetentionPolicy::default());
    let reader = |name: &str| Reader { client: Some(name.to_owned()), ..Reader::default() };
    let mut cursors = Vec::new();
    for name in ["ann", "bob"] {
        let mut one = cursor(&tail, "*", Start::Earliest, None, SlowPolicy::Keep).await;
        one.reader = Arc::new(reader(name));
        cursors.push(one);
    }
    let frames = |cursor: &mut Cursor| match poll(cursor) {
        Poll::Ready(Some(Delivery::Frames { bytes, events, .. })) => (bytes, events),
        other => panic!("{other:?}"),
    };
    let [(ann, three), (bob, _)] = [frames(&mut cursors[0]), frames(&mut cursors[1])];
    assert_eq!((ann.as_ptr(), three), (bob.as_ptr(), 3));

    let others = (0..100).map(|number| {
        let audience = tidemill_event::Audience::parse("audience", &format!("{{\"clients\":[\"other{number}\"]}}"));
        record(4 + number, "t").event.clone().with_audience(Some(audience.unwrap().into()))
    });
    let own = tidemill_event::Audience::parse("audience", "{\"clients\":[\"bob\"]}").unwrap();
    let own = record(104, "t").event.clone().with_audience(Some(own.into()));
    let public = record(105, "t").event.clone();
    tail.log().append(Append::unkeyed(others.chain([own, public]).collect(), Box::new(|_| {})));
    assert_eq!(frames(&mut cursors[0]).1, 1, "the last one alone");
    assert_eq!((frames(&mut cursors[1]).1, frames(&mut cursors[1]).1), (1, 1), "its own, and the last one");
    let Wanted { encoding, coding, .. } = Wanted::default();
    let place = cursors[0].tail().chunks().find((kinds::everything(&encoding, coding), 4), 105, u64::MAX);
    assert!(place.is_none(), "nobody put together what nobody is handed");
    assert!(cursors.iter_mut().all(|cursor| poll(cursor).is_pending()));
}

/// Who chooses by type and wants all that there is gets the bytes of those who chose otherwise and want all of it too.
#[tokio::test]
async fn subscribers_with_other_wishes_share_what_they_all_want() {
    let tail = tail(3, 1 << 20, RetentionPolicy::default());
    let mut places = Vec::new();
    for types in ["*", "t", "t,own.a.*", "own.b,t"] {
        let mut one = cursor(&tail, types, Start::Earliest, None, SlowPolicy::Keep).await;
        match poll(&mut one) {
            Poll::Ready(Some(Delivery::Frames { bytes, events: 3, .. })) => places.push(bytes.as_ptr()),
            other => panic!("{types}: {other:?}"),
        }
    }
    assert!(places.iter().all(|place| *place == places[0]), "{places:?}");
    let mut other = cursor(&tail, "own.a.*", Start::Earliest, None, SlowPolicy::Keep).await;
    assert!(poll(&mut other).is_pending(), "who wants none of it gets none of it");
}

/// Events for one client, drained by that client before anybody else comes: what was put together for her is handed to nobody
/// else, wherever he looks from and wherever the looks of both end.
#[tokio::test]
async fn what_was_put_together_for_one_reader_is_handed_to_no_other() {
    let audience = Arc::new(tidemill_event::Audience::parse("audience", "{\"clients\":[\"alice\"]}").unwrap());
    for ring_bytes in [1 << 20, 1] {
        let tail = tail(0, ring_bytes, RetentionPolicy::default());
        let padding = "x".repeat(100);
        for batch in 0..60_u64 {
            let events = (1..=10).map(|number| {
                let plain = record(batch * 10 + number, &format!("t.{padding}")).event.clone();
                plain.with_audience(Some(Arc::clone(&audience)))
            });
            tail.log().append(Append::unkeyed(events.collect(), Box::new(|_| {})));
        }
        let mut counts = Vec::new();
        for (name, types) in [("alice", "*"), ("bob", "*"), ("carol", "t.*"), ("alice", "t.*"), ("dave", "*,own.a")] {
            let mut one = cursor(&tail, types, Start::Earliest, None, SlowPolicy::Keep).await;
            one.reader = Arc::new(Reader { client: Some(name.to_owned()), ..Reader::default() });
            let progress = Progress::of(&one);
            let mut count = 0;
            while !one.has_everything() || one.is_catching_up() {
                let next = std::future::poll_fn(|cx| one.poll_next(&progress, cx));
                match tokio::time::timeout(std::time::Duration::from_millis(500), next).await {
                    Ok(Some(Delivery::Frames { events, .. })) => count += events,
                    Ok(other) => panic!("{other:?}"),
                    Err(_) => break,
                }
            }
            counts.push((name, count));
        }
        assert_eq!(
            counts,
            [("alice", 600), ("bob", 0), ("carol", 0), ("alice", 600), ("dave", 0)],
            "ring of {ring_bytes}"
        );
    }
}

/// Somebody looked before the newest event was there, and puts their chunk together after others who saw it: types that were
/// not looked at are not handed over.
#[tokio::test]
async fn a_chunk_of_everything_that_reaches_further_is_not_taken() {
    let tail = tail(1, 1 << 20, RetentionPolicy::default());
    let mut narrow = cursor(&tail, "t", Start::Earliest, None, SlowPolicy::Keep).await;
    let Look::Segments(seen) = tail.look(0) else { panic!("nothing is there") };
    tail.log().append(Append::unkeyed(vec![record(2, "secret").event.clone()], Box::new(|_| {})));
    let mut all = cursor(&tail, "*", Start::Earliest, None, SlowPolicy::Keep).await;
    assert!(matches!(poll(&mut all), Poll::Ready(Some(Delivery::Frames { events: 2, .. }))));
    assert!(matches!(narrow.take_segments(&seen), Some(Delivery::Frames { events: 1, .. })));
    assert!(poll(&mut narrow).is_pending(), "the other one is not for it");
}

/// An event that a projection does not show moves the place on, and counts neither for a limit nor among what was handed
/// over; what was put together through one projection is handed to nobody who looks through another.
#[tokio::test]
async fn what_a_projection_does_not_show_is_passed_over() {
    use crate::projection::tests::{Even, projected};
    let tail = tail(9, 1 << 20, RetentionPolicy::default());
    let (even, other) = (projected(Even::default()), projected(Even::default()));
    let subscribe = |encoding: &crate::Encoding, limit| {
        let selection = tail.select(Wanted { encoding: encoding.clone(), ..Wanted::default() });
        Cursor::new(Subscription { selection, reader: Arc::default(), start: Start::Earliest, limit })
    };
    let mut pointers = Vec::new();
    for (encoding, limit, shown) in [(&even, None, 4), (&even, None, 4), (&other, None, 4), (&even, Some(3), 3)] {
        let mut cursor = subscribe(encoding, limit).await.unwrap();
        let Poll::Ready(Some(Delivery::Frames { bytes, events, .. })) = poll(&mut cursor) else { panic!("no frames") };
        assert_eq!((events, bytes.iter().filter(|byte| **byte == b'{').count()), (shown, shown as usize));
        pointers.push(bytes.as_ptr());
        let over = poll(&mut cursor);
        assert!(if limit.is_some() { over == Poll::Ready(None) } else { over.is_pending() }, "{over:?}");
        let place = if limit.is_some() { 6 } else { 9 };
        assert_eq!(cursor.position(), Position::new(1, place));
    }
    assert_eq!(pointers[0], pointers[1], "those of one projection share the bytes");
    assert_ne!(pointers[0], pointers[2]);
    let mut cursor = subscribe(&even, None).await.unwrap();
    assert!(poll(&mut cursor).is_ready());
    append(&tail, 10..=11);
    assert!(matches!(poll(&mut cursor), Poll::Ready(Some(Delivery::Frames { events: 1, .. }))));
    append(&tail, 12..=14);
    assert!(matches!(poll(&mut cursor), Poll::Ready(Some(Delivery::Frames { events: 2, .. }))));
}
