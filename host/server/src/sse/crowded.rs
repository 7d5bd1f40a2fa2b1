//! What a subscriber is told that is one too many.

use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use uuid::Uuid;

use crate::app::App;
use crate::auth::Principal;
use crate::connections::{Full, Peer, Place};
use crate::limits::{BUSY_RETRY, BUSY_SPREAD};
use crate::problem::{Kind, Problem};
use crate::sse::stream_response;

/// Why somebody is one too many.
#[derive(Debug, Clone, Copy)]
pub(super) enum Crowded {
    /// By this setting.
    Bound(&'static str),
    /// The view has too much to do.
    View,
}

/// A place for one more subscriber.
pub(super) fn place(app: &App, who: &Principal, peer: &Peer) -> Result<Place, Crowded> {
    let max = app.config().subscribe.connections_max;
    let found = match app.bus.subscribers() >= max {
        true => Err(Full("subscribe.connections-max")),
        false => app.places.take(who, peer.address.ip()),
    };
    found.map_err(|Full(setting)| {
        app.figures.limited.note(setting);
        tracing::debug!(setting, principal = %who, remote = %peer.address, "a subscriber is one too many");
        Crowded::Bound(setting)
    })
}

impl Crowded {
    /// What a stream is answered. An error would make every `EventSource` give up for ever: one that was here before is
    /// told to come back.
    pub(super) fn answer(self, resumes: bool) -> Response {
        match resumes {
            true => stream_response(Body::from(retry(spread(BUSY_RETRY, BUSY_SPREAD)))),
            false => self.problem().into_response(),
        }
    }

    /// What a poll is answered.
    pub(super) fn problem(self) -> Problem {
        let problem = match self {
            Self::Bound(setting) => {
                let detail = format!("there are too many subscribers at the moment (`{setting}`); ask again later");
                Problem::new(Kind::Unavailable, detail).with("limit", setting)
            }
            Self::View => {
                Problem::new(Kind::Unavailable, "the view has too much to do at the moment; ask again later").at("view")
            }
        };
        problem.retry_after(spread(BUSY_RETRY, BUSY_SPREAD).as_secs())
    }
}

/// The `retry:` field: how long a client waits before it reconnects.
pub(super) fn retry(wait: Duration) -> Bytes {
    format!("retry: {}\n\n", wait.as_millis()).into()
}

/// A time that differs for each who asks, so that they do not all come at once.
pub(super) fn spread(least: Duration, spread: Duration) -> Duration {
    let spread = u64::try_from(spread.as_millis()).unwrap_or(u64::MAX).max(1);
    least + Duration::from_millis(Uuid::new_v4().as_u64_pair().0 % spread)
}
