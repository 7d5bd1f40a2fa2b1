//! The bus without HTTP: a log that answers when it is told to, cursors that are polled by hand.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

use serde_json::Map;
use tidemill_event::{Attributes, Data, Timestamp, TypePattern};
use tidemill_log::{BoxFuture, Follower, Key, MemoryLog, MemoryOptions, Page, Placed};
use tidemill_plugin::{Engine, Limits};

use super::*;
use crate::{Delivery, Progress, Start};

fn event(id: &str) -> Published {
    let none = Map::new();
    let attributes = Attributes {
        id,
        source: "/s",
        event_type: "t",
        subject: None,
        content_type: None,
        data_schema: None,
        extensions: &none,
    };
    Event::new(&attributes, Timestamp::default(), Data::Empty).unwrap().into()
}

fn no_plugins() -> Arc<Plugins> {
    Arc::new(Plugins::new(Engine::new(None).unwrap(), Limits::default(), |_| {}).unwrap())
}

const OPTIONS: BusOptions = BusOptions {
    workers: 1,
    queue_bytes: 1 << 20,
    queue_wait: Duration::from_millis(50),
    ring_bytes: 1 << 20,
    replay_rate: 0,
    stuck_after: Duration::from_secs(10),
};

async fn subscribe(bus: &Bus, start: Start) -> Cursor {
    let selection = bus.selection(Wanted::default());
    bus.subscribe(Subscription { selection, reader: Arc::default(), start, limit: None }).await.unwrap()
}

/// A memory log that holds every append back until it is told to go on.
#[derive(Debug)]
struct HeldLog {
    inner: MemoryLog,
    held: Mutex<VecDeque<Append>>,
}

impl HeldLog {
    fn new() -> Arc<Self> {
        let inner = MemoryLog::with_epoch(1, MemoryOptions::default());
        Arc::new(Self { inner, held: Mutex::default() })
    }

    fn release(&self) {
        let held = std::mem::take(&mut *self.held.lock().unwrap());
        held.into_iter().for_each(|batch| self.inner.append(batch));
    }

    fn waiting(&self) -> usize {
        self.held.lock().unwrap().len()
    }
}

impl Log for HeldLog {
    fn append(&self, batch: Append) {
        self.held.lock().unwrap().push_back(batch);
    }

    fn follow(&self, follower: Follower) {
        self.inner.follow(follower);
    }

    fn read(&self, after: Position, limit: ReadLimit) -> BoxFuture<'_, Result<Page, ReadError>> {
        self.inner.read(after, limit)
    }

    fn position_at(&self, time: Timestamp) -> BoxFuture<'_, Result<Position, ReadError>> {
        self.inner.position_at(time)
    }

    fn known(&self, keys: &[Key]) -> Vec<Option<Placed>> {
        self.inner.known(keys)
    }

    fn trim(&self) -> BoxFuture<'_, Result<(), AppendError>> {
        self.inner.trim()
    }

    fn dead_letters(&self, after: u64, max: usize) -> BoxFuture<'_, Result<Vec<KeptDeadLetter>, ReadError>> {
        self.inner.dead_letters(after, max)
    }

    fn forget_dead_letters(&self, numbers: Vec<u64>) -> BoxFuture<'_, Result<usize, AppendError>> {
        self.inner.forget_dead_letters(numbers)
    }

    fn plugin_state(&self) -> Result<Vec<tidemill_event::StateChange>, ReadError> {
        Ok(Vec::new())
    }

    fn thinned(&self) -> &[TypePattern] {
        self.inner.thinned()
    }

    fn info(&self) -> LogInfo {
        self.inner.info()
    }

    fn figures(&self) -> Arc<LogFigures> {
        self.inner.figures()
    }

    fn close(&self) {
        self.inner.close();
    }
}

fn poll(cursor: &mut Cursor) -> Poll<Option<Delivery>> {
    let progress = Progress::of(cursor);
    cursor.poll_next(&progress, &mut Context::from_waker(Waker::noop()))
}

