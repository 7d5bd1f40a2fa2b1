//! What an issuer's signatures are checked with. Each key is for one algorithm, whatever a token says: a public key is
//! never taken for a secret.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use anyhow::{Context, bail};
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};

use crate::config::KeyFile;
use crate::limits::{KEY_FILE_BYTES_MAX, KEYS_AGE_MAX, KEYS_REREAD_PAUSE};

/// Bytes of a secret, at least: as many as HMAC with SHA-256 makes (RFC 7518, section 3.2).
const SECRET_BYTES_MIN: usize = 32;

/// One key.
#[derive(Debug)]
pub(super) struct Key {
    id: Option<String>,
    algorithm: Algorithm,
    pub(super) key: DecodingKey,
}

/// The keys of one issuer.
#[derive(Debug)]
pub(super) struct Keys {
    /// Where they are read again from.
    set: Option<PathBuf>,
    algorithms: Vec<Algorithm>,
    known: Mutex<Known>,
}

#[derive(Debug)]
struct Known {
    keys: Arc<[Key]>,
    /// When they were read, or tried to be read.
    read: Instant,
}

impl Keys {
    pub(super) fn load(file: &KeyFile, algorithms: &[Algorithm]) -> anyhow::Result<Self> {
        let (set, keys) = match file {
            KeyFile::Secret(path) => {
                let key = DecodingKey::from_secret(&secret(path)?);
                (None, Arc::from([Key { id: None, algorithm: Algorithm::HS256, key }]))
            }
            KeyFile::Public(path) => (None, Arc::from([public(path, algorithms)?])),
            KeyFile::Set(path) => (Some(path.clone()), read_set(path, algorithms)?),
        };
        let known = Mutex::new(Known { keys, read: Instant::now() });
        Ok(Self { set, algorithms: algorithms.to_vec(), known })
    }

    /// Looks for the key that a token names and calls with it. A set is read again if it is not there, or was not read for
    /// long: keys come and go.
    pub(super) fn with<T>(&self, id: Option<&str>, algorithm: Algorithm, check: impl FnOnce(&Key) -> T) -> Option<T> {
        let keys = self.current(false);
        if let Some(key) = find(&keys, id, algorithm) {
            return Some(check(key));
        }
        find(&self.current(true), id, algorithm).map(check)
    }

    fn current(&self, missing: bool) -> Arc<[Key]> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(path) = &self.set else { return Arc::clone(&known.keys) };
        let pause = if missing { KEYS_REREAD_PAUSE } else { KEYS_AGE_MAX };
        if known.read.elapsed() >= pause {
            known.read = Instant::now();
            match read_set(path, &self.algorithms) {
                Ok(keys) => known.keys = keys,
                // It is being replaced, perhaps. Those who are here are not to be thrown out for it.
                Err(error) => tracing::warn!("keys are not read again, the old ones stay: {error:#}"),
            }
        }
        Arc::clone(&known.keys)
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

fn public(path: &Path, algorithms: &[Algorithm]) -> anyhow::Result<Key> {
    let pem = read(path)?;
    let Some(algorithm) = algorithms.first().copied() else { bail!("`algorithms` is empty") };
    let key = match algorithm {
        Algorithm::RS256 => DecodingKey::from_rsa_pem(&pem),
        Algorithm::ES256 => DecodingKey::from_ec_pem(&pem),
        _ => DecodingKey::from_ed_pem(&pem),
    };
    let key = key.map_err(|_| anyhow::anyhow!("{} has no public key for {algorithm:?} in PEM", path.display()))?;
    Ok(Key { id: None, algorithm, key })
}

fn read_set(path: &Path, algorithms: &[Algorithm]) -> anyhow::Result<Arc<[Key]>> {
    let set: JwkSet =
        serde_json::from_slice(&read(path)?).with_context(|| format!("{} is no JWK set (RFC 7517)", path.display()))?;
    let keys: Arc<[Key]> = set.keys.iter().filter_map(|key| of_set(key, algorithms)).collect();
    if keys.is_empty() {
        bail!("{} has no key for {algorithms:?}", path.display());
    }
    Ok(keys)
}

/// A key of a set, if it is one that signatures are checked with. Others may stand there for other purposes.
fn of_set(jwk: &Jwk, algorithms: &[Algorithm]) -> Option<Key> {
    let algorithm = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => Algorithm::RS256,
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => Algorithm::ES256,
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => Algorithm::EdDSA,
        // A secret in a set that others can read is none.
        _ => return None,
    };
    let common = &jwk.common;
    let signs = common.public_key_use.as_ref().is_none_or(|usage| *usage == PublicKeyUse::Signature);
    let named = common.key_algorithm.is_none_or(|named| named.to_string() == format!("{algorithm:?}"));
    if !signs || !named || !algorithms.contains(&algorithm) {
        return None;
    }
    Some(Key { id: common.key_id.clone(), algorithm, key: DecodingKey::from_jwk(jwk).ok()? })
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
