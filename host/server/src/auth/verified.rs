//! Signed tokens that were found right: whoever comes again is the same principal without another look at the signature, for
//! as long as their issuer has the keys that it was checked with. Must not know who was revoked.

use std::sync::Arc;

use quick_cache::sync::Cache;

use crate::auth::issuer::Issuer;
use crate::auth::keys::Key;
use crate::auth::principal::Principal;
use crate::clock;
use crate::limits::VERIFIED_MAX;

/// By the tokens' hashes.
pub(super) struct Verified(Cache<[u8; 32], Entry>);

#[derive(Clone)]
struct Entry {
    principal: Arc<Principal>,
    issuer: Arc<Issuer>,
    keys: Arc<[Key]>,
}

impl Default for Verified {
    fn default() -> Self {
        Self(Cache::new(VERIFIED_MAX))
    }
}

impl Verified {
    /// Whom a token stands for that was right before and is still.
    pub(super) fn find(&self, hash: &[u8; 32]) -> Option<Arc<Principal>> {
        let Entry { principal, issuer, keys } = self.0.get(hash)?;
        let is_over = principal.left(clock::now()).is_none_or(|left| left.is_zero());
        if is_over || !issuer.has(&keys) {
            self.0.remove(hash);
            return None;
        }
        Some(principal)
    }

    pub(super) fn keep(&self, hash: [u8; 32], principal: &Arc<Principal>, issuer: &Arc<Issuer>, keys: Arc<[Key]>) {
        let (principal, issuer) = (Arc::clone(principal), Arc::clone(issuer));
        self.0.insert(hash, Entry { principal, issuer, keys });
    }
}

impl std::fmt::Debug for Verified {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verified").finish_non_exhaustive()
    }
}
