//! A mount whose clients get streams: where it is, and how they look.

use std::sync::{Arc, LazyLock};

use crate::mount::Profile;
use crate::sse;

/// The streams at `/events` that nobody configured.
pub(crate) fn plain() -> Arc<StreamMount> {
    static PLAIN: LazyLock<Arc<StreamMount>> =
        LazyLock::new(|| Arc::new(StreamMount::new(sse::PATH, Profile::default())));
    Arc::clone(&PLAIN)
}

/// A path with streams.
#[derive(Debug, PartialEq)]
pub(crate) struct StreamMount {
    path: String,
    profile: Profile,
}

impl StreamMount {
    /// Streams of this look, at a path without the server's base path.
    pub(crate) fn new(path: &str, profile: Profile) -> Self {
        profile.failures.at(path);
        Self { path: path.to_owned(), profile }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// How its streams look.
    pub(crate) const fn profile(&self) -> &Profile {
        &self.profile
    }
}
