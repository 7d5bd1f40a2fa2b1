//! Why something is not pushed or pulled, each in a sentence.

use crate::limits::WORDS_MAX;
use crate::{Digest, SignatureError};

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// Nobody answers, or not to the end.
    #[error(
        "cannot reach the registry {registry}: {reason}; check its name, the network, and `HTTPS_PROXY` if there is a proxy"
    )]
    Unreachable {
        /// Which.
        registry: String,
        /// What happened.
        reason: String,
    },
    /// It wants to know who asks, or does not know who asked.
    #[error(
        "{registry} wants credentials for {repository}{}; log in with `docker login {registry}`, or set \
         TIDEMILL_REGISTRY_USER and TIDEMILL_REGISTRY_PASSWORD",
        if *.known { ", and does not accept those that it was given" } else { "" }
    )]
    Unauthorized {
        /// Which.
        registry: String,
        /// In it.
        repository: String,
        /// Whether there were any.
        known: bool,
    },
    /// Who asked may not.
    #[error("{registry} does not allow this in {repository}{}; ask who owns it", words(.detail))]
    Forbidden {
        /// Which.
        registry: String,
        /// In it.
        repository: String,
        /// Its words.
        detail: String,
    },
    /// There is no such thing.
    #[error("there is no {what}{}", near(.tags))]
    Missing {
        /// What was asked for.
        what: String,
        /// Tags that there are, the nearest first.
        tags: Vec<String>,
    },
    /// The bytes are not those that were asked for.
    #[error("{what} has the digest {found} and not {wanted}: what the registry sent is damaged or not what was pushed")]
    Digest {
        /// What.
        what: &'static str,
        /// Asked for.
        wanted: Digest,
        /// Got.
        found: Digest,
    },
    /// Something else was pushed there.
    #[error("it is no WebAssembly component but {0}; name a reference that was pushed with `tidemill plugin push`")]
    NotWasm(String),
    /// More bytes than there may be.
    #[error("{what} has more than {max} bytes, which is the most")]
    TooLarge {
        /// What.
        what: &'static str,
        /// Bytes.
        max: u64,
    },
    /// Something does not have the form that it must have.
    #[error("{0}")]
    Unusable(String),
    /// The registry refuses.
    #[error("{registry} answers {status}{}", words(.detail))]
    Refused {
        /// Which.
        registry: String,
        /// HTTP status.
        status: u16,
        /// Its words.
        detail: String,
    },
    /// The signature is missing or wrong.
    #[error(transparent)]
    Signature(#[from] SignatureError),
}

fn words(detail: &str) -> String {
    if detail.is_empty() { String::new() } else { format!(" ({detail})") }
}

fn near(tags: &[String]) -> String {
    if tags.is_empty() { String::new() } else { format!("; there are the tags {}", tags.join(", ")) }
}

/// Words of others on one line, without what a terminal would obey, and not too many.
pub(crate) fn shown(text: &str) -> String {
    let plain = text.trim().chars().map(|c| if c.is_control() { '\u{fffd}' } else { c });
    plain.take(WORDS_MAX).collect()
}
