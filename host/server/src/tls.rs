//! The server's certificate and key: read once, checked, and made into what handshakes need (RFC 8446, RFC 5246).
//! Must not know what is carried over TLS.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use crate::config::Tls;

/// What is offered to clients, in order: HTTP/2 will come first once it is spoken.
const PROTOCOLS: [&[u8]; 1] = [b"http/1.1"];

/// What does handshakes; none without a certificate.
pub(crate) fn load(config: &Tls) -> anyhow::Result<Option<TlsAcceptor>> {
    let (Some(certificate), Some(key)) = (&config.certificate, &config.key) else { return Ok(None) };
    let chain = read_chain(certificate).context("`tls.certificate`")?;
    let key = PrivateKeyDer::from_pem_file(key).with_context(|| {
        format!("`tls.key`: {} has no private key in PEM (PKCS #8, PKCS #1 or SEC 1)", key.display())
    })?;
    let mut server = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .context("`tls.certificate` and `tls.key` do not fit each other")?;
    server.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
    Ok(Some(TlsAcceptor::from(Arc::new(server))))
}

fn read_chain(file: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let chain: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(file).with_context(|| format!("cannot read {}", file.display()))?.collect();
    let chain = chain.with_context(|| format!("{} is not PEM", file.display()))?;
    if chain.is_empty() {
        bail!("{} has no certificate in PEM; the server's own comes first, then its issuers'", file.display());
    }
    Ok(chain)
}
