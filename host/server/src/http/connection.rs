//! One connection: looked at for the light lane, otherwise served by hyper in the protocol that it speaks.

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::header::{CONNECTION, TRANSFER_ENCODING};
use axum::http::{HeaderValue, Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::Watcher;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{Notify, OwnedSemaphorePermit, watch};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tower_service::Service as _;

use crate::app::App;
use crate::connections::{Peer, Place};
use crate::http::http2::{self, Http2};
use crate::http::limits::HTTP2_ANSWER_TIME_MIN;
use crate::http::replay::Replay;
use crate::lane::{self, Lane, Look};
use crate::limits::{HEAD_BYTES_MAX, HEAD_TIME_MAX, OTHER_CONNECTIONS_MAX};
use crate::listen::Socket;
use crate::sse::Subscribed;

/// What serves connections.
pub(super) struct Service {
    app: Arc<App>,
    router: Router,
    /// The path below which everything is.
    base: String,
    http: http1::Builder,
    http2: Http2,
    tls: Option<TlsAcceptor>,
    lane: Option<Arc<Lane>>,
    /// Closed when no new requests are wanted.
    stops: watch::Receiver<()>,
}

impl Service {
    pub(super) fn new(
        app: Arc<App>,
        tls: Option<TlsAcceptor>,
        lane: Option<Arc<Lane>>,
        stops: watch::Receiver<()>,
    ) -> Self {
        let mut http = http1::Builder::new();
        // Not `pipeline_flush`: with it hyper takes from a body without a bound while the socket is stuck (invariant I4).
        http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIME_MAX).max_buf_size(HEAD_BYTES_MAX);
        let router = super::routes(&app);
        let config = app.config();
        let streams_max = config.subscribe.connections_max + OTHER_CONNECTIONS_MAX;
        let http2 = Http2::new(router.clone(), streams_max, config.subscribe.write_timeout.max(HTTP2_ANSWER_TIME_MIN));
        let base = config.server.base_path.clone();
        drop(config);
        Self { router, base, app, http, http2, tls, lane, stops }
    }

    pub(super) fn app(&self) -> &App {
        &self.app
    }

    /// Whether a stream is at a path.
    fn streams(&self, path: &str) -> bool {
        path.strip_prefix(&*self.base).is_some_and(|path| self.app.mounts.load().stream(path).is_some())
    }

    pub(super) fn write_timeout(&self) -> Duration {
        self.app.config().subscribe.write_timeout
    }
}

/// What every step of one connection needs.
struct Connection {
    service: Arc<Service>,
    peer: Peer,
    watcher: Watcher,
    /// Among all, and among those of its address.
    place: (OwnedSemaphorePermit, Place),
}

/// Serves a connection until it ends or goes to the light lane.
pub(super) async fn serve(
    service: Arc<Service>,
    socket: Socket,
    address: SocketAddr,
    watcher: Watcher,
    place: (OwnedSemaphorePermit, Place),
) {
    let peer = Peer { address, forwarded: false, close: Arc::new(Notify::new()), evictable: Arc::default() };
    let connection = Connection { service, peer, watcher, place };
    let served = match socket {
        // Boxed, here and below: a task has room for the largest of its steps for as long as it lives.
        Socket::Tcp(socket) if connection.service.tls.is_some() => Box::pin(connection.serve_tls(socket)).await,
        Socket::Tcp(socket) => connection.serve_plain(socket).await,
        // Nobody else can listen there: neither TLS, nor the light lane, which knows TCP.
        Socket::Unix(socket) => Box::pin(connection.serve_http(socket, None)).await,
    };
    if let Err(error) = served {
        tracing::debug!("a connection ended: {error}");
    }
}

/// What came of a look.
enum Looked {
    /// The answer is a stream that was handed over.
    Stream(Subscribed, Response<Body>),
    /// It is for hyper, with the answer to the first request if there is one.
    Http(Option<Response<Body>>),
}

