//! What one subscriber is sent: a greeting, its events and gaps, heartbeats, a farewell. Must not know what carries it to
//! the socket, nor keep a timer: whoever does both asks when a heartbeat is due.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use tidemill_bus::{Cursor, Delivery, End, Gap, host_frame};
use tokio::time::Instant;

use crate::app::App;
use crate::connections::Registered;
use crate::limits::RECONNECT_SPREAD;
use crate::sse::retry;

/// What one subscriber is sent.
#[derive(Debug)]
pub(super) struct Feed {
    cursor: Cursor,
    place: Registered,
    app: Arc<App>,
    heartbeat: Duration,
    retry: Duration,
    stage: Stage,
    written: Instant,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Greeting,
    Events,
    Over,
}

impl Feed {
    pub(super) fn new(cursor: Cursor, place: Registered, heartbeat: Duration, retry: Duration, app: Arc<App>) -> Self {
        Self { cursor, place, app, heartbeat, retry, stage: Stage::Greeting, written: Instant::now() }
    }

    /// What comes next, to be asked for only while the socket takes bytes. None: it is over.
    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        self.place.ask();
        match self.stage {
            Stage::Greeting => {
                self.stage = Stage::Events;
                Poll::Ready(Some(self.greeting()))
            }
            Stage::Events => self.cursor.poll_next(cx).map(|delivery| {
                self.written = Instant::now();
                Some(match delivery {
                    Some(Delivery::Frames(bytes)) => bytes,
                    Some(Delivery::Gap(gap)) => self.gap(&gap),
                    None => {
                        self.stage = Stage::Over;
                        self.farewell()
                    }
                })
            }),
            Stage::Over => Poll::Ready(None),
        }
    }

    /// When a heartbeat is due if nothing is sent before.
    pub(super) fn due(&self) -> Instant {
        self.written + self.heartbeat
    }

    /// A comment for proxies and watchdogs. The `id:` moves the place to resume from past events that this subscriber
    /// does not want; a block without data is no event.
    pub(super) fn beat(&mut self) -> Bytes {
        self.written = Instant::now();
        format!(": heartbeat\nid: {}\n\n", self.cursor.position()).into()
    }

    /// Sent at once: how soon to reconnect, and the place to resume from even if no event comes before that.
    fn greeting(&self) -> Bytes {
        format!("retry: {}\nid: {}\n\n", self.retry.as_millis(), self.cursor.position()).into()
    }

    /// Tells of events that it cannot have. The place to resume from moves with it, unless events from before the end of
    /// the gap are still to come.
    fn gap(&self, gap: &Gap) -> Bytes {
        let moved = self.cursor.position() == gap.to;
        host_frame(moved.then_some(gap.to), "tidemill.gap", &gap.json()).into()
    }

    /// The last bytes: come back, but not all at once, and from where.
    fn farewell(&self) -> Bytes {
        let spread = u64::try_from(RECONNECT_SPREAD.as_millis()).unwrap_or(u64::MAX);
        let jitter = uuid::Uuid::new_v4().as_u64_pair().0 % spread;
        let mut last = retry(self.retry + Duration::from_millis(jitter)).to_vec();
        if self.cursor.end() == Some(End::Behind) {
            self.app.connections.count_evicted(&self.place.peer);
            let position = self.cursor.position();
            let data = format!("{{\"reason\":\"behind\",\"resume\":\"{position}\"}}");
            last.extend(host_frame(Some(position), "tidemill.disconnected", &data));
        }
        last.into()
    }
}
