//! Accepts connections, bounds them, and lets them end.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, oneshot, watch};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::app::App;
use crate::connections::Full;
use crate::http::connection::{Service, serve};
use crate::lane::Lane;
use crate::limits::OTHER_CONNECTIONS_MAX;
use crate::listen::{Listeners, Socket};

/// The listening part of a server.
#[derive(Debug)]
pub(crate) struct Server {
    stop: oneshot::Sender<()>,
    accepting: JoinHandle<GracefulShutdown>,
    lane: Option<Arc<Lane>>,
}

impl Server {
    /// Begins to accept connections.
    pub(crate) fn start(listener: Listeners, tls: Option<TlsAcceptor>, app: &Arc<App>) -> io::Result<Self> {
        let places = Arc::new(Semaphore::new(app.config().subscribe.connections_max + OTHER_CONNECTIONS_MAX));
        let lane = app.config().server.sse_lane.is_auto().then(|| Lane::start(app, &places)).transpose()?.map(Arc::new);
        let (stop, stopped) = oneshot::channel();
        let (stopping, stops) = watch::channel(());
        let service = Service::new(Arc::clone(app), tls, lane.clone(), stops);
        let accepting = tokio::spawn(accept(listener, Arc::new(service), places, stopping, stopped));
        Ok(Self { stop, accepting, lane })
    }

    /// Accepts no more and waits until every connection has answered what it was asked.
    pub(crate) async fn stop(self) {
        let _ = self.stop.send(());
        if let Ok(connections) = self.accepting.await {
            connections.shutdown().await;
        }
        // Nobody goes there any more.
        if let Some(lane) = self.lane {
            let _ = tokio::task::spawn_blocking(move || lane.stop()).await;
        }
    }
}

async fn accept(
    listener: Listeners,
    service: Arc<Service>,
    places: Arc<Semaphore>,
    stopping: watch::Sender<()>,
    mut stopped: oneshot::Receiver<()>,
) -> GracefulShutdown {
    let write_timeout = service.write_timeout();
    let graceful = GracefulShutdown::new();
    loop {
        // With all places taken, new connections wait in the kernel's queue.
        let place = tokio::select! {
            place = Arc::clone(&places).acquire_owned() => place,
            _ = &mut stopped => break,
        };
        let Ok(place) = place else { break };
        let accepted = tokio::select! {
            accepted = async {
                Arc::clone(&service.app().admission.load().arrivals).turn().await;
                listener.accept().await
            } => accepted,
            _ = &mut stopped => break,
        };
        match accepted {
            Ok((socket, address)) => {
                match service.app().admission.load().arrivals.admit(address.ip(), &service.app().places) {
                    Ok(seat) => {
                        if let Socket::Tcp(socket) = &socket {
                            set_up(socket, write_timeout);
                        }
                        tokio::spawn(serve(Arc::clone(&service), socket, address, graceful.watcher(), (place, seat)));
                    }
                    Err(Full(setting)) => {
                        service.app().figures.limited.note(setting);
                        tracing::debug!(%address, setting, "a connection is closed: there are too many");
                    }
                }
            }
            Err(error) => {
                // Out of file descriptors, most likely: those who are here go on, and places come free.
                tracing::warn!("cannot accept a connection: {error}");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    drop(stopping);
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
