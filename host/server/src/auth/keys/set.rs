//! A set of public keys (JWK set, RFC 7517), wherever it was read. Must not know who asks for its keys.

use std::sync::Arc;

use anyhow::{Context, bail};
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

use super::Key;
use crate::limits::KEYS_MAX;

#[derive(Deserialize)]
struct Written {
    /// One by one: a set may have kinds of keys that are not known here, which are to be passed over.
    keys: Vec<Value>,
}

/// The keys of a file that signatures are checked with; others may stand there for other purposes.
pub(super) fn parse(bytes: &[u8], algorithms: &[Algorithm]) -> anyhow::Result<Arc<[Key]>> {
    let Written { keys } = serde_json::from_slice(bytes).context("it is no JWK set (RFC 7517)")?;
    let usable = keys.into_iter().filter_map(|key| serde_json::from_value::<Jwk>(key).ok());
    let keys: Arc<[Key]> = usable.filter_map(|key| usable_key(&key, algorithms)).collect();
    if keys.is_empty() {
        bail!("it has no key for {algorithms:?}");
    }
    Ok(keys)
}

/// The same of a set from elsewhere. An issuer that shows a secret, has two keys of one name, or keys without end, is
/// not one whose other keys are to be taken.
pub(super) fn parse_foreign(bytes: &[u8], algorithms: &[Algorithm]) -> anyhow::Result<Arc<[Key]>> {
    let Written { keys } = serde_json::from_slice(bytes).context("it is no JWK set (RFC 7517)")?;
    if keys.len() > KEYS_MAX {
        bail!("it has {} keys, at most {KEYS_MAX} are taken", keys.len());
    }
    if keys.iter().any(|key| key["kty"] == "oct" || key.get("d").is_some()) {
        bail!("it shows a secret or private key, which anybody could sign with");
    }
    let mut names: Vec<&Value> = keys.iter().filter_map(|key| key.get("kid")).collect();
    names.sort_unstable_by_key(|name| name.to_string());
    if names.windows(2).any(|pair| pair[0] == pair[1]) {
        bail!("it has two keys with the same `kid`");
    }
    parse(bytes, algorithms)
}

fn usable_key(jwk: &Jwk, algorithms: &[Algorithm]) -> Option<Key> {
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
