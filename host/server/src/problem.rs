//! Errors as RFC 9457 problem documents. The one place where errors become HTTP.

use std::fmt;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value};

/// A problem document. Boxed: results carry it through every function that can fail.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct Problem(Box<Document>);

#[derive(Debug, Serialize)]
struct Document {
    /// `urn:tidemill:problem:<kind>`: stable, for programs.
    #[serde(rename = "type")]
    kind: String,
    /// The kind's own name, for programs that read log lines and figures.
    #[serde(skip)]
    name: &'static str,
    title: &'static str,
    status: u16,
    /// For people: what is wrong and what to do.
    detail: String,
    /// The parameter, header or member at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<String>,
    #[serde(flatten)]
    more: Map<String, Value>,
    #[serde(skip)]
    retry_after: Option<u64>,
    /// `WWW-Authenticate`
    #[serde(skip)]
    challenge: Option<HeaderValue>,
}

/// The kinds of problems, with their status and title.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    BadRequest,
    TokenMissing,
    TokenMalformed,
    TokenUnknown,
    TokenExpired,
    TokenNotYetValid,
    TokenAudience,
    TokenIssuer,
    TokenSignature,
    TokenRevoked,
    TicketInvalid,
    NotPermitted,
    CrossSite,
    NotFound,
    MethodNotAllowed,
    RequestTimeout,
    TooLarge,
    TargetTooLong,
    HeadersTooLarge,
    UnsupportedMediaType,
    Rejected,
    Busy,
    RateLimited,
    PluginFailed,
    Unavailable,
    LogFull,
    Conflict,
    ViewRefused,
    ViewFailed,
    PluginRefused,
    PreconditionFailed,
    NotWritable,
}

impl Kind {
    const fn parts(self) -> (&'static str, StatusCode, &'static str) {
        match self {
            Self::BadRequest => ("bad-request", StatusCode::BAD_REQUEST, "Bad request"),
            Self::TokenMissing => ("token-missing", StatusCode::UNAUTHORIZED, "A token is needed"),
            Self::TokenMalformed => ("token-malformed", StatusCode::UNAUTHORIZED, "The token cannot be read"),
            Self::TokenUnknown => ("token-unknown", StatusCode::UNAUTHORIZED, "The token is not known"),
            Self::TokenExpired => ("token-expired", StatusCode::UNAUTHORIZED, "The token has expired"),
            Self::TokenNotYetValid => ("token-not-yet-valid", StatusCode::UNAUTHORIZED, "The token is not valid yet"),
            Self::TokenAudience => ("token-audience", StatusCode::UNAUTHORIZED, "The token is for somebody else"),
            Self::TokenIssuer => ("token-issuer", StatusCode::UNAUTHORIZED, "The token's issuer is not accepted"),
            Self::TokenSignature => ("token-signature", StatusCode::UNAUTHORIZED, "The token's signature is wrong"),
            Self::TokenRevoked => ("token-revoked", StatusCode::UNAUTHORIZED, "The token was revoked"),
            Self::TicketInvalid => ("ticket-invalid", StatusCode::UNAUTHORIZED, "The ticket is not valid"),
            Self::NotPermitted => ("not-permitted", StatusCode::FORBIDDEN, "Not permitted"),
            Self::CrossSite => ("cross-site", StatusCode::FORBIDDEN, "The request comes from another site"),
            Self::NotFound => ("not-found", StatusCode::NOT_FOUND, "Not found"),
            Self::MethodNotAllowed => ("method-not-allowed", StatusCode::METHOD_NOT_ALLOWED, "Method not allowed"),
            Self::RequestTimeout => ("request-timeout", StatusCode::REQUEST_TIMEOUT, "The request took too long"),
            Self::TooLarge => ("too-large", StatusCode::PAYLOAD_TOO_LARGE, "Too large"),
            Self::TargetTooLong => ("target-too-long", StatusCode::URI_TOO_LONG, "The address is too long"),
            Self::HeadersTooLarge => {
                ("headers-too-large", StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "The headers are too large")
            }
            Self::UnsupportedMediaType => {
                ("unsupported-media-type", StatusCode::UNSUPPORTED_MEDIA_TYPE, "Unsupported media type")
            }
            Self::Rejected => ("rejected", StatusCode::UNPROCESSABLE_ENTITY, "The event was rejected"),
            Self::Busy => ("busy", StatusCode::TOO_MANY_REQUESTS, "Too many events at the moment"),
            Self::RateLimited => {
                ("rate-limited", StatusCode::TOO_MANY_REQUESTS, "Too much of one publisher in a second")
            }
            Self::PluginFailed => ("plugin-failed", StatusCode::INTERNAL_SERVER_ERROR, "A plugin failed on the event"),
            Self::ViewRefused => ("view-refused", StatusCode::FORBIDDEN, "The view refused the subscription"),
            Self::ViewFailed => {
                ("view-failed", StatusCode::INTERNAL_SERVER_ERROR, "The view failed on the subscription")
            }
            Self::PluginRefused => ("plugin-refused", StatusCode::UNPROCESSABLE_ENTITY, "The plugin was refused"),
            Self::PreconditionFailed => {
                ("precondition-failed", StatusCode::PRECONDITION_FAILED, "Another version is there")
            }
            Self::NotWritable => {
                ("not-writable", StatusCode::INTERNAL_SERVER_ERROR, "A directory cannot be written to")
            }
            Self::Conflict => ("conflict", StatusCode::CONFLICT, "Not possible in this state"),
            Self::LogFull => ("log-full", StatusCode::INSUFFICIENT_STORAGE, "There is no room for events"),
            Self::Unavailable => ("unavailable", StatusCode::SERVICE_UNAVAILABLE, "Not possible at the moment"),
        }
    }

