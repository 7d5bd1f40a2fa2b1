//! The peer that users write first: axum's own `Sse` with its keep-alive on one tokio broadcast channel. Each subscriber
//! formats each event for itself and sends it alone. Checks nothing and keeps nothing.

use std::convert::Infallible;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::{Router, routing};
use futures_util::Stream;
use futures_util::stream;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::broadcast::{Sender, channel};

use crate::axum_naive::{CAPACITY, events, serve_router};

/// Serves `GET /events` and `POST /events` on one thread for so long.
///
/// # Errors
///
/// When the system refuses the runtime or the listener.
pub fn serve(listener: TcpListener, limit: Duration) -> Result<()> {
    let router = Router::new().route("/events", routing::get(subscribe).post(publish));
    serve_router(listener, router.with_state(channel(CAPACITY).0), limit)
}

async fn publish(State(sender): State<Sender<Arc<str>>>, headers: HeaderMap, body: String) -> StatusCode {
    for event in events(&headers, &body) {
        // Nobody listening is no error.
        sender.send(event.into()).ok();
    }
    StatusCode::NO_CONTENT
}

async fn subscribe(State(sender): State<Sender<Arc<str>>>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let events = stream::unfold(sender.subscribe(), |mut receiver| async move {
        loop {
            match receiver.recv().await {
                Ok(event) => return Some((Ok(Event::default().data(event)), receiver)),
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        }
    });
    Sse::new(events).keep_alive(KeepAlive::default())
}
