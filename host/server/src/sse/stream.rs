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
use crate::sse::mailbox::Mailbox;

/// The body of one subscriber's response. It is asked for bytes only while the socket takes them, so that a slow reader
/// holds nothing but its place.
#[derive(Debug)]
pub(super) struct Stream {
    feed: Feed,
    mailbox: Option<Arc<Mailbox>>,
    /// Whose turn it is: a flooded mailbox and a flood of events are both written.
    is_feeds_turn: bool,
    app: Arc<App>,
    _place: Registered,
    /// One timer for the life of the connection, moved only when it fires.
    timer: Pin<Box<Sleep>>,
}

impl Stream {
    pub(super) fn new(feed: Feed, mailbox: Option<Arc<Mailbox>>, app: Arc<App>) -> Self {
        let place = Registered::new(Arc::clone(&app), Arc::clone(feed.connection()));
        let timer = Box::pin(sleep(feed.due_in()));
        Self { feed, mailbox, is_feeds_turn: false, app, _place: place, timer }
    }

    /// What is next, of events or for this client alone, by turns.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        self.is_feeds_turn = !self.is_feeds_turn;
        // The feed begins, in any case.
        if !self.is_feeds_turn
            && let Poll::Ready(message) = self.poll_mailbox(cx)
        {
            return Poll::Ready(Some(message));
        }
        let next = self.feed.poll_next(&self.app, cx);
        if next.is_pending() && self.is_feeds_turn {
            return self.poll_mailbox(cx).map(Some);
        }
        next
    }

    fn poll_mailbox(&mut self, cx: &mut Context<'_>) -> Poll<Bytes> {
        let Some(mailbox) = self.mailbox.as_ref().filter(|_| self.feed.takes_messages()) else { return Poll::Pending };
        match mailbox.poll_next(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Some(message)) => Poll::Ready(self.feed.message(&message)),
            Poll::Ready(None) => Poll::Ready(self.feed.finish(&self.app)),
        }
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
        if let Poll::Ready(next) = this.poll_next(cx) {
            return Poll::Ready(next.and_then(frame));
        }
        while this.timer.as_mut().poll(cx).is_ready() {
            let due = this.feed.due_in();
            if due.is_zero() {
                let beat = this.feed.beat(&this.app);
                this.timer.as_mut().reset(Instant::now() + this.feed.due_in());
                // Asked again at once, which registers the timer.
                return Poll::Ready(frame(beat));
            }
            this.timer.as_mut().reset(Instant::now() + due);
        }
        Poll::Pending
    }
}
