//! Views by themselves: what is asked how often, what is handed over, and that nobody waits for ever.

use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

use proptest::prelude::*;
use tidemill_event::Event;
use tidemill_log::{Append, Log, MemoryLog, MemoryOptions};
use tidemill_plugin::{Classified, Fault, Subscriber, Unjudged};

use super::judge::Job;
use super::worker::{Sight, Worker};
use super::*;
use crate::ring::tests::record;
use crate::tail::Tail;
use crate::{AtHand, Cursor, Delivery, End, Progress, SlowPolicy, Start, Subscription, Wanted};

/// A class, and the numbers of the events that it was asked about.
type Call = (String, Vec<u64>);

/// Classes are numbers: one sees the events whose numbers they divide. Notes what it was asked.
#[derive(Clone, Default)]
struct Divides(Arc<Mutex<Vec<Call>>>);

fn id(event: &Event) -> u64 {
    event.id().parse().unwrap()
}

impl Sight for Divides {
    fn classify(&mut self, who: &Subscriber) -> Result<Classified, Fault> {
        Ok(Classified::Class(who.principal.clone()))
    }

    fn visible(&mut self, class: &str, events: &[&Event]) -> Result<Vec<bool>, Unjudged> {
        let ids: Vec<u64> = events.iter().map(|event| id(event)).collect();
        let by: u64 = class.parse().map_err(|_| Unjudged::Out("no number".into()))?;
        let seen = ids.iter().map(|id| id.is_multiple_of(by)).collect();
        self.0.lock().unwrap().push((class.to_owned(), ids));
        Ok(seen)
    }
}

struct Host {
    tail: Arc<Tail>,
    judge: Arc<Judge>,
    worker: Worker,
    asked: Divides,
}

impl Host {
    fn new(ring_bytes: usize) -> Self {
        let log: Arc<dyn Log> = Arc::new(MemoryLog::with_epoch(1, MemoryOptions::default()));
        let tail = Tail::follow(&log, ring_bytes, 0);
        let (judge, jobs) = Judge::new(tail.judgements().number(), "view".into());
        let asked = Divides::default();
        let worker = Worker::new(jobs, "view".into(), Box::new(asked.clone()), &tail);
        Self { tail, judge, worker, asked }
    }

    fn append(&self, ids: std::ops::Range<u64>) {
        let events = ids.map(|id| record(id, if id % 5 == 0 { "five" } else { "t" }).event.clone()).collect();
        self.tail.log().append(Append::unkeyed(events, Box::new(|_| {})));
    }

    async fn subscribe(&self, class: &str, types: &str, start: Start, slow: SlowPolicy) -> Cursor {
        let types = tidemill_event::TypePattern::parse_list(types).unwrap();
        let view = Some(View::new(Arc::clone(&self.judge), class.into()));
        let selection = self.tail.select(Wanted { types, view, slow, ..Wanted::default() });
        Cursor::new(Subscription { selection, reader: Arc::default(), start, limit: None }).await.unwrap()
    }

    /// Does everything that the view was asked; how much that was.
    async fn work(&mut self) -> usize {
        let mut jobs = 0;
        while let Some(job) = self.worker.next() {
            jobs += 1;
            if let Some((tail, question)) = self.worker.begin(job) {
                let segments = find(Arc::clone(&tail), question.after()).await;
                self.worker.finish(&tail, question, &segments);
            }
        }
        jobs
    }

    fn calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.asked.0.lock().unwrap())
    }
}

fn poll(cursor: &mut Cursor) -> Poll<Option<Delivery>> {
    let progress = Progress::of(cursor);
    cursor.poll_ready(&progress, &mut AtHand::default(), &mut Context::from_waker(Waker::noop()))
}

fn ids(delivery: &Delivery) -> Vec<u64> {
    let Delivery::Frames { bytes, .. } = delivery else { panic!("{delivery:?}") };
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    text.lines().filter_map(|line| line.strip_prefix("id: 1.")).map(|id| id.parse().unwrap()).collect()
}

/// What a cursor is handed until there is nothing more.
async fn drain(host: &mut Host, cursor: &mut Cursor) -> Vec<u64> {
    let mut seen = Vec::new();
    loop {
        match poll(cursor) {
            Poll::Ready(Some(delivery)) => seen.extend(ids(&delivery)),
            Poll::Ready(None) => return seen,
            Poll::Pending if host.work().await == 0 && !cursor.is_catching_up() => return seen,
            Poll::Pending => {}
        }
    }
}

/// The price of a batch is one call for each class, whoever is in it.
#[tokio::test]
async fn ten_thousand_subscribers_in_ten_classes_cost_ten_calls() {
    let mut host = Host::new(1 << 20);
    let mut cursors = Vec::new();
    for number in 0..10_000 {
        let class = (number % 10 + 1).to_string();
        cursors.push(host.subscribe(&class, "*", Start::Latest, SlowPolicy::Keep).await);
    }
    for cursor in &mut cursors {
        assert!(poll(cursor).is_pending());
    }
    host.append(1..61);
    for cursor in &mut cursors {
        assert!(poll(cursor).is_pending() && cursor.is_judging());
    }
    assert_eq!(host.work().await, 10);
    let calls = host.calls();
    assert_eq!(calls.len(), 10);
    assert!(calls.iter().all(|(_, events)| *events == (1..61).collect::<Vec<_>>()));
    let mut bytes = std::collections::HashSet::new();
    for (number, cursor) in (0..).zip(&mut cursors) {
        let Poll::Ready(Some(delivery)) = poll(cursor) else { panic!("{number} got nothing") };
        let by = number % 10 + 1;
        assert_eq!(ids(&delivery), (1..61).filter(|id| id % by == 0).collect::<Vec<_>>());
        let Delivery::Frames { bytes: own, .. } = delivery else { unreachable!() };
        bytes.insert(own.as_ptr());
        assert!(poll(cursor).is_pending() && !cursor.is_judging());
    }
    assert_eq!(bytes.len(), 10, "who is in one class shares the bytes");
    assert_eq!((host.work().await, host.calls().len()), (0, 0));
}

