//! Requests that are being answered: who sent them, how many one may have open, and the means to end them when their sender
//! is nobody any more or the server stops.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use http_body::{Frame, SizeHint};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use crate::app::App;
use crate::auth::Principal;
use crate::clock;
use crate::mcp::limits::{OPEN_MAX, OPEN_OF_ONE_MAX, OPEN_OF_PRINCIPAL_MAX};
use crate::mcp::sessions::Session;
use crate::mcp::shares::{Share, Shares};
use crate::problem::{Kind, Problem};

/// All that are open.
#[derive(Debug)]
pub(super) struct Visits {
    open: Mutex<Open>,
    shares: Arc<Shares>,
}

impl Default for Visits {
    fn default() -> Self {
        Self { open: Mutex::default(), shares: Shares::new(OPEN_MAX, OPEN_OF_PRINCIPAL_MAX) }
    }
}

#[derive(Debug, Default)]
struct Open {
    last: u64,
    visits: HashMap<u64, (Arc<Principal>, CancellationToken)>,
    /// How many one session has, or one principal with a token without sessions.
    of_one: HashMap<String, usize>,
}

/// One that is open, until it is dropped.
#[derive(Debug)]
pub(crate) struct Visit {
    visits: Arc<Visits>,
    number: u64,
    owner: String,
    session: Option<Arc<Session>>,
    end: CancellationToken,
    _share: Share,
}

impl Visits {
    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens one, if there is room.
    pub(super) fn open(
        self: &Arc<Self>,
        who: &Arc<Principal>,
        session: Option<Arc<Session>>,
    ) -> Result<Visit, Problem> {
        let owner = match &session {
            Some(session) => format!("session {}", session.id()),
            None => format!("principal {}", who.name()),
        };
        let mut open = self.lock();
        // Whoever has no token shares the name with all others who have none.
        let most = if session.is_none() && who.kind().is_none() { usize::MAX } else { OPEN_OF_ONE_MAX };
        let own = open.of_one.get(&owner).copied().unwrap_or_default();
        let share = if own < most { self.shares.take(who, 1) } else { None };
        let share = share.ok_or_else(|| {
            let detail = format!(
                "there are too many open requests and streams of MCP; one session, or one token without sessions, may have \
                 {OPEN_OF_ONE_MAX} at a time, one principal {}",
                self.shares.most(who)
            );
            Problem::new(Kind::RateLimited, detail).retry_after(1)
        })?;
        open.last += 1;
        let (number, end) = (open.last, CancellationToken::new());
        open.visits.insert(number, (Arc::clone(who), end.clone()));
        *open.of_one.entry(owner.clone()).or_default() += 1;
        drop(open);
        session.iter().for_each(|session| session.begin());
        Ok(Visit { visits: Arc::clone(self), number, owner, session, end, _share: share })
    }

    /// Ends those of principals that are nobody any more.
    pub(super) fn sweep(&self, app: &App) {
        let now = clock::now();
        let open = self.lock();
        let over = |who: &Principal| app.is_nobody(who) || who.left(now).is_some_and(|left| left.is_zero());
        open.visits.values().filter(|(who, _)| over(who)).for_each(|(_, end)| end.cancel());
    }

    /// Ends all.
    pub(super) fn close(&self) {
        let open = self.lock();
        open.visits.values().for_each(|(_, end)| end.cancel());
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.lock().visits.len()
    }
}

impl Visit {
    /// Cancelled when it is to end.
    pub(super) fn end(&self) -> CancellationToken {
        self.end.clone()
    }

    /// A body that is part of the visit.
    pub(super) fn body(self, inner: Body) -> Body {
        let end = Box::pin(self.end.clone().cancelled_owned());
        Body::new(Visited { inner, end, _visit: self })
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let mut open = self.visits.lock();
        open.visits.remove(&self.number);
        if let Some(count) = open.of_one.get_mut(&self.owner) {
            *count -= 1;
            if *count == 0 {
                open.of_one.remove(&self.owner);
            }
        }
        drop(open);
        self.session.iter().for_each(|session| session.end());
    }
}

/// A body that ends with its visit.
struct Visited {
    inner: Body,
    end: Pin<Box<WaitForCancellationFutureOwned>>,
    _visit: Visit,
}

impl http_body::Body for Visited {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        if self.end.as_mut().poll(cx).is_ready() {
            return Poll::Ready(None);
        }
        Pin::new(&mut self.inner).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
