//! One worker's end of the ingress queue: what makes a turn, new events or such that waited, whichever is due.
//!
//! Must not know what is done with a turn.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tidemill_log::DeadLetter;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TryRecvError;

use crate::figures::{Fate, Figures, Origin};
use crate::inbox::{Back, Expected, Inbox};
use crate::ingress::{Reply, Submission};
use crate::limits::{RETRY_PAUSE, TURN_BYTES_MAX, TURN_EVENTS_MAX};
use crate::parking::{Parked, Parking, WaitsFor};
use crate::receipts::Waiting;

/// What a worker takes its turns from.
pub(crate) struct Queue {
    incoming: mpsc::Receiver<Submission>,
    inbox: Arc<Inbox>,
    parking: Parking,
    /// Events that were given up and that nobody can send again.
    lost: Vec<DeadLetter>,
    /// Raised when nothing is tried again any more.
    stops_waiting: Arc<AtomicBool>,
    /// For waiting with an end; made when something waits for the first time.
    timer: Option<Runtime>,
    figures: Arc<Figures>,
}

/// What is worked on at once.
pub(crate) struct Turn {
    pub(crate) submissions: Vec<Submission>,
    pub(crate) began: Instant,
    /// How long its events had to wait before, if they had to.
    pub(crate) pause: Option<Duration>,
}

impl Queue {
    pub(crate) fn new(
        incoming: mpsc::Receiver<Submission>,
        inbox: Arc<Inbox>,
        stops_waiting: Arc<AtomicBool>,
        figures: Arc<Figures>,
    ) -> Self {
        Self { incoming, inbox, parking: Parking::default(), lost: Vec::new(), stops_waiting, timer: None, figures }
    }

    /// Waits for events; none once all publishers are gone and nothing of their events is under way.
    pub(crate) fn next_turn(&mut self) -> Option<Turn> {
        loop {
            for Back { source, waiting } in self.inbox.take_back() {
                self.parking.come_back(&source, Instant::now());
                self.park(waiting, Some(RETRY_PAUSE));
            }
            if self.stops_waiting.load(Ordering::Relaxed) {
                self.give_all_up();
            }
            let now = Instant::now();
            if let Some((events, pause)) = self.parking.take_due(now) {
                return Some(turn_of(events, now, Some(pause)));
            }
            let turn = self.gather(Vec::new());
            if !turn.submissions.is_empty() {
                return Some(turn);
            }
            let first = match self.parking.next_due() {
                None => Some(self.incoming.blocking_recv()),
                Some(due) => self.receive_until(due),
            };
            match first {
                Some(Some(first)) => return Some(self.gather(vec![first])),
                Some(None) => {
                    self.give_all_up();
                    if !self.inbox.wait() {
                        return None;
                    }
                }
                None => {}
            }
        }
    }

    /// Has events of one source dealt with elsewhere; others of the source wait until they are back.
    pub(crate) fn send_away(&mut self, events: Vec<Parked>) -> (Turn, Expected) {
        let source = events.first().map(|parked| parked.published.event.source().to_owned()).unwrap_or_default();
        self.parking.send_away(&source);
        (turn_of(events, Instant::now(), None), self.inbox.expect_back(source))
    }

    fn give_all_up(&mut self) {
        let host = Arc::from("tidemill");
        for parked in self.parking.drain() {
            self.figures.note_fate(Fate::Retry);
            self.lost.extend(parked.give_up(&host, "the host is stopping"));
        }
    }

    /// Lets events wait: new ones behind those of their sources, such that `paused` before in front of them. Those that
    /// waited long enough are given up.
    pub(crate) fn park(&mut self, waiting: Vec<Waiting>, paused: Option<Duration>) {
        let now = Instant::now();
        let mut again = Vec::new();
        for Waiting { parked, asked } in waiting {
            match (asked, paused) {
                (Some((by, reason)), _) if parked.is_late(now) => {
                    self.figures.note_fate(Fate::Retry);
                    self.lost.extend(parked.give_up(&by, &reason));
                }
                (_, Some(_)) => again.push(parked),
                (_, None) => self.parking.push(parked, now),
            }
        }
        self.parking.put_back(again, paused.unwrap_or(RETRY_PAUSE), now);
    }

    /// Whatever is there by now, up to one turn: what plugins published goes first, on account of what came before.
    fn gather(&mut self, mut submissions: Vec<Submission>) -> Turn {
        let mut size = Size::default();
        submissions.iter().for_each(|first| size.add(first));
        let published = self.inbox.take_published(|next| {
            let room = size.has_room();
            if room {
                size.add(next);
            }
            room
        });
        self.figures.note_received(Origin::Plugin, published.iter().map(|submission| submission.events.len()).sum());
        submissions.extend(published);
        while size.has_room()
            && let Ok(next) = self.incoming.try_recv()
        {
            size.add(&next);
            submissions.push(next);
        }
        Turn { submissions, began: Instant::now(), pause: None }
    }

    /// The next submission; none when the time is over before one comes. `None` inside: no more will come.
    fn receive_until(&mut self, end: Instant) -> Option<Option<Submission>> {
        if self.timer.is_none() {
            self.timer = Builder::new_current_thread().enable_time().build().ok();
        }
        let Some(timer) = &self.timer else {
            // Without a timer what waits is tried whenever something comes, or not even that: pause, and look.
            std::thread::sleep(end.saturating_duration_since(Instant::now()));
            return match self.incoming.try_recv() {
                Ok(submission) => Some(Some(submission)),
                Err(TryRecvError::Empty) => None,
                Err(TryRecvError::Disconnected) => Some(None),
            };
        };
        let incoming = &mut self.incoming;
        timer.block_on(async { tokio::time::timeout_at(end.into(), incoming.recv()).await.ok() })
    }

    /// Events that were given up since the last time, and that nobody can send again.
    pub(crate) fn take_lost(&mut self) -> Vec<DeadLetter> {
        std::mem::take(&mut self.lost)
    }

    /// Whether a new event has to wait, because others of its source do.
    pub(crate) fn holds(&self, source: &str) -> bool {
        self.parking.holds(source)
    }
}

/// How much a turn has by now.
#[derive(Default)]
struct Size {
    events: usize,
    bytes: usize,
}

impl Size {
    const fn has_room(&self) -> bool {
        self.events < TURN_EVENTS_MAX && self.bytes < TURN_BYTES_MAX
    }

    fn add(&mut self, submission: &Submission) {
        self.events += submission.events.len();
        self.bytes += submission.events.iter().map(|published| published.event.weight()).sum::<usize>();
    }
}

/// Events that waited, in a turn of their own.
fn turn_of(events: Vec<Parked>, began: Instant, pause: Option<Duration>) -> Turn {
    Turn { submissions: events.into_iter().map(again).collect(), began, pause }
}

/// The same event once more, for whoever waits for it.
fn again(parked: Parked) -> Submission {
    let Parked { published, reply, room, since } = parked;
    let reply = match reply {
        WaitsFor::Publisher(reply) => Reply::One { reply, since },
        WaitsFor::Nobody { by } => Reply::Nobody { by, since: Some(since) },
    };
    Submission { events: vec![published], reply, room }
}
