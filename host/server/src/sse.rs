//! `GET /events` and `GET /events/poll`: a request becomes a subscription, a subscription a stream of frames or one answer.

mod feed;
mod poll;
mod query;
mod stream;

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use tidemill_bus::{Cursor, SlowPolicy, Subscription};

pub(crate) use poll::poll;

use crate::app::App;
use crate::clock;
use crate::config::Slow;
use crate::connections::{Peer, Registered, Subscriber, Use};
use crate::limits::BUSY_RETRY;
use crate::problem::{Kind, Problem};
use crate::sse::feed::Feed;
use crate::sse::query::{Defaults, Form, Query};
use crate::sse::stream::Stream;

/// Answers with an endless stream of Server-Sent Events.
pub(crate) async fn subscribe(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let query = match Query::parse(Form::Stream, uri.query().unwrap_or_default(), &headers, defaults(&app)) {
        Ok(query) => query,
        Err(problem) => return problem.into_response(),
    };
    if is_full(&app) {
        // An error status would make every EventSource give up for ever; this makes it come back later.
        return stream_response(Body::from(retry(BUSY_RETRY)));
    }
    let (heartbeat, wait) = (query.heartbeat, app.config.subscribe.retry);
    match open(&app, peer, query, &uri, &headers, Use::Stream).await {
        Ok((cursor, place)) => stream_response(Body::new(Stream::new(Feed::new(cursor, place, heartbeat, wait, app)))),
        Err(problem) => problem.into_response(),
    }
}

fn defaults(app: &App) -> Defaults {
    let slow = match app.config.subscribe.slow {
        Slow::Keep => SlowPolicy::Keep,
        Slow::Sample => SlowPolicy::Sample,
        Slow::Disconnect => SlowPolicy::Disconnect,
    };
    Defaults { heartbeat: app.config.subscribe.heartbeat, slow }
}

fn is_full(app: &App) -> bool {
    let max = app.config.subscribe.connections_max;
    let full = app.bus.subscribers() >= max;
    if full {
        tracing::warn!(max, "a subscriber was told to come back: `connections-max` is reached");
    }
    full
}

/// A cursor for a request, and its place among the connections.
async fn open(
    app: &App,
    peer: Peer,
    query: Query,
    uri: &Uri,
    headers: &HeaderMap,
    usage: Use,
) -> Result<(Cursor, Registered), Problem> {
    let selection = app.bus.selection(query.types, query.sources, query.subjects, query.encoding);
    let subscription = Subscription { selection, start: query.start, limit: query.limit, slow: query.slow.clone() };
    let unreadable = |error: tidemill_log::ReadError| Problem::new(Kind::Unavailable, error.to_string()).retry_after(1);
    let cursor = app.bus.subscribe(subscription).await.map_err(unreadable)?;
    let agent = headers.get(header::USER_AGENT).map(|agent| String::from_utf8_lossy(agent.as_bytes()).into_owned());
    let place = app.connections.register(Subscriber {
        peer,
        usage,
        since: clock::now(),
        query: uri.query().unwrap_or_default().to_owned(),
        user_agent: agent,
        slow: query.slow,
        progress: Arc::clone(cursor.progress()),
        heartbeat: query.heartbeat.max(query.wait),
    });
    Ok((cursor, place))
}

/// The `retry:` field: how long a client waits before it reconnects.
fn retry(wait: std::time::Duration) -> Bytes {
    format!("retry: {}\n\n", wait.as_millis()).into()
}

fn stream_response(body: Body) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, no-transform"));
    // nginx and others would collect frames before they pass them on.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}
