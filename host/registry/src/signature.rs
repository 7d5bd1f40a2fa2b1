//! Signatures in the form of minisign: Ed25519 over a component's bytes and over a line that says which plugin they are.
//!
//! That line is what keeps a registry from handing out one plugin for another that has the same author.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::error::shown;
use crate::limits::{KEY_BYTES_MAX, SIGNATURE_BYTES_MAX};

/// The number of a key, as the tool `minisign` writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct KeyId(u64);

impl KeyId {
    /// Both keys and signatures have two bytes for the algorithm, then the number.
    fn of(bytes: &[u8]) -> Option<Self> {
        Some(Self(u64::from_le_bytes(bytes.get(2..10)?.try_into().ok()?)))
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016X}", self.0)
    }
}

/// A key that signatures are verified with. It is shown as it is written.
#[derive(Debug, Clone)]
pub struct PublicKey {
    text: String,
    key: minisign_verify::PublicKey,
    id: KeyId,
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A key that signs.
pub struct SecretKey(minisign::SecretKey);

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretKey").finish_non_exhaustive()
    }
}

/// A key that is none.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Not a public key.
    #[error(
        "this is no public key; one is a line of 56 characters that begins with RW, as in the file NAME.pub beside a secret key"
    )]
    Public,
    /// Not a secret key.
    #[error("this is no secret key; make one with `tidemill plugin key NAME.key` or `minisign -G`")]
    Secret,
    /// It needs a password.
    #[error("the secret key has a password; set TIDEMILL_SIGN_PASSWORD, or type it at a terminal")]
    Encrypted,
    /// It needs another one.
    #[error("this is not the password of the secret key")]
    Password,
    /// No key was made.
    #[error("no key could be made: {0}")]
    Made(String),
}

/// Why a signature does not count.
#[derive(Debug, thiserror::Error)]
pub enum SignatureError {
    /// There is none.
    #[error("it is not signed, and a key is configured; have it pushed with `--sign`")]
    Missing,
    /// Nobody can read it.
    #[error("its signature cannot be read; have it pushed with `--sign` again")]
    Unreadable,
    /// By somebody else.
    #[error("it is signed with the key {found}, and only {known} is trusted; ask who pushed it for that public key")]
    OtherKey {
        /// The number in the signature.
        found: String,
        /// Those that are configured.
        known: String,
    },
    /// For other bytes.
    #[error("its signature is wrong: these bytes were not signed with the key {0}")]
    Wrong(String),
    /// For another plugin.
    #[error(
        "its signature is for the plugin `{signed}` and not for `{asked}`: somebody put one in the place of the other"
    )]
    OtherName {
        /// Signed.
        signed: String,
        /// Asked for.
        asked: String,
    },
}

impl FromStr for PublicKey {
    type Err = KeyError;

    /// A key by itself, or the text of its file, which has a comment before it.
    fn from_str(text: &str) -> Result<Self, KeyError> {
        let line = text.trim().lines().next_back().map(str::trim).filter(|line| line.len() as u64 <= KEY_BYTES_MAX);
        let line = line.ok_or(KeyError::Public)?;
        let key = minisign_verify::PublicKey::from_base64(line).map_err(|_| KeyError::Public)?;
        let id = BASE64_STANDARD.decode(line).ok().as_deref().and_then(KeyId::of).ok_or(KeyError::Public)?;
        Ok(Self { text: line.to_owned(), key, id })
    }
}

impl SecretKey {
    /// Reads the text of a key's file; `password` is asked for if the key has one.
    ///
    /// # Errors
    ///
    /// The text is no secret key, or the password is not the key's.
    pub fn open(text: &str, password: impl FnOnce() -> Option<String>) -> Result<Self, KeyError> {
        let encoded = text.trim().lines().next_back().unwrap_or_default();
        let bytes = BASE64_STANDARD.decode(encoded.trim()).map_err(|_| KeyError::Secret)?;
        let encrypted = minisign::SecretKey::from_bytes(&bytes).map_err(|_| KeyError::Secret)?.is_encrypted();
        let boxed = minisign::SecretKeyBox::from_string(text.trim()).map_err(|_| KeyError::Secret)?;
        if !encrypted {
            return boxed.into_unencrypted_secret_key().map(Self).map_err(|_| KeyError::Secret);
        }
        // Without one, the library would ask for it, and write to standard output.
        let password = password().ok_or(KeyError::Encrypted)?;
        boxed.into_secret_key(Some(password)).map(Self).map_err(|_| KeyError::Password)
    }

