//! Who is listening: every stream and waiting poll, how far each got, and the means to end one from outside.
//!
//! A connection that takes nothing is not asked for its next frame, so its deadlines are kept here, by a sweep, and not
//! where frames are made. There are many connections: each is as small as it can be, and what they have in common is
//! kept once.

mod addressee;
mod connection;
mod mounted;
mod places;
mod record;
mod roster;

use std::collections::HashSet;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tidemill_bus::limits::BEHIND_EVENTS;
use tidemill_bus::{Cursor, Progress, Skip, SlowPolicy};

use mounted::Mounted;
use roster::Roster;

use crate::app::App;
use crate::auth::Principal;
use crate::mount::stream::StreamMount;
use crate::source::Input;
use crate::sse::{self, Mailbox};

pub(crate) use addressee::Addressee;
pub(crate) use connection::{Carrier, Connection, Peer, Terms, Use};
pub(crate) use places::{Full, Place, Places, sender};

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
    open: Roster<Arc<Connection>>,
    mounted: Mounted,
    /// What those who are here asked for, and for a while what those asked for who left.
    terms: HashSet<Arc<Terms>>,
    last: u64,
    /// What those who left got.
    left: Delivered,
}

impl Connections {
    /// Takes a new subscriber in. Whoever does lets it [`leave`](Self::leave).
    pub(crate) fn register(&self, terms: Terms, place: Place, cursor: &Cursor, carrier: Carrier) -> Arc<Connection> {
        let mut inner = self.lock();
        inner.last += 1;
        let connection =
            Arc::new(Connection::new(inner.last, inner.share(terms), place, carrier, Progress::of(cursor)));
        inner.open.insert(connection.id, Arc::clone(&connection));
        inner.mounted.enter(&connection.terms);
        let total = inner.open.len();
        drop(inner);
        record::added(&connection, total);
        connection
    }

    /// Forgets one.
    pub(crate) fn leave(&self, connection: &Connection) {
        let mut inner = self.lock();
        inner.open.remove(connection.id);
        inner.mounted.leave(connection);
        inner.left.add(&connection.progress);
        let total = inner.open.len();
        drop(inner);
        record::removed(connection, total);
    }

    /// Subscribers with a number greater than `after`, oldest first.
    pub(crate) fn list(&self, after: u64, max: usize) -> Vec<Arc<Connection>> {
        self.lock().open.after(after).take(max).cloned().collect()
    }

    /// How many there are, how many of them are behind, and the greatest lag.
    pub(crate) fn lags(&self) -> (usize, usize, u64) {
        let inner = self.lock();
        let lags = inner.open.values().map(|connection| connection.lag());
        lags.fold((0, 0, 0), |(count, behind, most), lag| {
            (count + 1, behind + usize::from(lag > BEHIND_EVENTS), lag.max(most))
        })
    }

    /// Keeps figures of a mount from now on, before somebody comes.
    pub(crate) fn know(&self, mount: &Arc<StreamMount>) {
        self.lock().mounted.know(mount);
    }

    /// The mailbox that a connection has from now on, and the input of its process.
    pub(crate) fn open_mailbox(&self, connection: &Connection, input: Option<Input>) -> Arc<Mailbox> {
        self.lock().mounted.open_mailbox(connection, input)
    }

    /// How many streams there are at a mount.
    pub(crate) fn streams_at(&self, path: &str) -> usize {
        self.lock().mounted.streams_at(path)
    }

    /// Of each mount how many streams there are, and how often programs failed.
    pub(crate) fn mounts(&self) -> Vec<(String, usize, u64)> {
        self.lock().mounted.figures()
    }

    /// How many there were so far.
    pub(crate) fn opened(&self) -> u64 {
        self.lock().last
    }

    /// How many there are, by what they are for and by what carries them.
    pub(crate) fn kinds(&self) -> Vec<(&'static str, &'static str, usize)> {
        let inner = self.lock();
        let count = |usage: Use, lane: &str| {
            inner.open.values().filter(|one| one.terms.usage == usage && one.carrier.lane_name() == lane).count()
        };
        // A poll is always answered over HTTP.
        let kinds = [(Use::Stream, "light"), (Use::Stream, "http"), (Use::Poll, "http")];
        kinds.into_iter().map(|(usage, lane)| (usage.name(), lane, count(usage, lane))).collect()
    }

