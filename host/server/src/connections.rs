//! Who is listening: every stream and waiting poll, how far each got, and the means to end one from outside.
//!
//! A connection that takes nothing is not asked for its next frame, so its deadlines are kept here, by a sweep, and not
//! where frames are made.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tidemill_bus::limits::BEHIND_EVENTS;
use tidemill_bus::{Progress, Skip, SlowPolicy};
use tidemill_event::Timestamp;
use tokio::sync::Notify;

/// The other end of an HTTP connection, known to every request on it.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    /// Notified, the connection is dropped, whatever it is doing.
    pub(crate) close: Arc<Notify>,
    /// There is a stream on it that was not counted as evicted yet.
    pub(crate) evictable: Arc<AtomicBool>,
}

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// A stream of events.
    Stream,
    /// A poll that waits for events.
    Poll,
}

/// What is known of a subscriber from its request.
#[derive(Debug)]
pub(crate) struct Subscriber {
    pub(crate) peer: Peer,
    pub(crate) usage: Use,
    pub(crate) since: Timestamp,
    /// What it asked for, as it was sent.
    pub(crate) query: String,
    pub(crate) user_agent: Option<String>,
    pub(crate) slow: SlowPolicy,
    pub(crate) progress: Arc<Progress>,
    /// The longest time without a question for its next frame if its socket takes bytes.
    pub(crate) heartbeat: Duration,
}

/// One subscriber among the others.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) id: u64,
    subscriber: Subscriber,
    start: Instant,
    asked: AtomicU64,
}

impl Deref for Connection {
    type Target = Subscriber;

    fn deref(&self) -> &Subscriber {
        &self.subscriber
    }
}

impl Connection {
    /// Its socket takes bytes.
    pub(crate) fn ask(&self) {
        let now = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.asked.store(now, Ordering::Relaxed);
    }

    /// How long its socket has taken nothing.
    pub(crate) fn quiet(&self) -> Duration {
        self.start.elapsed().saturating_sub(Duration::from_millis(self.asked.load(Ordering::Relaxed)))
    }
}

/// What subscribers got, those who left included.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Delivered {
    pub(crate) events: u64,
    pub(crate) bytes: u64,
    pub(crate) skipped: [u64; Skip::ALL.len()],
    /// Subscribers that were disconnected for taking nothing, or for being behind.
    pub(crate) evicted: u64,
}

/// All subscribers.
#[derive(Debug, Default)]
pub(crate) struct Connections(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    open: BTreeMap<u64, Arc<Connection>>,
    last: u64,
    /// What those who left got.
    left: Delivered,
}

/// A place among the connections, for as long as it is held.
#[derive(Debug)]
pub(crate) struct Registered {
    connections: Arc<Connections>,
    connection: Arc<Connection>,
}

impl Deref for Registered {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        let mut inner = self.connections.lock();
        inner.open.remove(&self.connection.id);
        inner.left.add(&self.connection.progress);
    }
}

impl Connections {
    /// Takes a new subscriber in.
    pub(crate) fn register(self: &Arc<Self>, subscriber: Subscriber) -> Registered {
        subscriber.peer.evictable.store(subscriber.usage == Use::Stream, Ordering::Relaxed);
        let mut inner = self.lock();
        inner.last += 1;
        let (start, asked) = (Instant::now(), AtomicU64::new(0));
        let connection = Arc::new(Connection { id: inner.last, subscriber, start, asked });
        inner.open.insert(connection.id, Arc::clone(&connection));
        Registered { connections: Arc::clone(self), connection }
    }

    /// Subscribers with a number greater than `after`, oldest first.
    pub(crate) fn list(&self, after: u64, max: usize) -> Vec<Arc<Connection>> {
        self.lock().open.range(after + 1..).take(max).map(|(_, connection)| Arc::clone(connection)).collect()
    }

    /// Ends one from outside; whether it was there.
    pub(crate) fn close(&self, id: u64) -> bool {
        let connection = self.lock().open.get(&id).cloned();
        if let Some(connection) = &connection {
            connection.peer.close.notify_one();
        }
        connection.is_some()
    }

    /// Ends those who take nothing for too long, and those who are to be disconnected when they are behind and whose
    /// sockets would not even take the news.
    pub(crate) fn sweep(&self, last: u64, write_timeout: Duration) {
        for connection in self.list(0, usize::MAX) {
            let (quiet, lag) = (connection.quiet(), last.saturating_sub(connection.progress.after()));
            let stuck = quiet > write_timeout + connection.heartbeat;
            let behind = connection.slow == SlowPolicy::Disconnect
                && connection.progress.was_live()
                && lag > BEHIND_EVENTS
                && quiet > Duration::from_secs(1);
            if stuck || behind {
                let (id, peer, reason) =
                    (connection.id, connection.peer.address, if stuck { "stuck" } else { "behind" });
                tracing::info!(id, %peer, ?quiet, lag, reason, "a subscriber is disconnected");
                connection.peer.close.notify_one();
                self.count_evicted(&connection.peer);
            }
        }
    }

    /// Counts one that is disconnected: from here, where frames are made, or by the kernel. Whichever comes first counts;
    /// whether that is this call.
    pub(crate) fn count_evicted(&self, peer: &Peer) -> bool {
        let counts = peer.evictable.swap(false, Ordering::Relaxed);
        self.lock().left.evicted += u64::from(counts);
        counts
    }

    /// What all subscribers got so far.
    pub(crate) fn delivered(&self) -> Delivered {
        let inner = self.lock();
        let mut all = inner.left;
        inner.open.values().for_each(|connection| all.add(&connection.progress));
        all
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Delivered {
    fn add(&mut self, progress: &Progress) {
        self.events += progress.events();
        self.bytes += progress.bytes();
        for reason in Skip::ALL {
            self.skipped[reason as usize] += progress.skipped(reason);
        }
    }
}
