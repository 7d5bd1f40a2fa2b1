//! One HTTP/2 connection whose streams a test reads, or does not.

use bytes::Bytes;
use h2::client::{Builder, SendRequest};
use h2::{Reason, RecvStream};
use http::{Method, Request};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::PATIENCE;

/// An open connection.
pub(crate) struct Http2 {
    requests: SendRequest<Bytes>,
    ended: JoinHandle<Result<(), h2::Error>>,
}

/// The answer to one request.
pub(crate) struct Http2Stream {
    pub(crate) status: u16,
    body: RecvStream,
    seen: String,
}

impl Http2 {
    /// Knowing beforehand that the server speaks it.
    pub(crate) async fn open(address: &str) -> Self {
        Self::over(TcpStream::connect(address).await.unwrap(), 1 << 20).await
    }

    /// With so many bytes of each stream that are taken without being read.
    pub(crate) async fn over(connection: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, window: u32) -> Self {
        let mut builder = Builder::new();
        builder.initial_window_size(window).initial_connection_window_size(1 << 24);
        let (requests, connection) = builder.handshake(connection).await.unwrap();
        Self { requests, ended: tokio::spawn(connection) }
    }

    /// Sends a request with headers and a body, and waits for the head of its answer.
    pub(crate) async fn send(&mut self, request: Request<()>, body: Option<String>) -> Result<Http2Stream, h2::Error> {
        let mut ready = self.requests.clone().ready().await?;
        let (answer, mut sender) = ready.send_request(request, body.is_none())?;
        if let Some(body) = body {
            sender.send_data(body.into(), true)?;
        }
        let answer = timeout(PATIENCE, answer).await.expect("no answer")?;
        Ok(Http2Stream { status: answer.status().as_u16(), body: answer.into_body(), seen: String::new() })
    }

    pub(crate) async fn get(&mut self, path: &str) -> Http2Stream {
        self.send(request(Method::GET, path), None).await.unwrap()
    }

    /// Publishes one event in the simple form; the answer's status.
    pub(crate) async fn publish(&mut self, event: &Value) -> u16 {
        let mut request = request(Method::POST, "/events");
        request.headers_mut().insert("content-type", "application/json".parse().unwrap());
        self.send(request, Some(event.to_string())).await.unwrap().status
    }

    /// How the connection ends: by itself without an error, if the server says so.
    pub(crate) async fn ended(self) -> Result<(), h2::Error> {
        timeout(PATIENCE, self.ended).await.expect("the connection does not end").unwrap()
    }
}

/// A request without headers.
pub(crate) fn request(method: Method, path: &str) -> Request<()> {
    Request::builder().method(method).uri(format!("http://x{path}")).body(()).unwrap()
}

impl Http2Stream {
    /// Reads until something was there; everything up to and with it.
    pub(crate) async fn until(&mut self, what: &str) -> String {
        loop {
            if let Some(at) = self.seen.find(what) {
                let rest = self.seen.split_off(at + what.len());
                return std::mem::replace(&mut self.seen, rest);
            }
            let more = self.next().await;
            assert!(more == Ok(true), "{what:?} never came, but {more:?} after {}", self.seen);
        }
    }

    /// Everything up to the end, and how that came.
    pub(crate) async fn rest(mut self) -> (String, Option<Reason>) {
        loop {
            match self.next().await {
                Ok(true) => {}
                Ok(false) => return (self.seen, None),
                Err(reason) => return (self.seen, Some(reason)),
            }
        }
    }

    async fn next(&mut self) -> Result<bool, Reason> {
        match timeout(PATIENCE, self.body.data()).await.expect("nothing came") {
            Some(Ok(bytes)) => {
                self.body.flow_control().release_capacity(bytes.len()).unwrap();
                self.seen += std::str::from_utf8(&bytes).unwrap();
                Ok(true)
            }
            Some(Err(error)) => Err(error.reason().unwrap_or(Reason::INTERNAL_ERROR)),
            None => Ok(false),
        }
    }
}
