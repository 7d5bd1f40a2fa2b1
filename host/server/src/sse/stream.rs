//! A feed as the body of a response.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::sse::feed::Feed;

/// The body of one subscriber's response. It is asked for bytes only while the socket takes them, so that a slow reader
/// holds nothing but its place.
#[derive(Debug)]
pub(super) struct Stream {
    feed: Feed,
    /// One timer for the life of the connection, moved only when it fires.
    timer: Pin<Box<Sleep>>,
}

impl Stream {
    pub(super) fn new(feed: Feed) -> Self {
        let timer = Box::pin(sleep_until(feed.due()));
        Self { feed, timer }
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
        let frame = |bytes: Bytes| Some(Ok(Frame::data(bytes)));
        if let Poll::Ready(next) = this.feed.poll_next(cx) {
            return Poll::Ready(next.and_then(frame));
        }
        while this.timer.as_mut().poll(cx).is_ready() {
            let due = this.feed.due();
            if due <= Instant::now() {
                let beat = this.feed.beat();
                this.timer.as_mut().reset(this.feed.due());
                // Asked again at once, which registers the timer.
                return Poll::Ready(frame(beat));
            }
            this.timer.as_mut().reset(due);
        }
        Poll::Pending
    }
}
