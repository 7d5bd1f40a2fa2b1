//! What one subscriber is sent: a greeting, its events and gaps, heartbeats, a farewell. Must not know what carries it to
//! the socket, nor keep a timer: whoever does both asks when a heartbeat is due.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use tidemill_bus::{AtHand, Coder, Coding, Cursor, Delivery, End, Gap, Progress, Selection, Shown, host_frames};

use crate::app::App;
use crate::clock::{self, Moment};
use crate::connections::Connection;
use crate::sse::crowded::{retry, spread};
use crate::sse::notice::Notice;
use crate::traces::Traces;

/// What one subscriber is sent. Small: a quiet subscriber is hardly more than this.
#[derive(Debug)]
pub(crate) struct Feed {
    cursor: Cursor,
    connection: Arc<Connection>,
    written: Moment,
    stage: Stage,
    coder: Coder,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Greeting,
    Events,
    Over,
}

impl Feed {
    pub(super) fn new(cursor: Cursor, connection: Arc<Connection>) -> Self {
        Self { cursor, connection, written: Moment::now(), stage: Stage::Greeting, coder: Coder::default() }
    }

    /// The subscriber.
    pub(crate) const fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }

    /// What comes next, to be asked for only while the socket takes bytes. None: it is over.
    pub(crate) fn poll_next(&mut self, app: &App, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        self.poll(app, |cursor, progress| cursor.poll_next(progress, cx))
    }

    /// As [`poll_next`](Self::poll_next), for whoever watches the [`selection`](Self::selection) himself.
    pub(crate) fn poll_ready(&mut self, app: &App, at_hand: &mut AtHand, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        self.poll(app, |cursor, progress| cursor.poll_ready(progress, at_hand, cx))
    }

    /// What the subscriber wants.
    pub(crate) const fn selection(&self) -> &Arc<Selection> {
        self.cursor.selection()
    }

    fn coding(&self) -> Coding {
        self.selection().wanted().coding
    }

    /// See [`Cursor::is_catching_up`].
    pub(crate) fn is_catching_up(&self) -> bool {
        self.cursor.is_catching_up()
    }

    fn poll(
        &mut self,
        app: &App,
        ask: impl FnOnce(&mut Cursor, &Progress) -> Poll<Option<Delivery>>,
    ) -> Poll<Option<Bytes>> {
        let now = Moment::now();
        let traced = app.traces.as_ref().map(Traces::firsts).filter(|firsts| firsts.awaits());
        let traced = traced.map(|firsts| (firsts, self.cursor.position().sequence));
        self.connection.ask(now);
        match self.stage {
            Stage::Greeting => {
                self.stage = Stage::Events;
                let greeting = self.notice(app).greeting();
                Poll::Ready(Some(self.coder.begin(self.coding(), greeting.into())))
            }
            Stage::Events if self.token_left().is_some_and(|left| left.is_zero()) => {
                Poll::Ready(Some(self.finish(app)))
            }
            Stage::Events => ask(&mut self.cursor, &self.connection.progress).map(|delivery| {
                self.written = now;
                Some(match delivery {
                    Some(Delivery::Frames { bytes, sum, .. }) => {
                        if let Some((firsts, after)) = traced {
                            firsts.delivered(&self.selection().wanted().types, after, self.cursor.position().sequence);
                        }
                        self.coder.count(self.coding(), sum);
                        bytes
                    }
                    Some(Delivery::Gap(gap)) => {
                        let gap = self.gap(app, &gap);
                        self.coder.code(self.coding(), gap)
                    }
                    None => self.finish(app),
                })
            }),
            Stage::Over => Poll::Ready(None),
        }
    }

    /// How long until a heartbeat is due if nothing is sent before, or the subscriber's time is over.
    pub(crate) fn due_in(&self) -> Duration {
        let due = self.connection.terms.heartbeat.saturating_sub(Moment::now().since(self.written));
        self.token_left().map_or(due, |left| due.min(left))
    }

    /// How long the subscriber's token is still good for, if that ends.
    fn token_left(&self) -> Option<Duration> {
        let principal = &self.connection.terms.principal;
        // Most never expire, which costs no look at the clock.
        principal.expires()?;
        principal.left(clock::now())
    }

    /// A heartbeat.
    pub(crate) fn beat(&mut self, app: &App) -> Bytes {
        self.written = Moment::now();
        let beat = self.notice(app).heartbeat();
        self.coder.code(self.coding(), beat.into())
    }

    /// Whether it has been greeted and is not over.
    pub(super) fn takes_messages(&self) -> bool {
        self.stage == Stage::Events
    }

    /// The frames of a message for this subscriber alone.
    pub(super) fn message(&mut self, message: &Shown) -> Bytes {
        self.written = Moment::now();
        let framing = self.selection().wanted().encoding.framing;
        let frames = host_frames(framing, None, message.name(), message.data());
        self.coder.code(self.coding(), frames.into())
    }

    /// Ends it.
    pub(super) fn finish(&mut self, app: &App) -> Bytes {
        self.stage = Stage::Over;
        let farewell = self.farewell(app);
        self.coder.end(self.coding(), farewell)
    }

    fn gap(&self, app: &App, gap: &Gap) -> Bytes {
        self.notice(app).gap(gap).into()
    }

    fn notice<'a>(&'a self, app: &'a App) -> Notice<'a> {
        Notice { app, connection: &self.connection, position: self.cursor.position() }
    }

    /// The last bytes: come back, but not all at once, and from where.
    fn farewell(&self, app: &App) -> Bytes {
        let config = app.config();
        let profile = self.connection.terms.mount.profile();
        let least = profile.retry.unwrap_or(config.subscribe.retry);
        let mut last = retry(spread(least, config.drain.spread)).to_vec();
        let reason = match self.cursor.end() {
            Some(End::Behind) => "behind",
            Some(End::ViewChanged) => "view-changed",
            Some(End::Unjudged) => "view-unavailable",
            // Plain clients only come back; those of a mount with words of its own wait for them.
            Some(End::Stopping) if profile.farewell.is_some() => "stopping",
            None if self.token_left().is_some_and(|left| left.is_zero()) => "token-expired",
            _ => "",
        };
        if reason == "behind" {
            app.connections.count_evicted(self.connection.carrier.evict());
        }
        if !reason.is_empty() {
            last.extend(self.notice(app).disconnected(reason));
        }
        last.into()
    }
}
