//! One connection: looked at for the light lane, otherwise served by hyper.

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::Watcher;
use tokio::net::TcpStream;
use tokio::sync::{Notify, OwnedSemaphorePermit, watch};
use tower_service::Service as _;

use crate::app::App;
use crate::connections::Peer;
use crate::lane::{self, Lane, Look};
use crate::limits::{HEAD_BYTES_MAX, HEAD_TIME_MAX};

/// What serves connections.
#[derive(Debug)]
pub(super) struct Service {
    app: Arc<App>,
    router: Router,
    http: http1::Builder,
    lane: Option<Arc<Lane>>,
    /// Closed when no new requests are wanted.
    stops: watch::Receiver<()>,
}

impl Service {
    pub(super) fn new(app: Arc<App>, lane: Option<Arc<Lane>>, stops: watch::Receiver<()>) -> Self {
        let mut http = http1::Builder::new();
        // Not `pipeline_flush`: with it hyper takes from a body without a bound while the socket is stuck (invariant I4).
        http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIME_MAX).max_buf_size(HEAD_BYTES_MAX);
        Self { router: super::routes(Arc::clone(&app)), app, http, lane, stops }
    }
}

/// Serves a connection until it ends or goes to the light lane.
pub(super) async fn serve(
    service: Arc<Service>,
    socket: TcpStream,
    address: SocketAddr,
    watcher: Watcher,
    place: OwnedSemaphorePermit,
) {
    let peer = Peer { address, close: Arc::new(Notify::new()), evictable: Arc::default() };
    // Boxed, here and below: a task has room for the largest of its steps for as long as it lives.
    let other = match &service.lane {
        Some(lane) => match Box::pin(try_lane(&service, lane, socket, &peer, place)).await {
            Ok(None) => return,
            Ok(Some(other)) => other,
            Err(error) => return tracing::debug!("a connection ended: {error}"),
        },
        None => Other { socket, answer: None, place },
    };
    let http = into_axum(service.router.clone(), peer.clone(), other.answer);
    let connection = Box::pin(watcher.watch(service.http.serve_connection(TokioIo::new(other.socket), http)));
    tokio::select! {
        ended = connection => if let Err(error) = ended {
            if is_timeout(&error) && service.app.connections.count_evicted(peer.evict()) {
                let peer = peer.address;
                tracing::info!(%peer, reason = "stuck", "a subscriber is disconnected: its connection took nothing");
            } else {
                tracing::debug!("a connection ended: {error}");
            }
        },
        () = peer.close.notified() => {}
    }
    drop(other.place);
}

/// A connection for hyper. Nothing was read from it.
struct Other {
    socket: TcpStream,
    /// The answer to its first request, if that was looked at.
    answer: Option<Response<Body>>,
    place: OwnedSemaphorePermit,
}

/// Looks whether a connection is one for the light lane, and hands it over; otherwise it comes back.
async fn try_lane(
    service: &Service,
    lane: &Lane,
    socket: TcpStream,
    peer: &Peer,
    place: OwnedSemaphorePermit,
) -> io::Result<Option<Other>> {
    let mut stops = service.stops.clone();
    let looked = tokio::select! {
        looked = tokio::time::timeout(HEAD_TIME_MAX, lane::look(&socket)) => looked,
        // It has asked nothing yet.
        _ = stops.changed() => return Err(io::Error::other("the server is stopping")),
    };
    let Look::Stream(mut request, head_bytes) = looked?? else {
        return Ok(Some(Other { socket, answer: None, place }));
    };
    request.extensions_mut().insert(peer.clone());
    let handover = Lane::offer(&mut request);
    // A router takes every request and answers it.
    let Ok(answer) = service.router.clone().call(*request).await;
    match Lane::accept(&handover, &answer) {
        Some(subscribed) => lane.carry(subscribed, &answer, socket, head_bytes, place).map(|()| None),
        // Hyper reads the request again, but nobody has to answer it a second time.
        None => Ok(Some(Other { socket, answer: Some(answer), place })),
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
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(peer.clone());
        let mut router = router.clone();
        async move {
            match ready {
                Some(answer) => Ok(answer),
                None => router.call(request).await,
            }
        }
    })
}
