//! A subscriber that follows the specification, on the field's client libraries.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use serde_json::Value;
use sse_stream::{Sse, SseStream};

use super::Server;
use super::server::PATIENCE;

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
        // No time limit on the whole: the stream has no end.
        let client = reqwest::Client::new();
        let mut request = client.get(server.url(&format!("/events?{query}")));
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id);
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        let mut stream = SseStream::from_bytes_stream(answer.bytes_stream()).boxed();
        let greeting = tokio::time::timeout(PATIENCE, stream.next()).await.unwrap().unwrap().unwrap();
        assert!(greeting.retry.is_some() && greeting.data.is_none(), "{greeting:?}");
        Self { stream, begins_after: greeting.id.unwrap() }
    }

    /// The next event; heartbeats are passed over.
    pub(crate) async fn next(&mut self) -> Message {
        self.next_or_end().await.expect("the stream ended")
    }

    /// The next event, or none at the stream's end.
    pub(crate) async fn next_or_end(&mut self) -> Option<Message> {
        loop {
            let next = tokio::time::timeout(PATIENCE, self.stream.next()).await.expect("no event came");
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
