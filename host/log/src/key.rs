//! By what a published event is recognised when it comes again.

use sha2::{Digest, Sha256};

/// The idempotency key of a published event: the first 16 bytes of SHA-256 over its source and its id. With so many
/// bits nobody finds another event with the same key, and none of what publishers send is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(pub(crate) [u8; 16]);

impl Key {
    /// The key of an event with this source and id.
    pub fn new(source: &str, id: &str) -> Self {
        let mut hash = Sha256::new();
        // Neither part can have a control character.
        hash.update(source);
        hash.update([0]);
        hash.update(id);
        let mut key = [0; 16];
        key.copy_from_slice(&hash.finalize()[..16]);
        Self(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_border_between_source_and_id_counts() {
        assert_eq!(Key::new("/a", "b"), Key::new("/a", "b"));
        assert_ne!(Key::new("/a", "b"), Key::new("/", "ab"));
    }
}
