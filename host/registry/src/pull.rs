//! A component comes out of a registry, if it is the one that was asked for: every byte has the digest that leads to it, and the
//! signature is that of somebody who is trusted.

use bytes::Bytes;

use crate::artifact::Contents;
use crate::limits::CONFIG_BYTES_MAX;
use crate::{Digest, Registry, RegistryError, SignatureError, Told, Trust};

/// What was pulled.
#[derive(Debug, Clone)]
pub struct Pulled {
    /// The component's bytes.
    pub component: Bytes,
    /// Of the manifest: what to pin.
    pub digest: Digest,
    /// The number of the key that signed it, if a signature was asked for.
    pub signed_by: Option<String>,
}

impl Registry {
    /// Pulls the component that the reference names, of at most `max` bytes: by its digest if it has one, else by its tag.
    ///
    /// # Errors
    ///
    /// The registry is not reached or has no such component, or something is not what it should be.
    pub async fn pull(&self, max: u64, trust: &Trust, told: Option<Told>) -> Result<Pulled, RegistryError> {
        let which = match (self.reference.digest(), self.reference.tag()) {
            (Some(digest), _) => digest.to_string(),
            (None, Some(tag)) => tag.to_owned(),
            (None, None) => return Err(self.untagged()),
        };
        let Some(manifest) = self.manifest(&which).await? else { return Err(self.missing(&which).await) };
        let digest = Digest::of(&manifest);
        if let Some(wanted) = self.reference.digest().filter(|wanted| *wanted != digest) {
            return Err(RegistryError::Digest { what: "the manifest", wanted, found: digest });
        }
        let contents = Contents::read(&manifest)?;
        if trust.misses(contents.signature.as_deref()) {
            return Err(SignatureError::Missing.into());
        }
        // Nothing is read from it, but what is damaged is not taken for whole.
        self.blob("its configuration", &contents.config, CONFIG_BYTES_MAX, None).await?;
        let component = self.blob("the component", &contents.component, max, told).await?;
        let signed_by = trust.verify(contents.signature.as_deref(), &component, self.reference.name())?;
        Ok(Pulled { component, digest, signed_by })
    }
}