    /// Signs a component under a plugin's name.
    pub(crate) fn sign(&self, component: &[u8], name: &str) -> Result<String, KeyError> {
        let comment = comment(name);
        minisign::sign(None, &self.0, component, Some(&comment), Some("signature of a Tidemill plugin"))
            .map(minisign::SignatureBox::into_string)
            .map_err(|_| KeyError::Secret)
    }
}

/// Makes a pair of keys: the texts of the secret and of the public key's file.
///
/// # Errors
///
/// The system has no random numbers, or no memory: a password takes 1 GiB for a moment, which makes guessing it dear.
pub fn new_keys(password: Option<String>) -> Result<(String, String), KeyError> {
    let made = |error: minisign::PError| KeyError::Made(error.to_string());
    let pair = match password {
        Some(password) => minisign::KeyPair::generate_encrypted_keypair(Some(password)),
        None => minisign::KeyPair::generate_unencrypted_keypair(),
    };
    let pair = pair.map_err(made)?;
    let secret = pair.sk.to_box(None).map_err(made)?;
    Ok((secret.to_string(), pair.pk.to_box().map_err(made)?.to_string()))
}

/// Whose signatures count.
#[derive(Debug, Clone, Default)]
pub struct Trust(Vec<PublicKey>);

impl Trust {
    /// One of these keys must have signed; without any, nothing is asked of a signature.
    pub const fn any_of(keys: Vec<PublicKey>) -> Self {
        Self(keys)
    }

    /// Whether there has to be a signature, and is none: nothing needs to be fetched then.
    pub(crate) fn misses(&self, signature: Option<&str>) -> bool {
        !self.0.is_empty() && signature.is_none()
    }

    /// Verifies a component: the number of the key that signed it, if a signature is asked for.
    pub(crate) fn verify(
        &self,
        signature: Option<&str>,
        component: &[u8],
        name: &str,
    ) -> Result<Option<String>, SignatureError> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let text = signature.ok_or(SignatureError::Missing)?;
        if text.len() > SIGNATURE_BYTES_MAX {
            return Err(SignatureError::Unreadable);
        }
        let signature = minisign_verify::Signature::decode(text).map_err(|_| SignatureError::Unreadable)?;
        let bytes = text.lines().nth(1).and_then(|line| BASE64_STANDARD.decode(line).ok());
        let id = bytes.as_deref().and_then(KeyId::of).ok_or(SignatureError::Unreadable)?;
        let mut own = self.0.iter().filter(|key| key.id == id).peekable();
        if own.peek().is_none() {
            let known: Vec<String> = self.0.iter().map(|key| key.id.to_string()).collect();
            return Err(SignatureError::OtherKey { found: id.to_string(), known: known.join(" or ") });
        }
        if !own.any(|key| key.key.verify(component, &signature, false).is_ok()) {
            return Err(SignatureError::Wrong(id.to_string()));
        }
        let signed = signature.trusted_comment();
        if signed != comment(name) {
            let signed = signed.strip_prefix(COMMENT).unwrap_or(signed);
            return Err(SignatureError::OtherName { signed: shown(signed), asked: name.to_owned() });
        }
        Ok(Some(id.to_string()))
    }
}

const COMMENT: &str = "tidemill plugin ";

