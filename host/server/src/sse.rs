//! `GET /events`: a request becomes a subscription, a subscription a stream of frames.

mod query;
mod stream;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;

use crate::app::App;
use crate::limits::BUSY_RETRY;
use crate::problem::{Kind, Problem};
use crate::sse::query::Query;
use crate::sse::stream::Stream;

/// Answers with an endless stream of Server-Sent Events.
pub(crate) async fn subscribe(State(app): State<Arc<App>>, uri: Uri, headers: HeaderMap) -> Response {
    let settings = &app.config.subscribe;
    let query = match Query::parse(uri.query().unwrap_or_default(), &headers, settings.heartbeat) {
        Ok(query) => query,
        Err(problem) => return problem.into_response(),
    };
    if app.bus.subscribers() >= settings.connections_max {
        // An error status would make every EventSource give up for ever; this makes it come back later.
        tracing::warn!(
            max = settings.connections_max,
            "a subscriber was told to come back: `connections-max` is reached"
        );
        return stream_response(Body::from(retry(BUSY_RETRY)));
    }
    let selection = app.bus.selection(query.types, query.sources, query.subjects, query.encoding);
    match app.bus.subscribe(selection, query.start, query.limit).await {
        Ok(cursor) => {
            let stream = Stream::new(cursor, query.heartbeat, settings.retry);
            stream_response(Body::new(stream))
        }
        Err(error) => Problem::new(Kind::BadRequest, error.to_string()).at("since").into_response(),
    }
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
