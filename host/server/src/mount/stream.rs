//! A mount whose clients get streams: where it is, and how they look.

use crate::mount::profile::Profile;

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
