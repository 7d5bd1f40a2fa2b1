//! The audit log: one line for each attempt to change something by hand, and for each request of somebody who may not, with
//! the target `audit`, and as events if that is wanted. Must not know what requests do, nor who may.

mod event;

use std::num::NonZeroU32;
use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use uuid::Uuid;

use crate::app::App;
use crate::auth::Principal;
use crate::connections::Peer;
use crate::limits::{AUDIT_EVENTS_MAX, REFUSALS_WRITTEN_MAX, REQUEST_ID_BYTES_MAX};
use crate::problem::Reason;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What bounds how much is written.
#[derive(Debug)]
pub(crate) struct Audit {
    refusals: DefaultDirectRateLimiter,
    events: DefaultDirectRateLimiter,
}

/// What one line says.
struct Line<'a> {
    action: &'static str,
    object: &'a str,
    outcome: &'static str,
    status: Option<u16>,
    reason: Option<&'static str>,
    by: Option<&'a Principal>,
    remote: &'a Peer,
    /// The name of the request; none if its client was not told.
    id: Option<&'a str>,
}

impl Default for Audit {
    fn default() -> Self {
        let per_second =
            |most| RateLimiter::direct(Quota::per_second(NonZeroU32::new(most).unwrap_or(NonZeroU32::MIN)));
        Self { refusals: per_second(REFUSALS_WRITTEN_MAX), events: per_second(AUDIT_EVENTS_MAX) }
    }
}

impl Line<'_> {
    fn write(&self, app: &App, message: &'static str) {
        let Self { action, object, outcome, status, reason, by, remote, id } = self;
        tracing::info!(
            target: "audit",
            action,
            // A client chose it: quoted, so that it stays one line and one field.
            object = ?object,
            outcome,
            status,
            reason,
            principal = by.map(tracing::field::display),
            remote = %remote.address,
            requestId = id.map(tracing::field::display),
            "{message}"
        );
        event::tell(app, self);
    }
}

/// Writes down that somebody may not do what is no action by hand: reading, or publishing. There may be many of these;
/// figures count all, and only some a second are written.
pub(crate) fn refused(
    app: &App,
    action: &'static str,
    route: &str,
    remote: &Peer,
    by: Option<&Principal>,
    answer: &Response,
) {
    if app.audit.refusals.check().is_ok() {
        let (status, reason) = (Some(answer.status().as_u16()), reason(answer));
        let line = Line { action, object: route, outcome: "refused", status, reason, by, remote, id: None };
        line.write(app, "a request was refused");
    }
}

/// One attempt. If it is dropped before there is an answer, its client went away; what it asked for may have been done.
pub(crate) struct Attempt {
    app: Arc<App>,
    action: &'static str,
    object: String,
    remote: Peer,
    id: String,
    by: Option<Arc<Principal>>,
    answered: bool,
}

impl Attempt {
    /// What somebody begins to do with an object.
    pub(crate) fn begin(
        app: &Arc<App>,
        action: &'static str,
        object: String,
        remote: Peer,
        headers: &HeaderMap,
    ) -> Self {
        Self { app: Arc::clone(app), action, object, remote, id: request_id(headers), by: None, answered: false }
    }

    /// Says who it is.
    pub(crate) fn by(&mut self, principal: &Arc<Principal>) {
        self.by = Some(Arc::clone(principal));
    }

    /// Writes down what came of it. The answer tells under which name. What no route does was no attempt.
    pub(crate) fn end(mut self, mut answer: Response) -> Response {
        self.answered = true;
        if answer.status() == StatusCode::METHOD_NOT_ALLOWED {
            return answer;
        }
        self.write(outcome(answer.status()), Some(answer.status().as_u16()), reason(&answer));
        if let Ok(id) = HeaderValue::from_str(&self.id) {
            answer.headers_mut().insert(REQUEST_ID, id);
        }
        answer
    }

    fn write(&self, outcome: &'static str, status: Option<u16>, reason: Option<&'static str>) {
        let Self { action, object, remote, id, by, .. } = self;
        let by = by.as_deref();
        let line = Line { action, object, outcome, status, reason, by, remote, id: Some(id) };
        line.write(&self.app, "an action by hand");
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if !self.answered {
            self.write("unknown", None, None);
        }
    }
}

fn reason(answer: &Response) -> Option<&'static str> {
    answer.extensions().get().map(|Reason(name)| *name)
}

const fn outcome(status: StatusCode) -> &'static str {
    match status.as_u16() {
        200..400 => "done",
        400..500 => "refused",
        _ => "failed",
    }
}

/// The client's own name for the request if it is a plain one, so that its log lines and these can be put together.
fn request_id(headers: &HeaderMap) -> String {
    let given = headers.get(REQUEST_ID).and_then(|id| id.to_str().ok());
    let plain = |id: &&str| {
        (1..=REQUEST_ID_BYTES_MAX).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte))
    };
    given.filter(plain).map_or_else(|| Uuid::now_v7().to_string(), ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_request_ids_are_taken_over() {
        let of = |id: &[u8]| {
            let id = HeaderValue::from_bytes(id).unwrap();
            request_id(&HeaderMap::from_iter([(REQUEST_ID, id)]))
        };
        assert_eq!(of(b"a-1_b.c:2"), "a-1_b.c:2");
        let long = "x".repeat(REQUEST_ID_BYTES_MAX + 1);
        for other in [&b""[..], b"a b", b"a\"b", b"\xff", long.as_bytes()] {
            assert!(Uuid::parse_str(&of(other)).is_ok(), "{other:?}");
        }
    }
}
