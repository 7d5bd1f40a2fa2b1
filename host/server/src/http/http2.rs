//! HTTP/2 (RFC 9113): many requests on one connection, each as bounded as one with a connection of its own. Requests
//! reach the router as those of HTTP/1.1 do.
//!
//! A stream whose client takes nothing is ended alone, from outside, as a connection of HTTP/1.1 is: nothing asks it for
//! its next frame.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::header::{CONTENT_LENGTH, COOKIE, HOST};
use axum::http::{HeaderValue, Request, Response, Version};
use axum::response::IntoResponse;
use hyper::body::Incoming;
use hyper::rt::Executor;
use hyper::server::conn::http2;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Notify, Semaphore, watch};
use tokio::time::{sleep, timeout};
use tower_service::Service as _;

use super::limits::{
    HTTP2_CONNECTION_WINDOW, HTTP2_MISTAKES_MAX, HTTP2_PING_PAUSE, HTTP2_PING_TIME_MAX, HTTP2_RESETS_PENDING_MAX,
    HTTP2_SEND_BUFFER, HTTP2_STREAM_WINDOW, HTTP2_STREAMS_MAX, PREFACE,
};
use crate::connections::Peer;
use crate::limits::{HEAD_BYTES_MAX, HEAD_TIME_MAX};
use crate::problem::{Kind, Problem};

/// What ALPN calls it (RFC 9113, section 3.2).
pub(crate) const ALPN: &[u8] = b"h2";

tokio::task_local! {
    /// The stream whose request a task answers.
    static STREAM: Arc<Handle>;
}

/// What serves connections.
pub(super) struct Http2 {
    router: Router,
    /// Of streams on all connections, so that these cannot be had without a bound by having many on each.
    places: Arc<Semaphore>,
    /// How long an answer may take to be read that is not a subscriber's.
    answer_time: Duration,
}

/// One stream, for those who end it.
#[derive(Debug, Default)]
struct Handle {
    close: Arc<Notify>,
    /// The answer is on its way, and nobody watches how it is taken.
    answered: Notify,
}

/// The streams of one connection.
#[derive(Debug, Clone)]
struct Streams {
    open: Arc<AtomicUsize>,
    changed: Arc<Notify>,
    places: Arc<Semaphore>,
    answer_time: Duration,
}

impl Http2 {
    /// With so many streams at a time.
    pub(super) fn new(router: Router, streams_max: usize, answer_time: Duration) -> Self {
        Self { router, places: Arc::new(Semaphore::new(streams_max)), answer_time }
    }

    /// Serves a connection until it ends, is told to, or has nothing to do.
    pub(super) async fn serve(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        peer: Peer,
        mut stops: watch::Receiver<()>,
    ) -> io::Result<()> {
        let (open, changed) = Default::default();
        let streams = Streams { open, changed, places: Arc::clone(&self.places), answer_time: self.answer_time };
        let service = service(self.router.clone(), peer.address);
        let mut connection = pin!(builder(streams.clone()).serve_connection(TokioIo::new(stream), service));
        let (mut stopping, mut idle) = (false, false);
        loop {
            tokio::select! {
                ended = connection.as_mut() => return ended.map_err(io::Error::other),
                () = peer.close.notified() => return Ok(()),
                _ = stops.changed(), if !stopping => stopping = true,
                () = streams.idle() => {
                    // It was told to go, and has neither gone nor asked for anything.
                    if std::mem::replace(&mut idle, true) {
                        return Ok(());
                    }
                }
            }
            connection.as_mut().graceful_shutdown();
        }
    }
}

fn builder(streams: Streams) -> http2::Builder<Streams> {
    let mut http = http2::Builder::new(streams);
    http.timer(TokioTimer::new())
        .max_concurrent_streams(HTTP2_STREAMS_MAX)
        .max_header_list_size(u32::try_from(HEAD_BYTES_MAX).unwrap_or(u32::MAX))
        .max_pending_accept_reset_streams(HTTP2_RESETS_PENDING_MAX)
        .max_local_error_reset_streams(HTTP2_MISTAKES_MAX)
        .initial_stream_window_size(HTTP2_STREAM_WINDOW)
        .initial_connection_window_size(HTTP2_CONNECTION_WINDOW)
        .max_send_buf_size(HTTP2_SEND_BUFFER)
        .keep_alive_interval(HTTP2_PING_PAUSE)
        .keep_alive_timeout(HTTP2_PING_TIME_MAX);
    http
}

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Streams {
    fn execute(&self, stream: F) {
        let (streams, handle) = (self.clone(), Arc::<Handle>::default());
        // Who waited here would not hear that its client has gone. A stream that is dropped is reset, and comes again.
        let Ok(place) = Arc::clone(&streams.places).try_acquire_owned() else {
            tracing::debug!("an HTTP/2 stream is reset: all places are taken");
            return;
        };
        streams.open.fetch_add(1, Ordering::SeqCst);
        let counted = Counted(streams);
        tokio::spawn(async move {
            let (streams, _place) = (&counted.0, place);
            tokio::select! {
                () = STREAM.scope(Arc::clone(&handle), stream) => {}
                () = handle.close.notified() => {}
                () = async { handle.answered.notified().await; sleep(streams.answer_time).await } => {
                    tracing::debug!("an answer over HTTP/2 was not read in time");
                }
            }
        });
    }
}

