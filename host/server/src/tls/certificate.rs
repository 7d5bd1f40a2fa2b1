//! The server's certificate and key: read, checked, shown in handshakes, and read again when they change. A pair that
//! cannot be used never replaces one that can.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, bail};
use arc_swap::ArcSwap;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use sha2::{Digest, Sha256};
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::limits::KEY_FILE_BYTES_MAX;

/// What came of a look at the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reload {
    /// They are as they were at the last look.
    Same,
    /// New handshakes show what is there now.
    Taken,
    /// What is there cannot be used; the log says why. What was shown before still is.
    Refused,
}

/// A certificate with its key, as they are now.
#[derive(Debug)]
pub(crate) struct Certificate {
    files: [PathBuf; 2],
    shown: ArcSwap<CertifiedKey>,
    /// What the last look found, so that nothing is said or done twice.
    seen: Mutex<Seen>,
    taken: AtomicU64,
    refused: AtomicU64,
}

/// The hash of both files, or why they cannot be read.
type Seen = Result<[u8; 32], String>;

impl Certificate {
    pub(super) fn load(certificate: &Path, key: &Path) -> anyhow::Result<Self> {
        let files = [certificate.to_owned(), key.to_owned()];
        let pair = read(&files)?;
        let shown = ArcSwap::from(Arc::new(certified(&files, &pair)?));
        let (taken, refused) = Default::default();
        Ok(Self { files, shown, seen: Mutex::new(Ok(hash(&pair))), taken, refused })
    }

    /// The files that are looked at.
    pub(super) const fn files(&self) -> &[PathBuf; 2] {
        &self.files
    }

    /// Looks at the files, and shows what is there from the next handshake on, if it can be used. It reads files: not for
    /// threads that must not wait.
    pub(crate) fn reload(&self) -> Reload {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let pair = read(&self.files);
        let now = pair.as_ref().map(hash).map_err(|error| format!("{error:#}"));
        if now == *seen {
            return Reload::Same;
        }
        *seen = now;
        let [certificate, _] = &self.files;
        match pair.and_then(|pair| certified(&self.files, &pair)) {
            Ok(pair) => {
                self.shown.store(Arc::new(pair));
                self.taken.fetch_add(1, Relaxed);
                let not_after = self.not_after();
                tracing::info!(certificate = %certificate.display(), not_after, "a new certificate is shown from now on");
                Reload::Taken
            }
            Err(error) => {
                self.refused.fetch_add(1, Relaxed);
                let error = format!("{error:#}");
                tracing::error!(certificate = %certificate.display(), error,
                    "a new certificate cannot be used: the one before is still shown");
                Reload::Refused
            }
        }
    }

    /// Until when the certificate is good, in seconds since 1970; none if it does not say so in a way that we read.
    pub(crate) fn not_after(&self) -> Option<i64> {
        let shown = self.shown.load();
        let (_, parsed) = X509Certificate::from_der(shown.cert.first()?).ok()?;
        Some(parsed.validity().not_after.timestamp())
    }

    /// How many new ones came since the start, by what became of them.
    pub(crate) fn reloads(&self) -> [(&'static str, u64); 2] {
        [("taken", self.taken.load(Relaxed)), ("refused", self.refused.load(Relaxed))]
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.shown.load_full())
    }
}

fn read([certificate, key]: &[PathBuf; 2]) -> anyhow::Result<[Vec<u8>; 2]> {
    let certificate = read_file(certificate).context("`tls.certificate`")?;
    Ok([certificate, read_file(key).context("`tls.key`")?])
}

fn read_file(file: &Path) -> anyhow::Result<Vec<u8>> {
    let unreadable = || format!("cannot read {}", file.display());
    // Neither a pipe that nobody writes to nor a device that never ends.
    if !fs::metadata(file).with_context(unreadable)?.is_file() {
        bail!("{} is not a file", file.display());
    }
    let mut bytes = Vec::new();
    File::open(file)
        .and_then(|file| file.take(KEY_FILE_BYTES_MAX + 1).read_to_end(&mut bytes))
        .with_context(unreadable)?;
    if bytes.len() as u64 > KEY_FILE_BYTES_MAX {
        bail!("{} has more than {KEY_FILE_BYTES_MAX} bytes, which is the most", file.display());
    }
    Ok(bytes)
}

fn hash([certificate, key]: &[Vec<u8>; 2]) -> [u8; 32] {
    let mut hash = Sha256::new_with_prefix((certificate.len() as u64).to_be_bytes());
    hash.update(certificate);
    hash.update(key);
    hash.finalize().into()
}

/// Both files' content, if it is what is needed.
fn certified([certificate, key]: &[PathBuf; 2], [chain, secret]: &[Vec<u8>; 2]) -> anyhow::Result<CertifiedKey> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(chain).collect();
    let chain = chain.with_context(|| format!("`tls.certificate`: {} is not PEM", certificate.display()))?;
    if chain.is_empty() {
        bail!(
            "`tls.certificate`: {} has no certificate in PEM; the server's own comes first, then its issuers'",
            certificate.display()
        );
    }
    let key = PrivateKeyDer::from_pem_slice(secret).with_context(|| {
        format!("`tls.key`: {} has no private key in PEM (PKCS #8, PKCS #1 or SEC 1)", key.display())
    })?;
    CertifiedKey::from_der(chain, key, &ring::default_provider())
        .context("`tls.certificate` and `tls.key` do not fit each other")
}
