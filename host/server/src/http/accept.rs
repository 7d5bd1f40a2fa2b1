//! Accepts connections, bounds them, serves HTTP/1.1 on each, and lets them end.

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::task::JoinHandle;

use crate::app::App;
use crate::connections::{Connections, Peer};
use crate::limits::{HEAD_BYTES_MAX, HEAD_TIME_MAX, OTHER_CONNECTIONS_MAX};

/// The listening part of a server.
#[derive(Debug)]
pub(crate) struct Server {
    stop: oneshot::Sender<()>,
    accepting: JoinHandle<GracefulShutdown>,
}

impl Server {
    /// Begins to accept connections.
    pub(crate) fn start(listener: TcpListener, app: Arc<App>) -> Self {
        let (stop, stopped) = oneshot::channel();
        Self { stop, accepting: tokio::spawn(accept(listener, app, stopped)) }
    }

    /// Accepts no more and waits until every connection has answered what it was asked.
    pub(crate) async fn stop(self) {
        let _ = self.stop.send(());
        if let Ok(connections) = self.accepting.await {
            connections.shutdown().await;
        }
    }
}

async fn accept(listener: TcpListener, app: Arc<App>, mut stopped: oneshot::Receiver<()>) -> GracefulShutdown {
    let places = Arc::new(Semaphore::new(app.config.subscribe.connections_max + OTHER_CONNECTIONS_MAX));
    let write_timeout = app.config.subscribe.write_timeout;
    let subscribers = Arc::clone(&app.connections);
    let router = super::routes(app);
    let graceful = GracefulShutdown::new();
    let mut http = http1::Builder::new();
    // Not `pipeline_flush`: with it hyper takes from a body without a bound while the socket is stuck (invariant I4).
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIME_MAX).max_buf_size(HEAD_BYTES_MAX);
    loop {
        // With all places taken, new connections wait in the kernel's queue.
        let place = tokio::select! {
            place = Arc::clone(&places).acquire_owned() => place,
            _ = &mut stopped => break,
        };
        let Ok(place) = place else { break };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = &mut stopped => break,
        };
        match accepted {
            Ok((stream, address)) => {
                set_up(&stream, write_timeout);
                let peer = Peer { address, close: Arc::new(Notify::new()), evictable: Arc::default() };
                let service = into_axum(TowerToHyperService::new(router.clone()), peer.clone());
                // Boxed: a task keeps what it was given and what it waits for apart, which would be twice the room.
                let connection = Box::pin(graceful.watch(http.serve_connection::<_, _>(TokioIo::new(stream), service)));
                tokio::spawn(serve(connection, peer, Arc::clone(&subscribers), place));
            }
            Err(error) => {
                // Out of file descriptors, most likely: those who are here go on, and places come free.
                tracing::warn!("cannot accept a connection: {error}");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    graceful
}

fn set_up(stream: &TcpStream, write_timeout: Duration) {
    // Frames are written as a whole; waiting for more only delays them.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!("cannot set TCP_NODELAY: {error}");
    }
    // A peer that is gone without a word, or that takes nothing, is given up by the kernel as well, with what it holds
    // for it (RFC 5482).
    let timeout = u32::try_from(write_timeout.as_millis()).unwrap_or(u32::MAX);
    if let Err(error) = rustix::net::sockopt::set_tcp_user_timeout(stream, timeout) {
        tracing::debug!("cannot set TCP_USER_TIMEOUT: {error}");
    }
}

async fn serve(
    connection: impl Future<Output = hyper::Result<()>>,
    peer: Peer,
    subscribers: Arc<Connections>,
    _place: OwnedSemaphorePermit,
) {
    tokio::select! {
        ended = connection => if let Err(error) = ended {
            if is_timeout(&error) && subscribers.count_evicted(&peer) {
                let peer = peer.address;
                tracing::info!(%peer, reason = "stuck", "a subscriber is disconnected: its connection took nothing");
            } else {
                tracing::debug!("a connection ended: {error}");
            }
        },
        () = peer.close.notified() => {}
    }
}

/// Whether the kernel gave the peer up, see [`set_up`].
fn is_timeout(error: &hyper::Error) -> bool {
    let io = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    io.is_some_and(|error| error.kind() == io::ErrorKind::TimedOut)
}

/// Routers take their own body type.
fn into_axum(
    service: TowerToHyperService<Router>,
    peer: Peer,
) -> impl hyper::service::Service<
    hyper::Request<Incoming>,
    Response = axum::response::Response,
    Error = std::convert::Infallible,
    Future: Send,
> {
    hyper::service::service_fn(move |request: hyper::Request<Incoming>| {
        let mut request = request.map(axum::body::Body::new);
        request.extensions_mut().insert(peer.clone());
        hyper::service::Service::call(&service, request)
    })
}