impl Connection {
    async fn serve_plain(self, socket: TcpStream) -> io::Result<()> {
        let Some(lane) = self.service.lane.clone() else { return self.serve_either(socket).await };
        let look = self.in_time(lane::look(&socket, &|path| self.service.streams(path))).await?;
        let head_bytes = if let Look::Stream(_, length) = &look { *length } else { 0 };
        match Box::pin(self.answer(look)).await {
            Looked::Stream(subscribed, answer) => {
                // It was seen as a whole before.
                let read = socket.try_read(&mut vec![0; head_bytes])?;
                if read != head_bytes {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                lane.carry(subscribed, &answer, socket, None, self.place)
            }
            Looked::Http(None) => self.serve_either(socket).await,
            Looked::Http(answer) => self.serve_http(socket, answer).await,
        }
    }

    async fn serve_tls(self, socket: TcpStream) -> io::Result<()> {
        let Some(tls) = &self.service.tls else { return Ok(()) };
        let mut stream = self.in_time(tls.accept(socket)).await?;
        if stream.get_ref().1.alpn_protocol() == Some(http2::ALPN) {
            return self.serve_http2(stream).await;
        }
        let Some(lane) = self.service.lane.clone() else { return self.serve_http(stream, None).await };
        let (look, head) = self.in_time(lane::read(&mut stream, &|path| self.service.streams(path))).await?;
        match self.answer(look).await {
            Looked::Stream(subscribed, answer) => {
                let (socket, session) = stream.into_inner();
                lane.carry(subscribed, &answer, socket, Some(Box::new(session)), self.place)
            }
            Looked::Http(answer) => self.serve_http(Replay::new(head.freeze(), stream), answer).await,
        }
    }

    /// A step before the first request is there, which has its time, and is not waited for when the server stops.
    async fn in_time<T>(&self, step: impl Future<Output = io::Result<T>>) -> io::Result<T> {
        let mut stops = self.service.stops.clone();
        tokio::select! {
            done = timeout(HEAD_TIME_MAX, step) => done?,
            _ = stops.changed() => Err(io::Error::other("the server is stopping")),
        }
    }

    /// Has a request for a stream answered as any other.
    async fn answer(&self, look: Look) -> Looked {
        let Look::Stream(mut request, _) = look else { return Looked::Http(None) };
        request.extensions_mut().insert(self.peer.clone());
        let handover = Lane::offer(&mut request);
        // A router takes every request and answers it.
        let Ok(answer) = self.service.router.clone().call(*request).await;
        match Lane::accept(&handover, &answer) {
            Some(subscribed) => Looked::Stream(subscribed, answer),
            // Hyper reads the request again, but nobody has to answer it a second time.
            None => Looked::Http(Some(answer)),
        }
    }

    /// Without TLS only the first bytes tell (RFC 9113, section 3.3).
    async fn serve_either(self, socket: TcpStream) -> io::Result<()> {
        let is_http2 = self.in_time(lane::peek(&socket, http2::begins)).await?;
        if is_http2 == Some(true) { self.serve_http2(socket).await } else { self.serve_http(socket, None).await }
    }

    async fn serve_http2(self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> io::Result<()> {
        // Whoever waits for all connections to end waits for its watcher.
        let Self { service, peer, watcher: _watcher, place: _place } = self;
        Box::pin(service.http2.serve(stream, peer, service.stops.clone())).await
    }

    async fn serve_http(
        self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        answer: Option<Response<Body>>,
    ) -> io::Result<()> {
        let Self { service, peer, watcher, place: _place } = self;
        let http = into_axum(service.router.clone(), peer.clone(), answer);
        let connection = Box::pin(watcher.watch(service.http.serve_connection(TokioIo::new(stream), http)));
        tokio::select! {
            ended = connection => if let Err(error) = ended {
                if is_timeout(&error) && service.app.connections.count_evicted(peer.evict()) {
                    let peer = peer.address;
                    tracing::info!(%peer, reason = "stuck", "a subscriber is disconnected: its connection took nothing");
                } else {
                    return Err(io::Error::other(error));
                }
            },
            () = peer.close.notified() => {}
        }
        Ok(())
    }
}

/// Whether the kernel gave the peer up, see `set_up` of accepted connections.
fn is_timeout(error: &hyper::Error) -> bool {
    let io = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    io.is_some_and(|error| error.kind() == io::ErrorKind::TimedOut)
}

/// What hyper calls for each request; the first may have its answer already.
fn into_axum(
    router: Router,
    peer: Peer,
    answer: Option<Response<Body>>,
) -> impl hyper::service::Service<Request<Incoming>, Response = Response<Body>, Error = std::convert::Infallible, Future: Send>
{
    let answer = Mutex::new(answer);
    hyper::service::service_fn(move |request: Request<Incoming>| {
        let ready = answer.lock().unwrap_or_else(PoisonError::into_inner).take();
        // Whoever also sends a length may mean something else to whom it came through: hyper goes by the chunks, and what
        // comes after them must not be taken for a request (RFC 9112, section 6.1). The length is not seen here any more.
        let last = request.headers().contains_key(TRANSFER_ENCODING);
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(peer.clone());
        let mut router = router.clone();
        async move {
            let mut answer = match ready {
                Some(answer) => answer,
                None => router.call(request).await?,
            };
            if last {
                answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok(answer)
        }
    })
}
