//! A cursor as the body of a response: frames when there are some, a heartbeat when there are none.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame};
use tidemill_bus::{Cursor, Delivery, End, Gap, host_frame};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::app::App;
use crate::connections::Registered;
use crate::limits::RECONNECT_SPREAD;
use crate::sse::retry;

/// The body of one subscriber's response. It is asked for bytes only while the socket takes them, so that a slow reader
/// holds nothing but its place.
#[derive(Debug)]
pub(super) struct Stream {
    cursor: Cursor,
    place: Registered,
    app: Arc<App>,
    heartbeat: Duration,
    retry: Duration,
    began: bool,
    ended: bool,
    written: Instant,
    /// One timer for the life of the connection, moved only when it fires.
    timer: Pin<Box<Sleep>>,
}

impl Stream {
    pub(super) fn new(cursor: Cursor, place: Registered, heartbeat: Duration, retry: Duration, app: Arc<App>) -> Self {
        let now = Instant::now();
        let timer = Box::pin(sleep_until(now + heartbeat));
        Self { cursor, place, app, heartbeat, retry, began: false, ended: false, written: now, timer }
    }

    /// Sent at once: how soon to reconnect, and the place to resume from even if no event comes before that.
    fn greeting(&self) -> Bytes {
        format!("retry: {}\nid: {}\n\n", self.retry.as_millis(), self.cursor.position()).into()
    }

    /// A comment for proxies and watchdogs. The `id:` moves the place to resume from past events that this subscriber
    /// does not want; a block without data is no event.
    fn heartbeat(&self) -> Bytes {
        format!(": heartbeat\nid: {}\n\n", self.cursor.position()).into()
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

impl Body for Stream {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let this = &mut *self;
        let frame = |bytes: Bytes| Poll::Ready(Some(Ok(Frame::data(bytes))));
        if this.ended {
            return Poll::Ready(None);
        }
        this.place.ask();
        if !this.began {
            this.began = true;
            return frame(this.greeting());
        }
        match this.cursor.poll_next(cx) {
            Poll::Ready(Some(delivery)) => {
                this.written = Instant::now();
                return match delivery {
                    Delivery::Frames(bytes) => frame(bytes),
                    Delivery::Gap(gap) => frame(this.gap(&gap)),
                };
            }
            Poll::Ready(None) => {
                this.ended = true;
                return frame(this.farewell());
            }
            Poll::Pending => {}
        }
        while this.timer.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            let due = this.written + this.heartbeat;
            if due <= now {
                this.written = now;
                this.timer.as_mut().reset(now + this.heartbeat);
                // Asked again at once, which registers the timer.
                return frame(this.heartbeat());
            }
            this.timer.as_mut().reset(due);
        }
        Poll::Pending
    }
}
