//! The host's side of one subscriber's response: a cursor and what was written for it, as `sse/stream.rs` writes it.
//! Checks what the host itself claims: the cursor's place, its counters, and who is woken.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use bytes::Bytes;
use tidemill_event::Position;

use super::truth::Truth;
use super::wish::Wish;
use crate::limits::BEHIND_EVENTS;
use crate::{AtHand, Cursor, Delivery, End, Gap, Progress, Skip, SlowPolicy, Watch};

/// Notes that it was woken.
#[derive(Default)]
pub(super) struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Flag {
    fn clear(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    pub(super) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A block of the response; a subscriber gets it whole or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Block {
    /// Moves the place to resume from.
    Place(Position),
    /// An event: its position, and the id in its data.
    Event(Position, String),
    /// A gap; whether the place to resume from moves to its end.
    Gap(Gap, bool),
    /// The subscriber has everything that there is.
    CaughtUp(Position),
}

pub(super) struct Connection {
    cursor: Cursor,
    progress: Progress,
    pub(super) wish: Wish,
    flag: Arc<Flag>,
    /// Who asks it is woken by this, every time.
    watch: Option<(Watch, Arc<Flag>)>,
    at_hand: AtHand,
    /// Written, but not read by the subscriber.
    pub(super) wire: VecDeque<Block>,
    /// Its last answer was that there is nothing at the moment.
    pending: bool,
    pub(super) ended: bool,
    /// Where it began, in the log's epoch.
    base: Option<u64>,
    events: u64,
    bytes: u64,
    missed: u64,
    /// The newest position written.
    newest: u64,
    /// It was behind at some time, so that its policy may leave things out.
    pub(super) was_behind: bool,
}

impl Connection {
    pub(super) fn new(cursor: Cursor, wish: Wish) -> Self {
        let place = cursor.position();
        let watch = wish.watched.then(|| {
            let flag = Arc::<Flag>::default();
            (cursor.selection().watch(Waker::from(Arc::clone(&flag))), flag)
        });
        // Whoever comes from elsewhere is told first where it begins.
        let progress = Progress::of(&cursor);
        let base = progress.after();
        let wire = VecDeque::from([Block::Place(place)]);
        Self {
            cursor,
            progress,
            wish,
            flag: Arc::default(),
            watch,
            at_hand: AtHand::default(),
            wire,
            pending: false,
            ended: false,
            base: Some(base),
            events: 0,
            bytes: 0,
            missed: 0,
            newest: base,
            was_behind: false,
        }
    }

    /// Whether an executor would ask it.
    pub(super) fn is_runnable(&self) -> bool {
        !self.ended && (!self.pending || self.is_woken())
    }

    fn is_woken(&self) -> bool {
        self.flag.is_set() || self.watch.as_ref().is_some_and(|(_, flag)| flag.is_set())
    }

    /// Something was stored after `before`: whoever had everything, and wants some of it, has to be woken.
    pub(super) fn check_woken(&self, truth: &Truth, before: u64) {
        let waits = self.pending && !self.ended && !self.cursor.is_catching_up();
        let wanted = waits && truth.between(before, truth.told).any(|(_, fact)| self.wish.wants(fact));
        assert!(!wanted || self.is_woken(), "a waiting cursor was not woken");
    }

    /// How far what it had everything wanted of is from the newest event.
    fn lag(&self, truth: &Truth) -> u64 {
        truth.told.saturating_sub(self.cursor.selection().standing(self.progress.after()))
    }

    /// Asks the cursor once and writes what it says.
    pub(super) fn poll(&mut self, truth: &Truth) {
        let lag = self.lag(truth);
        self.was_behind |= lag > BEHIND_EVENTS;
        // A new waker each time: the cursor has to keep the latest.
        self.flag = Arc::default();
        let waker = Waker::from(Arc::clone(&self.flag));
        let polled = match &self.watch {
            None => self.cursor.poll_next(&self.progress, &mut Context::from_waker(&waker)),
            // As the light lane does.
            Some((_, woken)) => {
                woken.clear();
                let first =
                    self.cursor.poll_ready(&self.progress, &mut self.at_hand, &mut Context::from_waker(Waker::noop()));
                if first.is_pending() && self.cursor.is_catching_up() {
                    self.cursor.poll_ready(&self.progress, &mut self.at_hand, &mut Context::from_waker(&waker))
                } else {
                    first
                }
            }
        };
        self.pending = polled.is_pending();
        match polled {
            Poll::Ready(Some(Delivery::Frames { bytes, .. })) => self.write_frames(&bytes, truth),
            Poll::Ready(Some(Delivery::Gap(gap))) => self.write_gap(gap, truth),
            Poll::Ready(None) => self.finish(lag, truth),
            Poll::Pending => {
                self.check_counters(truth);
                let place = self.cursor.position();
                assert!(place.sequence <= truth.told, "it stands after what it can know");
                if place == Position::new(truth.epoch, truth.told) {
                    self.wire.push_back(Block::CaughtUp(place));
                }
            }
        }
    }

    /// A heartbeat, or the end of a poll: from where to go on.
    pub(super) fn write_place(&mut self) {
        self.wire.push_back(Block::Place(self.cursor.position()));
    }

    fn write_frames(&mut self, bytes: &Bytes, truth: &Truth) {
        assert!(!bytes.is_empty());
        self.bytes += bytes.len() as u64;
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let mut line = || {
                let (line, after) = rest.split_at(memchr::memchr(b'\n', rest).unwrap());
                rest = &after[1..];
                line
            };
            let text = |line: &[u8], name: &[u8]| -> String {
                let value = line.strip_prefix(name).expect("a line of a frame");
                let end = memchr::memchr(b' ', value).unwrap_or(value.len());
                String::from_utf8(value[..end].to_vec()).unwrap()
            };
            let position: Position = text(line(), b"id: ").parse().unwrap();
            assert!(line().starts_with(b"event: "));
            let event = text(line(), b"data: ");
            assert!(line().is_empty());
            assert!(position.sequence > self.newest, "{position} comes after {}", self.newest);
            assert!(position.sequence <= truth.told, "{position} comes before it was told");
            self.newest = position.sequence;
            self.events += 1;
            self.wire.push_back(Block::Event(position, event));
        }
    }

    fn write_gap(&mut self, gap: Gap, truth: &Truth) {
        assert_eq!(gap.to.epoch, truth.epoch);
        assert!(gap.to.sequence <= truth.told, "{gap:?} ends after what there is");
        if gap.reason == Skip::Retention {
            assert_eq!(gap.from.epoch, truth.epoch);
            let gone = truth.between(gap.from.sequence, gap.to.sequence).filter(|(_, fact)| fact.gone).count() as u64;
            let missed = gap.missed.unwrap();
            assert!((1..=gone).contains(&missed), "{gap:?}: {gone} are gone");
            assert!(gap.from.sequence >= self.newest, "{gap:?} begins before {}", self.newest);
            self.missed += missed;
        } else {
            assert!(matches!(gap.reason, Skip::Epoch | Skip::UnknownPosition), "{gap:?}");
            assert!(self.events == 0 && self.missed == 0, "{gap:?} comes late");
            self.base = Some(gap.to.sequence);
        }
        // As `sse/stream.rs` decides.
        let moved = self.cursor.position() >= gap.to;
        self.wire.push_back(Block::Gap(gap, moved));
    }

    fn finish(&mut self, lag: u64, truth: &Truth) {
        self.ended = true;
        self.check_counters(truth);
        match self.cursor.end() {
            Some(End::Limit) => assert_eq!(Some(self.events), self.wish.limit),
            Some(End::Behind) => {
                assert_eq!(self.wish.slow, SlowPolicy::Disconnect);
                assert!(lag > BEHIND_EVENTS && self.progress.was_live(), "disconnected without a reason");
            }
            Some(End::ViewChanged | End::Unjudged) => assert!(self.wish.has_view()),
            other => panic!("ended by {other:?}"),
        }
        // The farewell of a stream, or where a poll says that the next one begins.
        self.write_place();
    }

    /// Whatever the cursor counted is what it did, and everything up to its place is accounted for.
    fn check_counters(&self, truth: &Truth) {
        let progress = &self.progress;
        assert_eq!((progress.events(), progress.bytes()), (self.events, self.bytes));
        assert_eq!(progress.skipped(Skip::Retention), self.missed);
        assert!(self.wish.limit.is_none_or(|limit| self.events <= limit));
        let (base, to) = (self.base.unwrap(), progress.after());
        let skipped = progress.skipped(Skip::Conflated) + progress.skipped(Skip::Sampled);
        assert!(skipped == 0 || (self.wish.thins() && self.was_behind), "{skipped} events were skipped");
        assert!(to >= self.newest, "it stands before what it handed over");
        let wanted = truth.between(base, to).filter(|(_, fact)| self.wish.wants(fact));
        let (mut all, mut gone) = (0, 0);
        wanted.for_each(|(_, fact)| (all, gone) = (all + 1, gone + u64::from(fact.gone)));
        let handled = self.events + skipped;
        assert!((all - gone..=all).contains(&handled), "{handled} of {all} wanted events, of which {gone} are gone");
        if self.wish.wants_all() {
            assert_eq!(base + handled + self.missed, to, "events, skipped ones and missed ones add up");
        }
    }
}
