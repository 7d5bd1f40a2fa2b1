//! A subscriber that follows the specification, on the field's client libraries.

use std::convert::Infallible;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use serde_json::Value;
use sse_stream::{Sse, SseStream};
use tokio::time::Instant;

use super::server::PATIENCE;
use super::{Server, Wire};

/// One event as a subscriber gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) id: String,
    pub(crate) event: String,
    pub(crate) data: String,
}

impl Message {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.data).unwrap_or_else(|e| panic!("{e}: {}", self.data))
    }
}

/// An open stream.
pub(crate) struct Subscriber {
    stream: BoxStream<'static, Result<Sse, sse_stream::Error>>,
    /// What the server says first: where the stream begins.
    pub(crate) begins_after: String,
}

impl Subscriber {
    /// Opens `GET /events?<query>` and waits until the server has taken the subscription.
    pub(crate) async fn open(server: &Server, query: &str) -> Self {
        Self::resume(server, query, None).await
    }

    /// The same as a reconnecting browser would.
    pub(crate) async fn resume(server: &Server, query: &str, last_event_id: Option<&str>) -> Self {
        Self::try_resume(server.address(), query, last_event_id).await.expect("the server took no subscription")
    }

    /// The same from a server that may be gone: none if it is.
    pub(crate) async fn try_resume(address: &str, query: &str, last_event_id: Option<&str>) -> Option<Self> {
        // No time limit on the whole: the stream has no end.
        let client = reqwest::Client::new();
        let mut request = client.get(format!("http://{address}/events?{query}"));
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id);
        }
        let answer = tokio::time::timeout(PATIENCE, request.send()).await.expect("no answer came").ok()?;
        assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        Self::greeted(SseStream::from_bytes_stream(answer.bytes_stream()).boxed()).await
    }

    /// The same over a connection whose small buffer is read only when an event is asked for: one that is asked for none
    /// takes nothing.
    pub(crate) async fn open_stuck(server: &Server, query: &str) -> Self {
        let mut wire = Wire::open_small(server.address()).await;
        wire.ask(query).await;
        let head = wire.head().await.expect("the server took no subscription");
        assert_eq!((head.status, head.get("transfer-encoding")), (200, Some("chunked")), "{head:?}");
        let body = futures_util::stream::unfold(wire, |mut wire| async {
            wire.some().await.map(|bytes| (Ok::<_, Infallible>(bytes), wire))
        });
        Self::greeted(SseStream::from_bytes_stream(body).boxed()).await.unwrap()
    }

    async fn greeted(mut stream: BoxStream<'static, Result<Sse, sse_stream::Error>>) -> Option<Self> {
        let greeting = tokio::time::timeout(PATIENCE, stream.next()).await.unwrap()?.ok()?;
        assert!(greeting.retry.is_some() && greeting.data.is_none(), "{greeting:?}");
        Some(Self { stream, begins_after: greeting.id.unwrap() })
    }

    /// The next event; heartbeats are passed over.
    pub(crate) async fn next(&mut self) -> Message {
        self.next_or_end().await.expect("the stream ended")
    }

    /// The next event, or none at the stream's end.
    pub(crate) async fn next_or_end(&mut self) -> Option<Message> {
        // Of all that comes meanwhile: heartbeats would go on for ever.
        let deadline = Instant::now() + PATIENCE;
        loop {
            let next = tokio::time::timeout_at(deadline, self.stream.next()).await.expect("no event came");
            let Ok(frame) = next? else { return None };
            if let Some(data) = frame.data {
                let event = frame.event.unwrap_or_else(|| "message".into());
                return Some(Message { id: frame.id.unwrap_or_default(), event, data });
            }
        }
    }

    pub(crate) async fn take(&mut self, count: usize) -> Vec<Message> {
        let mut messages = Vec::with_capacity(count);
        for _ in 0..count {
            messages.push(self.next().await);
        }
        messages
    }

    /// Asserts that nothing more comes for a moment.
    pub(crate) async fn expect_silence(&mut self) {
        let next = tokio::time::timeout(Duration::from_millis(300), self.next_or_end()).await;
        assert!(next.is_err(), "unexpected: {next:?}");
    }
}

/// Publishes lines of NDJSON and returns the results, one per line.
pub(crate) async fn publish_lines(server: &Server, lines: &[String]) -> Vec<Value> {
    let (status, answer) = server.post("application/x-ndjson", lines.join("\n")).await;
    assert_eq!(status, 200, "{answer}");
    answer["results"].as_array().unwrap().clone()
}