/// Invariant I2: until the log says that events are as durable as it promises, no publisher is answered and no
/// subscriber sees anything.
#[tokio::test]
async fn i2_nothing_is_acknowledged_or_delivered_before_it_is_durable() {
    let log = HeldLog::new();
    let bus = Bus::start(&(Arc::clone(&log) as Arc<dyn Log>), &no_plugins(), OPTIONS).unwrap();
    let mut cursor = subscribe(&bus, Start::Earliest).await;
    let mut publishing = std::pin::pin!(bus.publish(vec![event("1"), event("2")]));
    while log.waiting() == 0 {
        assert!(tokio::time::timeout(Duration::from_millis(5), &mut publishing).await.is_err());
    }
    assert!(tokio::time::timeout(Duration::from_millis(50), &mut publishing).await.is_err(), "acknowledged too early");
    assert!(poll(&mut cursor).is_pending(), "delivered too early");
    log.release();
    let outcomes = publishing.await.unwrap();
    let stored = |sequence| Outcome::Stored { positions: vec![Position::new(1, sequence)], duplicate: false };
    assert_eq!(outcomes, [stored(1), stored(2)]);
    let Poll::Ready(Some(Delivery::Frames { bytes, .. })) = poll(&mut cursor) else { panic!("not delivered") };
    assert!(bytes.starts_with(b"id: 1.1\n"));
}

/// Invariant I11: the queue is bounded; a publisher who finds no room is told so after a while, and nothing of its
/// request was taken.
#[tokio::test]
async fn i11_a_full_queue_makes_publishers_wait_and_then_refuses() {
    let log = HeldLog::new();
    let options = BusOptions { queue_bytes: 4 << 10, stuck_after: Duration::from_millis(20), ..OPTIONS };
    let bus = Arc::new(Bus::start(&(Arc::clone(&log) as Arc<dyn Log>), &no_plugins(), options).unwrap());
    let waiting: Vec<_> = (0..4)
        .map(|n| {
            let bus = Arc::clone(&bus);
            tokio::spawn(async move { bus.publish(vec![event(&n.to_string())]).await })
        })
        .collect();
    // The log does not answer, so their room is not given back.
    while log.waiting() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    tokio::time::sleep(Duration::from_millis(20)).await;
    let refused = bus.publish(vec![event("late")]).await;
    assert_eq!(refused, Err(PublishError::Busy(options.queue_wait)));
    assert!(matches!(bus.health(), Health::QueueFull(_)), "{:?}", bus.health());
    assert_eq!((bus.figures().busy(), bus.figures().under_way(), bus.queue_usage().bytes), (1, 4, 4 << 10));
    while waiting.iter().any(|task| !task.is_finished()) {
        log.release();
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    for task in waiting {
        assert!(matches!(task.await.unwrap().unwrap()[..], [Outcome::Stored { .. }]));
    }
    assert_eq!(bus.health(), Health::Ready);
    assert_eq!((bus.figures().under_way(), bus.queue_usage().bytes), (0, 0));
    let stored = bus.figures().became().find(|(fate, _)| *fate == Fate::Stored);
    assert_eq!(stored, Some((Fate::Stored, 4)));
    assert_eq!(log.info().last, 4, "nothing of the refused request was stored");
}

#[tokio::test]
async fn a_stopped_bus_answers_what_it_took_and_ends_its_subscribers() {
    let log = HeldLog::new();
    let bus = Bus::start(&(Arc::clone(&log) as Arc<dyn Log>), &no_plugins(), OPTIONS).unwrap();
    let mut cursor = subscribe(&bus, Start::Latest).await;
    assert_eq!(bus.health(), Health::Ready);
    bus.close_ingress();
    assert_eq!(bus.publish(vec![event("1")]).await, Err(PublishError::Closed));
    assert_eq!(bus.health(), Health::Stopping);
    bus.join();
    bus.close_subscribers();
    assert!(matches!(poll(&mut cursor), Poll::Ready(None)));
    drop(cursor);
    assert_eq!(bus.subscribers(), 0);
}

#[tokio::test]
async fn equal_wishes_share_a_selection() {
    let log: Arc<dyn Log> = HeldLog::new();
    let bus = Bus::start(&log, &no_plugins(), OPTIONS).unwrap();
    let wish =
        |types: &str| bus.selection(Wanted { types: TypePattern::parse_list(types).unwrap(), ..Wanted::default() });
    let (one, same, other) = (wish("a.*"), wish("a.*"), wish("b"));
    assert!(Arc::ptr_eq(&one, &same) && !Arc::ptr_eq(&one, &other));
    drop((one, same));
    // One that nobody uses is forgotten; its wish can be wished again.
    assert_eq!(wish("a.*").wanted().types.len(), 1);
}
