//! The peer that users would write with care: axum, one tokio broadcast channel, each event encoded once, and
//! everything that is ready sent in one body frame. Checks nothing and keeps nothing.

use std::convert::Infallible;
use std::net::TcpListener;
use std::time::Duration;

use anyhow::Result;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::serve::ListenerExt as _;
use axum::{Router, routing};
use bytes::{Bytes, BytesMut};
use futures_util::stream;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::broadcast::{Receiver, Sender, channel};

/// Events that a slow subscriber may be behind before it silently loses some: what most such programs choose.
pub(crate) const CAPACITY: usize = 1024;

/// Serves `GET /events` and `POST /events` on one thread for so long.
///
/// # Errors
///
/// When the system refuses the runtime or the listener.
pub fn serve(listener: TcpListener, limit: Duration) -> Result<()> {
    let router = Router::new().route("/events", routing::get(subscribe).post(publish));
    serve_router(listener, router.with_state(channel(CAPACITY).0), limit)
}

/// Serves a router on one thread for so long.
pub(crate) fn serve_router(listener: TcpListener, router: Router, limit: Duration) -> Result<()> {
    listener.set_nonblocking(true)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async move {
        let listener = tokio::net::TcpListener::from_std(listener)?.tap_io(|socket| {
            socket.set_nodelay(true).ok();
        });
        match tokio::time::timeout(limit, async { axum::serve(listener, router).await }).await {
            Ok(ended) => Ok(ended?),
            Err(_time_is_over) => Ok(()),
        }
    })
}

async fn publish(State(sender): State<Sender<Bytes>>, headers: HeaderMap, body: String) -> StatusCode {
    for event in events(&headers, &body) {
        // Nobody listening is no error.
        sender.send(Bytes::from(format!("data: {event}\n\n"))).ok();
    }
    StatusCode::NO_CONTENT
}

/// The events of a request: its lines, or all of it.
pub(crate) fn events<'a>(headers: &HeaderMap, body: &'a str) -> Vec<&'a str> {
    let is_batch = headers.get(header::CONTENT_TYPE).is_some_and(|value| value == "application/x-ndjson");
    if is_batch { body.split('\n').collect() } else { vec![body] }
}

async fn subscribe(State(sender): State<Sender<Bytes>>) -> Response {
    let frames = stream::unfold(sender.subscribe(), |mut receiver| async move {
        let frame = next_frame(&mut receiver).await?;
        Some((Ok::<_, Infallible>(frame), receiver))
    });
    let headers = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-cache")];
    (headers, Body::from_stream(frames)).into_response()
}

/// Waits for an event and takes all that are ready with it; `None` at the end.
async fn next_frame(receiver: &mut Receiver<Bytes>) -> Option<Bytes> {
    let first = loop {
        match receiver.recv().await {
            Ok(event) => break event,
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return None,
        }
    };
    if receiver.is_empty() {
        return Some(first);
    }
    let mut frame = BytesMut::from(&first[..]);
    loop {
        match receiver.try_recv() {
            Ok(event) => frame.extend_from_slice(&event),
            Err(TryRecvError::Lagged(_)) => {}
            Err(TryRecvError::Empty | TryRecvError::Closed) => return Some(frame.freeze()),
        }
    }
}
