//! Whom requests over TLS trust, plugins' and the server's own: the public authorities, and those that the operator names.
//! Must not know who connects where.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use super::own_certificate::OrNamed;

/// Authorities whose certificates are accepted.
#[derive(Clone)]
pub struct TrustedRoots(Arc<ClientConfig>);

impl fmt::Debug for TrustedRoots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrustedRoots").finish_non_exhaustive()
    }
}

/// A file has no certificates that can be trusted.
#[derive(Debug, thiserror::Error)]
#[error("{}: {reason}; it holds certificates in PEM", .path.display())]
pub struct RootsError {
    path: PathBuf,
    reason: String,
}

impl TrustedRoots {
    /// Those that browsers trust (Mozilla's list), and those in a PEM file beside them; or the server's own certificate in it.
    pub fn public_and(file: Option<&Path>) -> Result<Self, RootsError> {
        let wrong = |reason: String| RootsError { path: file.map(Path::to_owned).unwrap_or_default(), reason };
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let mut named = Vec::new();
        if let Some(path) = file {
            for certificate in CertificateDer::pem_file_iter(path).map_err(|error| wrong(error.to_string()))? {
                let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
                roots.add(certificate.clone()).map_err(|error| wrong(error.to_string()))?;
                named.push(certificate);
            }
            if named.is_empty() {
                return Err(wrong("there is no certificate in it".into()));
            }
        }
        let provider = Arc::new(ring::default_provider());
        let web = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build();
        let verifier = OrNamed { web: web.map_err(|error| wrong(error.to_string()))?, named };
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.map_err(|error| wrong(error.to_string()))?.dangerous();
        Ok(Self(Arc::new(config.with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth())))
    }

    /// For the handshakes of one client, such as a plugin, which resumes sessions of its own and nobody else's.
    pub fn client_config(&self) -> ClientConfig {
        let mut config = (*self.0).clone();
        config.resumption = rustls::client::Resumption::default();
        config
    }
}