fn comment(name: &str) -> String {
    format!("{COMMENT}{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> (SecretKey, PublicKey) {
        let (secret, public) = new_keys(None).unwrap();
        (SecretKey::open(&secret, || panic!("it has none")).unwrap(), public.parse().unwrap())
    }

    #[test]
    fn only_the_signature_of_a_trusted_key_for_these_bytes_and_this_name_counts() {
        let ((secret, public), (other, other_public)) = (keys(), keys());
        let signature = secret.sign(b"component", "rules").unwrap();
        let trust = Trust::any_of(vec![other_public, public.clone()]);
        assert_eq!(trust.verify(Some(&signature), b"component", "rules").unwrap(), Some(public.id.to_string()));
        let told = |signature: Option<&str>, bytes: &[u8], name: &str| {
            Trust::any_of(vec![public.clone()]).verify(signature, bytes, name).unwrap_err().to_string()
        };
        assert!(told(None, b"component", "rules").contains("not signed"));
        assert!(told(Some(&signature), b"Component", "rules").contains("its signature is wrong"));
        assert!(told(Some(&signature), b"component", "redact").contains("for the plugin `rules` and not for `redact`"));
        let foreign = other.sign(b"component", "rules").unwrap();
        assert!(told(Some(&foreign), b"component", "rules").contains(&format!("only {} is trusted", public.id)));
        // Whoever calls a key by another's number does not sign for it.
        let mut lines: Vec<String> = foreign.lines().map(str::to_owned).collect();
        let mut bytes = BASE64_STANDARD.decode(&lines[1]).unwrap();
        bytes[2..10].copy_from_slice(&public.id.0.to_le_bytes());
        lines[1] = BASE64_STANDARD.encode(bytes);
        assert!(told(Some(&lines.join("\n")), b"component", "rules").contains("its signature is wrong"));
        // Without keys nothing is asked.
        assert_eq!(Trust::default().verify(Some("nonsense"), b"component", "rules").unwrap(), None);
        assert!(Trust::any_of(vec![public]).misses(None) && !Trust::default().misses(None));
    }

    #[test]
    fn a_changed_comment_and_what_cannot_be_read_are_refused() {
        let (secret, public) = keys();
        let trust = Trust::any_of(vec![public]);
        let signature = secret.sign(b"component", "rules").unwrap();
        let renamed = signature.replace("tidemill plugin rules", "tidemill plugin redact");
        assert!(matches!(trust.verify(Some(&renamed), b"component", "redact"), Err(SignatureError::Wrong(_))));
        let lines: Vec<&str> = signature.lines().collect();
        let short = format!("{}\n{}\n{}\nAAAA", lines[0], lines[1], lines[2]);
        let long = format!("{signature}{}", "x".repeat(SIGNATURE_BYTES_MAX));
        for text in ["", "a\nb\nc\nd", &lines[..3].join("\n"), &short, &long] {
            let error = trust.verify(Some(text), b"component", "rules").unwrap_err();
            assert!(matches!(error, SignatureError::Unreadable), "{text}: {error}");
        }
    }

    #[test]
    fn keys_are_read_alone_and_with_their_comment() {
        let (secret, public) = new_keys(None).unwrap();
        let line = public.lines().nth(1).unwrap();
        assert!(line.len() == 56 && line.starts_with("RW"), "{line}");
        assert_eq!(line.parse::<PublicKey>().unwrap().to_string(), public.parse::<PublicKey>().unwrap().to_string());
        assert!(public.contains(&public.parse::<PublicKey>().unwrap().id.to_string()), "{public}");
        for wrong in ["", "RWQ", &secret, &line[1..]] {
            assert!(wrong.parse::<PublicKey>().is_err(), "{wrong}");
        }
        for wrong in ["", "a\nb", &public, &secret[..secret.len() - 9]] {
            assert!(matches!(SecretKey::open(wrong, || None), Err(KeyError::Secret)), "{wrong}");
        }
        assert_eq!(format!("{:?}", SecretKey::open(&secret, || None).unwrap()), "SecretKey { .. }");
    }

    #[test]
    fn a_key_with_a_password_wants_it() {
        let (secret, public) = new_keys(Some("open sesame".to_owned())).unwrap();
        let told = |password: Option<&str>| {
            SecretKey::open(&secret, || password.map(str::to_owned)).map(drop).unwrap_err().to_string()
        };
        assert!(told(None).contains("TIDEMILL_SIGN_PASSWORD"));
        assert!(told(Some("wrong")).contains("not the password"));
        let key = SecretKey::open(&secret, || Some("open sesame".to_owned())).unwrap();
        let signature = key.sign(b"component", "rules").unwrap();
        let trust = Trust::any_of(vec![public.parse().unwrap()]);
        assert!(trust.verify(Some(&signature), b"component", "rules").unwrap().is_some());
    }
}
