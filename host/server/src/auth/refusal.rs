//! Why somebody is not let through, and how that is said (RFC 6750, section 3). Nothing of a token is repeated.

use axum::http::HeaderValue;

use crate::limits::KEYS_FETCH_PAUSE;
use crate::problem::{Kind, Problem};

/// A token, or the lack of one, that makes nobody of whoever sent it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error(
        "there is no token; send one as `Authorization: Bearer <token>`, or set `auth.allow-anonymous` in the server's \
         configuration"
    )]
    Missing,
    #[error("{0}")]
    Malformed(String),
    #[error(
        "no token like this is known; `[[auth.tokens]]` in the server's configuration lists hashes of those that are"
    )]
    Unknown,
    #[error("the token has expired; ask whoever gave it to you for a new one")]
    Expired,
    #[error("the token is not valid yet (`nbf`); wait, or compare your issuer's clock with the server's")]
    NotYetValid,
    #[error(
        "the token is for somebody else: its `aud` has none of the audiences that this server accepts from its issuer"
    )]
    Audience,
    #[error("the token's issuer (`iss`) is none of `[[auth.issuers]]` in the server's configuration")]
    Issuer,
    #[error("the token, or what it rests on, was taken back; ask whoever gave it to you for another")]
    Revoked,
    #[error("{0}")]
    Signature(&'static str),
    #[error(
        "the ticket is not valid: it was used, its 30 seconds are over, or it never was one; get another by POST /tickets"
    )]
    Ticket,
    #[error(
        "the keys of the token's issuer could not be fetched yet (`jwks-url`), so it cannot be checked; try again soon"
    )]
    NoKeys,
}

impl Refusal {
    const fn kind(&self) -> Kind {
        match self {
            Self::Missing => Kind::TokenMissing,
            Self::Malformed(_) => Kind::TokenMalformed,
            Self::Unknown => Kind::TokenUnknown,
            Self::Expired => Kind::TokenExpired,
            Self::NotYetValid => Kind::TokenNotYetValid,
            Self::Audience => Kind::TokenAudience,
            Self::Issuer => Kind::TokenIssuer,
            Self::Signature(_) => Kind::TokenSignature,
            Self::Revoked => Kind::TokenRevoked,
            Self::Ticket => Kind::TicketInvalid,
            Self::NoKeys => Kind::Unavailable,
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let kind = refusal.kind();
        if refusal == Refusal::NoKeys {
            return Self::new(kind, refusal.to_string()).retry_after(KEYS_FETCH_PAUSE.as_secs());
        }
        // Whoever sent no token is told how, and nothing of errors.
        let challenge = match refusal {
            Refusal::Missing => "Bearer realm=\"tidemill\"".to_owned(),
            _ => format!("Bearer realm=\"tidemill\", error=\"invalid_token\", error_description=\"{}\"", kind.title()),
        };
        let challenge = HeaderValue::try_from(challenge).unwrap_or(HeaderValue::from_static("Bearer"));
        Self::new(kind, refusal.to_string()).challenge(challenge)
    }
}

/// Somebody who is known may not do this. `permission` is what it would take.
pub(crate) fn not_permitted(permission: &str, detail: String) -> Problem {
    Problem::new(Kind::NotPermitted, detail).with("permission", permission)
}
