//! A component goes into a registry: its parts first, then the manifest that makes them one artifact.

use bytes::Bytes;

use crate::artifact::{About, Parts};
use crate::{Digest, KeyError, Registry, RegistryError, SecretKey, Told};

/// What was pushed.
#[derive(Debug, Clone)]
pub struct Pushed {
    /// Of the manifest: what to pin.
    pub digest: Digest,
    /// What the tag stood for before, if for anything else.
    pub before: Option<Digest>,
}

impl Registry {
    /// Pushes a component under the reference's tag, signed if there is a key.
    ///
    /// # Errors
    ///
    /// The registry is not reached or refuses it, or the key signs nothing.
    pub async fn push(
        &self,
        component: Bytes,
        about: &About,
        key: Option<&SecretKey>,
        told: Option<Told>,
    ) -> Result<Pushed, RegistryError> {
        let (name, tag) = (self.reference.name(), self.reference.tag().ok_or_else(|| self.untagged())?);
        let signature = key.map(|key| key.sign(&component, name)).transpose();
        let signature = signature.map_err(|error: KeyError| RegistryError::Unusable(error.to_string()))?;
        let parts = Parts::new(name, component, about, signature.as_deref())?;
        let digest = Digest::of(&parts.manifest);
        self.will_push().await;
        let before = self.digest_of(tag).await?.filter(|before| *before != digest);
        self.put_blob(&parts.component, told).await?;
        self.put_blob(&parts.config, None).await?;
        self.put_manifest(tag, parts.manifest).await?;
        Ok(Pushed { digest, before })
    }
}