    /// For people, in ASCII.
    pub(crate) const fn title(self) -> &'static str {
        self.parts().2
    }
}

impl Problem {
    /// A problem of a kind; `detail` says what is wrong and what to do.
    pub(crate) fn new(kind: Kind, detail: impl Into<String>) -> Self {
        let (name, status, title) = kind.parts();
        Self(Box::new(Document {
            kind: format!("urn:tidemill:problem:{name}"),
            name,
            title,
            status: status.as_u16(),
            detail: detail.into(),
            at: None,
            more: Map::new(),
            retry_after: None,
            challenge: None,
        }))
    }

    /// What a plugin answers a delivery that it does not take, with a status of its choice.
    pub(crate) fn of_hook(status: u16, detail: String) -> Self {
        let mut problem = Self::new(Kind::Rejected, detail);
        problem.0.kind = "urn:tidemill:problem:delivery-refused".to_owned();
        problem.0.name = "delivery-refused";
        (problem.0.title, problem.0.status) = ("The delivery was refused", status);
        problem
    }

    /// Names what is at fault.
    pub(crate) fn at(mut self, at: impl Into<String>) -> Self {
        self.0.at = Some(at.into());
        self
    }

    /// Adds a member.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.more.insert(name.to_owned(), value.into());
        self
    }

    /// Says after how many seconds it is worth trying again.
    pub(crate) fn retry_after(mut self, seconds: u64) -> Self {
        self.0.retry_after = Some(seconds);
        self
    }

    /// Says how to show who one is.
    pub(crate) fn challenge(mut self, challenge: HeaderValue) -> Self {
        self.0.challenge = Some(challenge);
        self
    }
}

/// In the extensions of an answer: the kind of problem that it is, for log lines and figures.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reason(pub(crate) &'static str);

impl fmt::Display for Problem {
    /// For people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.detail)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        response.extensions_mut().insert(Reason(self.0.name));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.0.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if let Some(challenge) = self.0.challenge {
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}