/// One of the open streams.
struct Counted(Streams);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
        self.0.changed.notify_one();
    }
}

impl Streams {
    /// Waits until there was no stream for as long as a connection may idle.
    async fn idle(&self) {
        loop {
            let quiet = timeout(HEAD_TIME_MAX, self.changed.notified()).await.is_err();
            if quiet && self.open.load(Ordering::SeqCst) == 0 {
                return;
            }
        }
    }
}

/// What hyper calls for each request.
fn service(
    router: Router,
    address: SocketAddr,
) -> impl hyper::service::Service<Request<Incoming>, Response = Response<Body>, Error = Infallible, Future: Send> {
    hyper::service::service_fn(move |request: Request<Incoming>| {
        let mut router = router.clone();
        async move {
            let handle = STREAM.try_with(Arc::clone).unwrap_or_default();
            let peer = Peer { address, forwarded: false, close: Arc::clone(&handle.close), evictable: Arc::default() };
            let evictable = Arc::clone(&peer.evictable);
            let answer = match plain(request.map(Body::new)) {
                Ok(mut request) => {
                    request.extensions_mut().insert(peer);
                    router.call(request).await?
                }
                Err(problem) => problem.into_response(),
            };
            // Subscribers are looked after by the sweep over all of them.
            if !evictable.load(Ordering::Relaxed) {
                handle.answered.notify_one();
            }
            Ok(answer)
        }
    })
}

/// A request as it would have come over HTTP/1.1, so that nothing behind this has to know two ways to say a thing.
fn plain(mut request: Request<Body>) -> Result<Request<Body>, Problem> {
    debug_assert!(request.version() == Version::HTTP_2);
    let refuse = |detail: &str, at: &str| Problem::new(Kind::BadRequest, detail).at(at);
    let authority = request.uri().authority().map(|authority| HeaderValue::from_str(authority.as_str()));
    let headers = request.headers_mut();
    // RFC 9113, section 8.3.1.
    match (authority, headers.get(HOST).cloned()) {
        (Some(Ok(authority)), None) => {
            headers.insert(HOST, authority);
        }
        (Some(Ok(authority)), Some(host)) if authority.as_bytes().eq_ignore_ascii_case(host.as_bytes()) => {}
        (None, Some(_)) => {}
        (None, None) => return Err(refuse("`:authority` is missing", ":authority")),
        _ => return Err(refuse("`:authority` and `host` are different; send one of them", "host")),
    }
    if headers.get_all(HOST).iter().count() > 1 || headers.get_all(CONTENT_LENGTH).iter().count() > 1 {
        return Err(refuse("`host` and `content-length` may be there once", "host"));
    }
    // Section 8.2.3: a cookie may come in pieces.
    if headers.get_all(COOKIE).iter().count() > 1 {
        let pieces: Vec<&[u8]> = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes).collect();
        let whole = HeaderValue::from_bytes(&pieces.join(&b"; "[..]));
        let whole = whole.map_err(|_| refuse("the cookie cannot be put together", "cookie"))?;
        headers.insert(COOKIE, whole);
    }
    Ok(request)
}

/// Whether a connection begins with HTTP/2; nothing if that takes more bytes.
pub(super) fn begins(bytes: &[u8]) -> Option<bool> {
    let known = bytes.len().min(PREFACE.len());
    (known == PREFACE.len() || bytes != &PREFACE[..known]).then(|| bytes.starts_with(PREFACE))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(headers: &[(&str, &str)]) -> Request<Body> {
        let mut request = Request::get("https://a.example/events").version(Version::HTTP_2);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(Body::empty()).unwrap()
    }

    #[test]
    fn one_authority_and_one_cookie() {
        let plain_one = plain(request(&[("cookie", "a=1"), ("cookie", "b=2")])).unwrap();
        assert_eq!(plain_one.headers()[HOST], "a.example");
        assert_eq!(plain_one.headers().get_all(COOKIE).iter().collect::<Vec<_>>(), ["a=1; b=2"]);
        assert!(plain(request(&[("host", "A.example")])).is_ok());
        for two in [&[("host", "b.example")][..], &[("host", "a.example"), ("host", "b.example")]] {
            assert!(plain(request(two)).is_err(), "{two:?}");
        }
    }

    #[test]
    fn the_preface_is_told_from_everything_else() {
        for length in 0..PREFACE.len() {
            assert_eq!(begins(&PREFACE[..length]), None);
        }
        assert_eq!(begins(&[PREFACE, b"more"].concat()), Some(true));
        for other in [&b"PRI * HTTP/1.1\r\n\r\n"[..], b"POST /", b"PRJ", b"\x16", &[b' '; 100]] {
            assert_eq!(begins(other), Some(false));
        }
    }
}