/// Whoever comes later, or wants other types, gains from what was judged before.
#[tokio::test]
async fn what_was_judged_is_not_judged_again() {
    let mut host = Host::new(1 << 20);
    (0..4).for_each(|n| host.append(10 * n + 1..10 * n + 11));
    let mut first = host.subscribe("2", "*", Start::Earliest, SlowPolicy::Keep).await;
    assert_eq!(drain(&mut host, &mut first).await.len(), 20);
    assert_eq!(host.calls().len(), 1, "what waits is judged together");
    let mut fives = host.subscribe("2", "five", Start::Earliest, SlowPolicy::Keep).await;
    assert_eq!(drain(&mut host, &mut fives).await, [10, 20, 30, 40]);
    let from = Start::After(tidemill_event::Position::new(1, 25));
    let mut middle = host.subscribe("2", "*", from, SlowPolicy::Keep).await;
    assert_eq!(drain(&mut host, &mut middle).await, [26, 28, 30, 32, 34, 36, 38, 40]);
    assert_eq!(host.calls(), []);
    host.append(41..43);
    assert_eq!(drain(&mut host, &mut first).await, [42]);
    assert_eq!(host.calls(), [("2".to_owned(), vec![41, 42])]);
}

#[tokio::test]
async fn streams_end_with_their_judge_and_when_it_cannot_judge() {
    let mut host = Host::new(1 << 20);
    host.append(1..4);
    let mut broken = host.subscribe("no number", "*", Start::Earliest, SlowPolicy::Keep).await;
    assert_eq!(drain(&mut host, &mut broken).await, [0; 0]);
    assert_eq!((broken.end(), broken.position().sequence), (Some(End::Unjudged), 0));
    let mut waiting = host.subscribe("1", "*", Start::Earliest, SlowPolicy::Keep).await;
    let mut idle = host.subscribe("1", "*", Start::Latest, SlowPolicy::Keep).await;
    assert!(poll(&mut waiting).is_pending() && poll(&mut idle).is_pending());
    host.judge.end();
    for cursor in [&mut waiting, &mut idle] {
        assert_eq!((poll(cursor), cursor.end()), (Poll::Ready(None), Some(End::ViewChanged)));
    }
    assert_eq!(waiting.position().sequence, 0, "what it did not get is to come");
    assert!(host.worker.next().is_some_and(|job| host.worker.begin(job).is_none()), "nothing is judged for it");
    let mut late = host.subscribe("1", "*", Start::Earliest, SlowPolicy::Keep).await;
    assert_eq!((poll(&mut late), late.end()), (Poll::Ready(None), Some(End::ViewChanged)));
    assert_eq!(host.calls(), []);
}

/// Invariant I11: what a view is asked is bounded, and what is beyond is told at once.
#[tokio::test]
async fn i11_a_view_that_has_too_much_to_judge_ends_streams() {
    let mut host = Host::new(1 << 20);
    let who = Subscriber::default;
    let taken = (0..).take_while(|_| host.judge.classify(who()).is_some()).count();
    assert_eq!(taken, crate::limits::VIEW_JOBS_MAX);
    host.append(1..2);
    let mut cursor = host.subscribe("1", "*", Start::Earliest, SlowPolicy::Keep).await;
    assert_eq!((poll(&mut cursor), cursor.end()), (Poll::Ready(None), Some(End::Unjudged)));
    assert!(matches!(host.worker.next(), Some(Job::Classify { .. })));
}

proptest! {
    /// However events are cut into segments, wherever somebody begins, whatever is forgotten or read from the log:
    /// everything that is seen comes, and nothing else.
    #[test]
    fn everything_seen_comes_and_nothing_else(
        sizes in prop::collection::vec(1_u64..40, 1..12),
        class in 1_u64..4,
        begin in 0_u64..50,
        ring in prop::sample::select(vec![1_usize, 2_000, 1 << 20]),
        others in prop::collection::vec((0_u64..200, 1_u64..4), 0..4),
        types in prop::sample::select(vec!["*", "five"]),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut host = Host::new(ring);
            let mut next = 1;
            for size in sizes {
                host.append(next..next + size);
                next += size;
            }
            for (after, class) in others {
                let start = Start::After(tidemill_event::Position::new(1, after.min(next - 1)));
                let mut other = host.subscribe(&class.to_string(), "*", start, SlowPolicy::Keep).await;
                drain(&mut host, &mut other).await;
            }
            let begin = begin.min(next - 1);
            let start = Start::After(tidemill_event::Position::new(1, begin));
            let mut cursor = host.subscribe(&class.to_string(), types, start, SlowPolicy::Keep).await;
            let expected: Vec<u64> =
                (begin + 1..next).filter(|id| id % class == 0 && (types == "*" || id % 5 == 0)).collect();
            assert_eq!(drain(&mut host, &mut cursor).await, expected);
        });
    }
}
