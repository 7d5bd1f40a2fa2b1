//! A cursor as the body of a response: frames when there are some, a heartbeat when there are none.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame};
use tidemill_bus::Cursor;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::limits::RECONNECT_SPREAD;
use crate::sse::retry;

/// The body of one subscriber's response. It is asked for bytes only while the socket takes them, so that a slow reader
/// holds nothing but its place.
#[derive(Debug)]
pub(super) struct Stream {
    cursor: Cursor,
    heartbeat: Duration,
    retry: Duration,
    began: bool,
    ended: bool,
    written: Instant,
    /// One timer for the life of the connection, moved only when it fires.
    timer: Pin<Box<Sleep>>,
}

impl Stream {
    pub(super) fn new(cursor: Cursor, heartbeat: Duration, retry: Duration) -> Self {
        let now = Instant::now();
        let timer = Box::pin(sleep_until(now + heartbeat));
        Self { cursor, heartbeat, retry, began: false, ended: false, written: now, timer }
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

    /// The last bytes when the host stops: come back, but not all at once.
    fn farewell(&self) -> Bytes {
        let spread = u64::try_from(RECONNECT_SPREAD.as_millis()).unwrap_or(u64::MAX);
        let jitter = uuid::Uuid::new_v4().as_u64_pair().0 % spread;
        retry(self.retry + Duration::from_millis(jitter))
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
        if !this.began {
            this.began = true;
            return frame(this.greeting());
        }
        match this.cursor.poll_next(cx) {
            Poll::Ready(Some(bytes)) => {
                this.written = Instant::now();
                return frame(bytes);
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
