//! The audit log: one line for each attempt to change something by hand, and for each request of somebody who may not, with
//! the target `audit`. Must not know what requests do, nor who may.

use std::num::NonZeroU32;
use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use uuid::Uuid;

use crate::auth::Principal;
use crate::connections::Peer;
use crate::limits::{REFUSALS_WRITTEN_MAX, REQUEST_ID_BYTES_MAX};
use crate::problem::Reason;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What refusals are written by.
#[derive(Debug)]
pub(crate) struct Audit {
    refusals: DefaultDirectRateLimiter,
}

impl Default for Audit {
    fn default() -> Self {
        let second = NonZeroU32::new(REFUSALS_WRITTEN_MAX).unwrap_or(NonZeroU32::MIN);
        Self { refusals: RateLimiter::direct(Quota::per_second(second)) }
    }
}

impl Audit {
    /// Writes down that somebody may not do what is no action by hand: reading, or publishing. There may be many of these;
    /// figures count all, and only some a second are written.
    pub(crate) fn refused(
        &self,
        what: &'static str,
        route: &str,
        remote: &Peer,
        by: Option<&Principal>,
        answer: &Response,
    ) {
        if self.refusals.check().is_err() {
            return;
        }
        let (status, reason) = (answer.status().as_u16(), reason(answer));
        let by = by.map(tracing::field::display);
        tracing::info!(target: "audit", action = what, object = ?route, outcome = "refused", status, reason, principal = by,
            remote = %remote.address, "a request was refused");
    }
}

/// One attempt. If it is dropped before there is an answer, its client went away; what it asked for may have been done.
pub(crate) struct Attempt {
    action: &'static str,
    object: String,
    remote: Peer,
    id: String,
    by: Option<Arc<Principal>>,
    answered: bool,
}

impl Attempt {
    /// What somebody begins to do with an object.
    pub(crate) fn begin(action: &'static str, object: String, remote: Peer, headers: &HeaderMap) -> Self {
        Self { action, object, remote, id: request_id(headers), by: None, answered: false }
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
        let by = by.as_deref().map(tracing::field::display);
        tracing::info!(
            target: "audit",
            action,
            // A client chose it: quoted, so that it stays one line and one field.
            object = ?object,
            outcome,
            status,
            reason,
            principal = by,
            remote = %remote.address,
            requestId = %id,
            "an action by hand"
        );
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