    /// How many there are by the type of their token.
    pub(crate) fn token_types(&self) -> [(&'static str, u64); 4] {
        let inner = self.lock();
        let mut types = ["anonymous", "readonly", "team", "master"].map(|name| (name, 0));
        for connection in inner.open.values() {
            let own = connection.terms.principal.kind().unwrap_or("anonymous");
            types.iter_mut().filter(|(name, _)| *name == own).for_each(|(_, count)| *count += 1);
        }
        types
    }

    /// Ends one from outside; whether it was there.
    pub(crate) fn close(&self, id: u64) -> bool {
        let connection = self.lock().open.get(id).cloned();
        if let Some(connection) = &connection {
            connection.carrier.close();
        }
        connection.is_some()
    }

    /// One of those who are here, if it is there.
    pub(crate) fn principal(&self, is: impl Fn(&Principal) -> bool) -> Option<Arc<Principal>> {
        let inner = self.lock();
        inner.open.values().map(|connection| &connection.terms.principal).find(|principal| is(principal)).cloned()
    }

    /// Ends those of some principals; how many these were.
    pub(crate) fn close_of(&self, is: impl Fn(&Principal) -> bool) -> usize {
        self.close_where(|terms| is(&terms.principal))
    }

    /// Ends those on some terms; how many these were.
    pub(crate) fn close_where(&self, is: impl Fn(&Terms) -> bool) -> usize {
        let inner = self.lock();
        let closed = inner.open.values().filter(|connection| is(&connection.terms));
        closed.map(|connection| connection.carrier.close()).count()
    }

    /// Looks at each, oldest first.
    pub(crate) fn each(&self, look: impl FnMut(&Connection)) {
        self.lock().open.values().map(|connection| &**connection).for_each(look);
    }

    /// Ends those who take nothing for too long, and those who are to be disconnected when they are behind and whose
    /// sockets would not even take the news.
    pub(crate) fn sweep(&self, write_timeout: Duration) {
        let open: Vec<Arc<Connection>> = {
            let inner = self.lock();
            let quiet = inner.open.values().filter(|connection| connection.quiet() > Duration::from_secs(1));
            quiet.filter(|connection| connection.why_evict(write_timeout).is_some()).cloned().collect()
        };
        for connection in open {
            let Some(reason) = connection.why_evict(write_timeout) else { continue };
            let (id, peer, quiet, lag) = (connection.id, connection.address(), connection.quiet(), connection.lag());
            tracing::info!(id, ?peer, ?quiet, lag, reason, "a subscriber is disconnected");
            connection.carrier.close();
            self.count_evicted(connection.carrier.evict());
        }
    }

    /// Counts one that is disconnected, if it `counts`: from here, where frames are made, or by the kernel, whichever
    /// comes first ([`Carrier::evict`]). Whether it does.
    pub(crate) fn count_evicted(&self, counts: bool) -> bool {
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

impl Inner {
    /// The same terms as somebody else's, if there are such.
    fn share(&mut self, terms: Terms) -> Arc<Terms> {
        if let Some(known) = self.terms.get(&terms) {
            return Arc::clone(known);
        }
        // Now and then, so that they are never many more than subscribers.
        if self.terms.len() > 2 * self.open.len() + 64 {
            self.terms.retain(|terms| Arc::strong_count(terms) > 1);
        }
        let terms = Arc::new(terms);
        self.terms.insert(Arc::clone(&terms));
        terms
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

/// A place among the connections, for as long as it is held.
#[derive(Debug)]
pub(crate) struct Registered {
    app: Arc<App>,
    connection: Arc<Connection>,
}

impl Registered {
    pub(crate) const fn new(app: Arc<App>, connection: Arc<Connection>) -> Self {
        Self { app, connection }
    }
}

impl Deref for Registered {
    type Target = Arc<Connection>;

    fn deref(&self) -> &Arc<Connection> {
        &self.connection
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        sse::leave(&self.app, &self.connection);
    }
}

/// Why somebody is disconnected by [`Connections::sweep`].
impl Connection {
    fn why_evict(&self, write_timeout: Duration) -> Option<&'static str> {
        let quiet = self.quiet();
        let behind = || {
            self.terms.selection.wanted().slow == SlowPolicy::Disconnect
                && self.progress.was_live()
                && self.lag() > BEHIND_EVENTS
        };
        if quiet > write_timeout + self.terms.heartbeat {
            Some("stuck")
        } else {
            (quiet > Duration::from_secs(1) && behind()).then_some("behind")
        }
    }
}
