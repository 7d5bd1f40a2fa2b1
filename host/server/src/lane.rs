//! The light lane: event streams at the cost of a cursor, not of an HTTP server.
//!
//! A plain request for a stream is recognised on a fresh connection before anything is read from it. The router answers
//! it like any other; if the answer is a stream, the socket leaves hyper and a reactor writes to it from then on. Whatever
//! is unusual stays with hyper, which can do the same: the lane only makes it cheap. Must not know what subscribers are
//! sent (`sse/feed.rs`), nor decide who may have it.

mod calls;
mod head;
mod look;
mod piece;
mod reactor;
mod rooms;
mod seat;
mod wheel;
mod wire;

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use axum::body::Body;
use axum::http::{Request, Response, StatusCode, header};
use rustix::net::sockopt::set_socket_send_buffer_size;
use rustls::ServerConnection;
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub(crate) use look::{Look, look, peek, read};

use crate::app::App;
use crate::connections::{Carrier, Place};
use crate::lane::calls::{Arrival, Calls};
use crate::lane::reactor::Reactor;
use crate::limits::LANE_SEND_BUFFER;
use crate::sse::{Handover, Subscribed};

/// The reactors, and how sockets get to them.
#[derive(Debug)]
pub(crate) struct Lane {
    app: Arc<App>,
    reactors: Vec<Arc<Calls>>,
    next: AtomicUsize,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Lane {
    /// Starts one reactor for each core. Places of connections that they carry are given back to `places`.
    pub(crate) fn start(app: &Arc<App>, places: &Arc<Semaphore>) -> io::Result<Self> {
        let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
        // Any of them may get more than its part.
        let seats_max = app.config().subscribe.connections_max;
        let (mut reactors, mut threads) = (Vec::with_capacity(cores), Vec::with_capacity(cores));
        for number in 0..cores {
            let reactor = Reactor::new(Arc::clone(app), Arc::clone(places), seats_max)?;
            reactors.push(Arc::clone(reactor.calls()));
            let runtime = Handle::current();
            let run = move || reactor.run(&runtime);
            threads.push(thread::Builder::new().name(format!("tidemill-sse-{number}")).spawn(run)?);
        }
        Ok(Self { app: Arc::clone(app), reactors, next: AtomicUsize::new(0), threads: Mutex::new(threads) })
    }

    /// Lets a handler that answers this request with a stream hand it over.
    pub(crate) fn offer(request: &mut Request<Body>) -> Handover {
        let handover = Handover::default();
        request.extensions_mut().insert(handover.clone());
        handover
    }

    /// What the handler handed over, if the answer that came out of all layers is still its stream.
    pub(crate) fn accept(handover: &Handover, response: &Response<Body>) -> Option<Subscribed> {
        let stream = response.headers().get(header::CONTENT_TYPE).is_some_and(|value| value == "text/event-stream");
        let coding =
            response.headers().get(header::CONTENT_ENCODING).map_or(&b"identity"[..], |coding| coding.as_bytes());
        let is_its_own = |subscribed: &Subscribed| subscribed.coding().name().as_bytes() == coding;
        handover.take().filter(|own| response.status() == StatusCode::OK && stream && is_its_own(own))
    }

    /// Carries a stream from here on: the answer's head is written, and then events. Of the request nothing is left to be
    /// read.
    pub(crate) fn carry(
        &self,
        subscribed: Subscribed,
        response: &Response<Body>,
        socket: TcpStream,
        tls: Option<Box<ServerConnection>>,
        (place, seat): (OwnedSemaphorePermit, Place),
    ) -> io::Result<()> {
        // One after the other; one that panicked is left out.
        let first = self.next.fetch_add(1, Ordering::Relaxed) % self.reactors.len();
        let mut all = self.reactors[first..].iter().chain(&self.reactors[..first]);
        let calls = all.find(|calls| !calls.is_gone()).ok_or_else(|| io::Error::other("no thread carries streams"))?;
        let socket = socket.into_std()?;
        if let Err(error) = set_socket_send_buffer_size(&socket, LANE_SEND_BUFFER) {
            tracing::debug!("cannot set SO_SNDBUF: {error}");
        }
        let feed = subscribed.seated(seat).carried_by(&self.app, Carrier::lane(socket));
        // Given back by the reactor.
        place.forget();
        calls.arrive(Arrival { feed, tls, head: head::write(response) });
        Ok(())
    }

    /// Waits until the last stream has ended. Call it once the bus ends them.
    pub(crate) fn stop(&self) {
        self.reactors.iter().for_each(|calls| calls.stop());
        for thread in std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner)) {
            if thread.join().is_err() {
                tracing::error!("a thread of the light lane panicked");
            }
        }
    }
}
