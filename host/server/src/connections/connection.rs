//! One subscriber as others see it.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use tidemill_bus::{Progress, Selection};
use tidemill_event::Timestamp;
use tokio::sync::Notify;
use uuid::{Builder, Uuid};

use crate::auth::Principal;
use crate::clock::{self, Moment};
use crate::connections::Place;
use crate::mount::stream::StreamMount;

/// The other end of an HTTP connection, known to every request on it.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    /// The client's, if a trusted proxy says which.
    pub(crate) address: SocketAddr,
    /// The address is a proxy's word.
    pub(crate) forwarded: bool,
    /// Notified, the connection is dropped, whatever it is doing.
    pub(crate) close: Arc<Notify>,
    /// There is a stream on it that was not counted as evicted yet.
    pub(crate) evictable: Arc<AtomicBool>,
}

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Use {
    /// A stream of events.
    Stream,
    /// A poll that waits for events.
    Poll,
}

impl Use {
    /// The name used in answers and metrics.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Stream => "stream",
            Self::Poll => "poll",
        }
    }
}

/// What takes a subscriber's frames to it.
#[derive(Debug)]
pub(crate) enum Carrier {
    /// An HTTP connection. Boxed: it is much larger than the other.
    Http(Box<Peer>),
    /// A socket of the light lane.
    Lane {
        /// Non-blocking; closed when the last who knows the subscriber forgets it.
        socket: TcpStream,
        /// As [`Peer::evictable`].
        evictable: AtomicBool,
    },
}

impl Carrier {
    /// A socket of the light lane.
    pub(crate) const fn lane(socket: TcpStream) -> Self {
        Self::Lane { socket, evictable: AtomicBool::new(true) }
    }

    /// An HTTP connection.
    pub(crate) fn http(peer: Peer, usage: Use) -> Self {
        peer.evictable.store(usage == Use::Stream, Ordering::Relaxed);
        Self::Http(Box::new(peer))
    }

    /// The name of the lane, used in metrics.
    pub(super) const fn lane_name(&self) -> &'static str {
        match self {
            Self::Http(_) => "http",
            Self::Lane { .. } => "light",
        }
    }

    /// The other end; none if it is gone.
    fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Http(peer) => Some(peer.address),
            Self::Lane { socket, .. } => socket.peer_addr().ok(),
        }
    }

    /// Ends the connection, whatever it is doing.
    pub(super) fn close(&self) {
        match self {
            Self::Http(peer) => peer.close.notify_one(),
            // Whoever carries it is told by the kernel. An error means that it is closed already.
            Self::Lane { socket, .. } => drop(socket.shutdown(Shutdown::Both)),
        }
    }

    /// Notes that it is disconnected for what it does not take; whether it was not noted before.
    pub(crate) fn evict(&self) -> bool {
        match self {
            Self::Http(peer) => peer.evict(),
            Self::Lane { evictable, .. } => evictable.swap(false, Ordering::Relaxed),
        }
    }
}

impl Peer {
    /// As of a [`Carrier`].
    pub(crate) fn evict(&self) -> bool {
        self.evictable.swap(false, Ordering::Relaxed)
    }
}

/// What subscribers asked for, kept once for those who asked for the same.
#[derive(Debug)]
pub(crate) struct Terms {
    /// Where it is.
    pub(crate) mount: Arc<StreamMount>,
    pub(crate) usage: Use,
    /// As it was sent.
    pub(crate) query: String,
    pub(crate) user_agent: Option<String>,
    /// Whom a proxy speaks for whose connection the light lane carries.
    pub(crate) client: Option<SocketAddr>,
    pub(crate) principal: Arc<Principal>,
    pub(crate) selection: Arc<Selection>,
    /// The longest time without a question for its next frame if its socket takes bytes.
    pub(crate) heartbeat: Duration,
}

impl Terms {
    /// What tells them from others; selections are shared themselves, and so are principals that come again.
    fn parts(&self) -> impl Eq + std::hash::Hash {
        let pointers = (Arc::as_ptr(&self.mount), Arc::as_ptr(&self.principal), Arc::as_ptr(&self.selection));
        (self.usage, &self.query, self.user_agent.as_deref(), self.client, pointers, self.heartbeat)
    }
}

impl PartialEq for Terms {
    fn eq(&self, other: &Self) -> bool {
        self.parts() == other.parts()
    }
}

impl Eq for Terms {}

impl std::hash::Hash for Terms {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.parts().hash(state);
    }
}

/// One subscriber among the others.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) id: u64,
    pub(crate) since: Timestamp,
    pub(crate) terms: Arc<Terms>,
    pub(crate) carrier: Carrier,
    pub(crate) progress: Progress,
    /// When it was last asked for, as a [`Moment`].
    asked: AtomicU32,
    _place: Place,
}

impl Connection {
    pub(super) fn new(id: u64, terms: Arc<Terms>, place: Place, carrier: Carrier, progress: Progress) -> Self {
        let asked = AtomicU32::new(Moment::now().bits());
        Self { id, since: clock::now(), terms, carrier, progress, asked, _place: place }
    }

    /// Its name, which nobody can guess who was not told. Made when it is asked for: most are never.
    pub(crate) fn uuid(&self) -> Uuid {
        /// Keys of this process alone.
        static KEYS: LazyLock<RandomState> = LazyLock::new(RandomState::new);
        let halves = [0, 1].map(|half: u8| KEYS.hash_one((self.id, half)).to_le_bytes());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(halves.as_flattened());
        Builder::from_random_bytes(bytes).into_uuid()
    }

    /// The other end, or whom it speaks for; none if it is gone.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        self.terms.client.or_else(|| self.carrier.address())
    }

    /// Its socket takes bytes.
    pub(crate) fn ask(&self, now: Moment) {
        self.asked.store(now.bits(), Ordering::Relaxed);
    }

    /// How long its socket has taken nothing.
    pub(crate) fn quiet(&self) -> Duration {
        let asked = Moment::from_bits(self.asked.load(Ordering::Relaxed));
        let now = Moment::now();
        // Another thread may have noted a later moment than this one.
        if asked.since(now) < Duration::from_secs(1) { Duration::ZERO } else { now.since(asked) }
    }

    /// The sequence up to which it has everything it wants.
    pub(crate) fn standing(&self) -> u64 {
        self.terms.selection.standing(self.progress.after())
    }

    /// How many events are newer than that.
    pub(crate) fn lag(&self) -> u64 {
        self.terms.selection.last().saturating_sub(self.standing())
    }
}
