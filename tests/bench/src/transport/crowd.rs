//! Subscribers: each a task that reads its stream and counts whole events. Must not know who publishes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context as _, Result, bail, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::Transport;
use crate::hub::Running;

/// All subscribers, connected; they stop when the runtime does.
#[derive(Debug)]
pub(super) struct Crowd {
    counts: Vec<Arc<AtomicU64>>,
}

/// A connection that requests can be sent on.
enum Sender {
    One(http1::SendRequest<Empty<Bytes>>),
    Many(http2::SendRequest<Empty<Bytes>>),
}

impl Crowd {
    /// Connects so many subscribers and waits until each has heard the beginning of its stream.
    pub(super) async fn connect(transport: Transport, host: &Running, subscribers: usize) -> Result<Self> {
        let mut counts = Vec::with_capacity(subscribers);
        while counts.len() < subscribers {
            let mut sender = connect(transport, host).await?;
            for _ in 0..transport.streams().min(subscribers - counts.len()) {
                let mut body = sender.subscribe(host).await?.into_body();
                let mut ends = Ends::default();
                while ends.next(&mut body).await? == 0 {}
                let count = Arc::new(AtomicU64::new(0));
                counts.push(Arc::clone(&count));
                tokio::spawn(async move {
                    // An error ends it; what does not come is missing in the count.
                    while let Ok(events) = ends.next(&mut body).await {
                        count.fetch_add(events, Ordering::Relaxed);
                    }
                });
            }
        }
        Ok(Self { counts })
    }

    /// Events that all have together.
    pub(super) fn delivered(&self) -> u64 {
        self.counts.iter().map(|count| count.load(Ordering::Relaxed)).sum()
    }

    /// Events that each has.
    pub(super) fn least(&self) -> u64 {
        self.counts.iter().map(|count| count.load(Ordering::Relaxed)).min().unwrap_or(0)
    }
}

impl Sender {
    async fn subscribe(&mut self, host: &Running) -> Result<Response<Incoming>> {
        let scheme = if host.secure.is_some() { "https" } else { "http" };
        let target = match self {
            Self::One(_) => host.subscribe_path.to_owned(),
            Self::Many(_) => format!("{scheme}://{}{}", host.address, host.subscribe_path),
        };
        let request = Request::get(target).header("accept", "text/event-stream");
        let request = match self {
            Self::One(_) => request.header("host", host.address.to_string()),
            Self::Many(_) => request,
        };
        let request = request.body(Empty::new())?;
        let response = match self {
            Self::One(sender) => sender.send_request(request).await?,
            Self::Many(sender) => sender.send_request(request).await?,
        };
        ensure!(response.status() == 200, "the answer to a subscriber is {}", response.status());
        Ok(response)
    }
}

async fn connect(transport: Transport, host: &Running) -> Result<Sender> {
    let socket = TcpStream::connect(host.address).await?;
    socket.set_nodelay(true)?;
    let Some(secure) = &host.secure else { return open(transport, socket).await };
    let protocol: &[u8] = if transport.is_http2() { b"h2" } else { b"http/1.1" };
    let name = ServerName::from(host.address.ip());
    let stream = TlsConnector::from(secure.speaking(protocol)).connect(name, socket).await?;
    let agreed = stream.get_ref().1.alpn_protocol();
    if transport.is_http2() && agreed != Some(protocol) {
        bail!("the host does not speak HTTP/2");
    }
    open(transport, stream).await
}

async fn open(transport: Transport, io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Result<Sender> {
    let io = TokioIo::new(io);
    if transport.is_http2() {
        let (sender, connection) = http2::handshake(TokioExecutor::new(), io).await?;
        tokio::spawn(connection);
        return Ok(Sender::Many(sender));
    }
    let (sender, connection) = http1::handshake(io).await?;
    tokio::spawn(connection);
    Ok(Sender::One(sender))
}

/// Counts empty lines, which end events, across pieces.
#[derive(Debug, Default)]
struct Ends {
    after_line: bool,
}

impl Ends {
    /// How many events end in the next piece.
    async fn next(&mut self, body: &mut Incoming) -> Result<u64> {
        let frame = body.frame().await.context("the stream ended")??;
        Ok(frame.data_ref().map_or(0, |piece| self.count(piece)))
    }

    fn count(&mut self, piece: &[u8]) -> u64 {
        let mut ends = 0;
        let mut line = if self.after_line { Some(0) } else { None };
        for place in memchr::memchr_iter(b'\n', piece) {
            ends += u64::from(line == Some(place));
            line = Some(place + 1);
        }
        if !piece.is_empty() {
            self.after_line = line == Some(piece.len());
        }
        ends
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_of_events_are_counted_however_they_are_cut() {
        let text = b"retry: 1\n\nid: 1\ndata: a\n\nid: 2\ndata: b\n\n";
        for size in 1..text.len() {
            let mut ends = Ends::default();
            assert_eq!(text.chunks(size).map(|piece| ends.count(piece)).sum::<u64>(), 3, "pieces of {size}");
        }
    }
}
