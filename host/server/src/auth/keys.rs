//! What an issuer's signatures are checked with. Each key is for one algorithm, whatever a token says: a public key is
//! never taken for a secret.

mod remote;
mod set;

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use anyhow::{Context, bail};
use jsonwebtoken::{Algorithm, DecodingKey};
use sha2::{Digest, Sha256};

use crate::auth::keys::remote::Remote;
use crate::auth::refusal::Refusal;
use crate::config::{self, KeySource};
use crate::limits::{KEY_FILE_BYTES_MAX, KEYS_AGE_MAX, KEYS_REREAD_PAUSE};
use crate::outbound::Outbound;

/// Bytes of a secret, at least: as many as HMAC with SHA-256 makes (RFC 7518, section 3.2).
const SECRET_BYTES_MIN: usize = 32;

/// One key.
#[derive(Debug)]
pub(super) struct Key {
    id: Option<String>,
    algorithm: Algorithm,
    pub(super) key: DecodingKey,
}

/// The keys of one issuer, by where they are.
#[derive(Debug)]
pub(super) enum Keys {
    /// One, which stays, with the hash of what was in its file.
    One { keys: Arc<[Key]>, hash: [u8; 32] },
    /// A set in a file.
    File { path: PathBuf, algorithms: Vec<Algorithm>, known: Mutex<Known> },
    /// A set behind an address.
    Remote(Arc<Remote>),
}

#[derive(Debug)]
pub(super) struct Known {
    keys: Arc<[Key]>,
    /// When they were read, or tried to be read.
    read: Instant,
}

impl Keys {
    /// Reads files; what is behind an address is fetched when it is needed.
    pub(super) fn load(issuer: &config::Issuer, outbound: &Outbound) -> anyhow::Result<Self> {
        let algorithms = &issuer.algorithms;
        Ok(match &issuer.keys {
            KeySource::Secret(path) => {
                let bytes = secret(path)?;
                let key = Key { id: None, algorithm: Algorithm::HS256, key: DecodingKey::from_secret(&bytes) };
                Self::One { keys: Arc::from([key]), hash: Sha256::digest(bytes).into() }
            }
            KeySource::Public(path) => {
                let bytes = read(path)?;
                let keys = Arc::from([public(path, &bytes, algorithms)?]);
                Self::One { keys, hash: Sha256::digest(bytes).into() }
            }
            KeySource::Set(path) => {
                let known = Mutex::new(Known { keys: read_set(path, algorithms)?, read: Instant::now() });
                Self::File { path: path.clone(), algorithms: algorithms.clone(), known }
            }
            KeySource::Address(address) => {
                Self::Remote(Remote::new(address.clone(), algorithms.clone(), outbound.clone()))
            }
        })
    }

    /// Whether these are the same, of the same issuer. Sets look after themselves.
    pub(super) fn equal(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::One { hash, .. }, Self::One { hash: other, .. }) => hash == other,
            _ => true,
        }
    }

    /// Looks for the key that a token names and calls with it; the keys among which it was comes back as well. A set is read
    /// again if it is not there, or was not read for long: keys come and go. None: there is no such key.
    pub(super) async fn with<T>(
        &self,
        id: Option<&str>,
        algorithm: Algorithm,
        check: impl FnOnce(&Key) -> T,
    ) -> Result<Option<(T, Arc<[Key]>)>, Refusal> {
        if let Some(keys) = self.current(false)
            && let Some(key) = find(&keys, id, algorithm)
        {
            return Ok(Some((check(key), Arc::clone(&keys))));
        }
        let renewed = match self {
            Self::Remote(remote) => remote.renewed().await.ok_or(Refusal::NoKeys)?,
            Self::One { .. } | Self::File { .. } => self.current(true).unwrap_or_default(),
        };
        Ok(find(&renewed, id, algorithm).map(check).map(|checked| (checked, Arc::clone(&renewed))))
    }

    /// Whether these are still all that there are.
    pub(super) fn are(&self, keys: &Arc<[Key]>) -> bool {
        self.current(false).is_some_and(|own| Arc::ptr_eq(&own, keys))
    }

    /// Has a set behind an address fetched if it is time.
    pub(super) fn refresh(&self) {
        if let Self::Remote(remote) = self {
            remote.refresh();
        }
    }

    fn current(&self, missing: bool) -> Option<Arc<[Key]>> {
        let (path, algorithms, known) = match self {
            Self::One { keys, .. } => return Some(Arc::clone(keys)),
            Self::Remote(remote) => return remote.known(),
            Self::File { path, algorithms, known } => (path, algorithms, known),
        };
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        let pause = if missing { KEYS_REREAD_PAUSE } else { KEYS_AGE_MAX };
        if known.read.elapsed() >= pause {
            known.read = Instant::now();
            match read_set(path, algorithms) {
                Ok(keys) => known.keys = keys,
                // It is being replaced, perhaps. Those who are here are not to be thrown out for it.
                Err(error) => tracing::warn!("keys are not read again, the old ones stay: {error:#}"),
            }
        }
        Some(Arc::clone(&known.keys))
    }
}

/// The key of that name; one without a name, or for a token that names none, only if there is no other to choose.
fn find<'k>(keys: &'k [Key], id: Option<&str>, algorithm: Algorithm) -> Option<&'k Key> {
    let mut fitting = keys.iter().filter(|key| key.algorithm == algorithm);
    let named = id.and_then(|id| fitting.clone().find(|key| key.id.as_deref() == Some(id)));
    named.or_else(|| {
        let only = fitting.next().filter(|_| fitting.next().is_none())?;
        (id.is_none() || only.id.is_none()).then_some(only)
    })
}

/// A shared secret. The line end that editors add is not part of it.
pub(crate) fn secret(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut bytes = read(path)?;
    while bytes.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
        bytes.pop();
    }
    if bytes.len() < SECRET_BYTES_MIN {
        let path = path.display();
        bail!(
            "the secret in {path} has {} bytes, at least {SECRET_BYTES_MIN} are needed: `openssl rand -hex 32 > {path}`",
            bytes.len()
        );
    }
    Ok(bytes)
}

fn public(path: &Path, pem: &[u8], algorithms: &[Algorithm]) -> anyhow::Result<Key> {
    let Some(algorithm) = algorithms.first().copied() else { bail!("`algorithms` is empty") };
    let key = match algorithm {
        Algorithm::RS256 => DecodingKey::from_rsa_pem(pem),
        Algorithm::ES256 => DecodingKey::from_ec_pem(pem),
        _ => DecodingKey::from_ed_pem(pem),
    };
    let key = key.map_err(|_| anyhow::anyhow!("{} has no public key for {algorithm:?} in PEM", path.display()))?;
    Ok(Key { id: None, algorithm, key })
}

fn read_set(path: &Path, algorithms: &[Algorithm]) -> anyhow::Result<Arc<[Key]>> {
    set::parse(&read(path)?, algorithms).with_context(|| path.display().to_string())
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let file = fs::File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut bytes = Vec::new();
    file.take(KEY_FILE_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .with_context(|| format!("cannot read {}", path.display()))?;
    if bytes.len() as u64 > KEY_FILE_BYTES_MAX {
        bail!("{} is larger than {KEY_FILE_BYTES_MAX} bytes: it cannot be a file with keys", path.display());
    }
    Ok(bytes)
}
