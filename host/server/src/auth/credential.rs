//! What somebody's standing rests on, which can be taken from them while they are here.

use std::sync::atomic::{AtomicBool, Ordering};

/// A token in the configuration, an issuer, or that nobody needs a token. All principals that rest on one share it.
#[derive(Debug, Default)]
pub(crate) struct Credential(AtomicBool);

impl Credential {
    /// Who rests on it is nobody from now on.
    pub(super) fn withdraw(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    pub(super) fn is_withdrawn(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}
