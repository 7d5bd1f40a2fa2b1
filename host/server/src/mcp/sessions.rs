//! Sessions of clients that begin with `initialize`: whose they are, and when one is over that its client left. A session's
//! id alone opens nothing: whoever uses it must be the one who began it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::app::App;
use crate::auth::Principal;
use crate::clock;
use crate::mcp::limits::{SESSIONS_MAX, SESSIONS_OF_ONE_MAX};
use crate::problem::{Kind, Problem};

/// One of them.
#[derive(Debug)]
pub(super) struct Session {
    id: String,
    who: Arc<Principal>,
    use_: Mutex<InUse>,
}

#[derive(Debug)]
struct InUse {
    open: usize,
    last: Instant,
}

/// All of one path.
#[derive(Debug, Default)]
pub(super) struct Sessions(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    sessions: HashMap<String, Arc<Session>>,
    /// Who is just beginning one.
    beginning: Vec<Arc<Principal>>,
}

/// Room for a session that is being begun.
#[derive(Debug)]
pub(super) struct Room {
    sessions: Arc<Sessions>,
    who: Arc<Principal>,
}

impl Session {
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// A request or stream of it begins.
    pub(super) fn begin(&self) {
        let mut used = self.use_.lock().unwrap_or_else(PoisonError::into_inner);
        (used.open, used.last) = (used.open + 1, Instant::now());
    }

    /// A request or stream of it has ended.
    pub(super) fn end(&self) {
        let mut used = self.use_.lock().unwrap_or_else(PoisonError::into_inner);
        (used.open, used.last) = (used.open.saturating_sub(1), Instant::now());
    }

    /// How long nobody has used it.
    fn idle(&self) -> Duration {
        let used = self.use_.lock().unwrap_or_else(PoisonError::into_inner);
        if used.open > 0 { Duration::ZERO } else { used.last.elapsed() }
    }
}

impl Sessions {
    fn lock(&self) -> std::sync::MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The session with this id, for whoever began it.
    pub(super) fn find(&self, id: &str, who: &Principal) -> Option<Arc<Session>> {
        self.lock().sessions.get(id).filter(|session| session.who.is(who)).cloned()
    }

    /// Room for one more, if there is some.
    pub(super) fn room(self: &Arc<Self>, who: &Arc<Principal>) -> Result<Room, Problem> {
        let mut known = self.lock();
        let begun = known.sessions.values().map(|session| &session.who);
        let own = begun.chain(&known.beginning).filter(|other| other.is(who)).count();
        if known.sessions.len() + known.beginning.len() >= SESSIONS_MAX || own >= SESSIONS_OF_ONE_MAX {
            let detail = format!(
                "there are too many sessions; one principal may have {SESSIONS_OF_ONE_MAX}. End those that are not needed \
                 (DELETE), or wait until they are idle for as long as `mcp.session-idle` says"
            );
            return Err(Problem::new(Kind::RateLimited, detail).retry_after(10));
        }
        known.beginning.push(Arc::clone(who));
        drop(known);
        Ok(Room { sessions: Arc::clone(self), who: Arc::clone(who) })
    }

    /// Forgets one.
    pub(super) fn forget(&self, id: &str) {
        self.lock().sessions.remove(id);
    }

    /// Takes out those that are over.
    pub(super) fn over(&self, app: &App, idle: Duration) -> Vec<String> {
        let (now, mut over) = (clock::now(), Vec::new());
        self.lock().sessions.retain(|id, session| {
            let expired = session.who.left(now).is_some_and(|left| left.is_zero());
            let ends = session.idle() >= idle || expired || app.is_nobody(&session.who);
            if ends {
                over.push(id.clone());
            }
            !ends
        });
        over
    }

    /// Takes out all.
    pub(super) fn all(&self) -> Vec<String> {
        std::mem::take(&mut self.lock().sessions).into_keys().collect()
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.lock().sessions.len()
    }
}

impl Room {
    /// It is taken.
    pub(super) fn take(self, id: &str) {
        let used = InUse { open: 0, last: Instant::now() };
        let session = Arc::new(Session { id: id.to_owned(), who: Arc::clone(&self.who), use_: Mutex::new(used) });
        self.sessions.lock().sessions.insert(id.to_owned(), session);
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let mut known = self.sessions.lock();
        if let Some(own) = known.beginning.iter().position(|who| Arc::ptr_eq(who, &self.who)) {
            known.beginning.swap_remove(own);
        }
    }
}
