//! A feed as the body of a response.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame};
use tokio::time::{Instant, Sleep, sleep};

use crate::app::App;
use crate::connections::Registered;
use crate::sse::feed::Feed;

/// The body of one subscriber's response. It is asked for bytes only while the socket takes them, so that a slow reader
/// holds nothing but its place.
#[derive(Debug)]
pub(super) struct Stream {
    feed: Feed,
    app: Arc<App>,
    _place: Registered,
    /// One timer for the life of the connection, moved only when it fires.
    timer: Pin<Box<Sleep>>,
}

impl Stream {
    pub(super) fn new(feed: Feed, app: Arc<App>) -> Self {
        let place = Registered::new(Arc::clone(&app.connections), Arc::clone(feed.connection()));
        let timer = Box::pin(sleep(feed.due_in()));
        Self { feed, app, _place: place, timer }
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
        if let Poll::Ready(next) = this.feed.poll_next(&this.app, cx) {
            return Poll::Ready(next.and_then(frame));
        }
        while this.timer.as_mut().poll(cx).is_ready() {
            let due = this.feed.due_in();
            if due.is_zero() {
                let beat = this.feed.beat();
                this.timer.as_mut().reset(Instant::now() + this.feed.due_in());
                // Asked again at once, which registers the timer.
                return Poll::Ready(frame(beat));
            }
            this.timer.as_mut().reset(Instant::now() + due);
        }
        Poll::Pending
    }
}
