//! What somebody's standing rests on, which can be taken from them while they are here.

use std::sync::atomic::{AtomicBool, Ordering};

use uuid::Uuid;

/// A token in the configuration, an issuer, or that nobody needs a token. All principals that rest on one share it.
#[derive(Debug)]
pub(crate) struct Credential {
    is_withdrawn: AtomicBool,
    id: Uuid,
}

impl Default for Credential {
    fn default() -> Self {
        Self { is_withdrawn: AtomicBool::new(false), id: Uuid::new_v4() }
    }
}

impl Credential {
    /// Who rests on it is nobody from now on.
    pub(super) fn withdraw(&self) {
        self.is_withdrawn.store(true, Ordering::SeqCst);
    }

    /// What tells it from others, as long as the process lives.
    pub(crate) const fn id(&self) -> Uuid {
        self.id
    }

    pub(super) fn is_withdrawn(&self) -> bool {
        self.is_withdrawn.load(Ordering::SeqCst)
    }
}
