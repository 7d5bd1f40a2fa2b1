//! TLS (RFC 8446, RFC 5246): what does handshakes, with a certificate that can be replaced while connections go on.
//! Must not know what is carried over it.

mod certificate;
mod watch;

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring;
use tokio_rustls::TlsAcceptor;

pub(crate) use certificate::Certificate;
pub(crate) use watch::watch;

use crate::config;
use crate::http::HTTP2_ALPN;

/// What is offered to clients, the best first.
const PROTOCOLS: [&[u8]; 2] = [HTTP2_ALPN, b"http/1.1"];

/// TLS as a server speaks it.
#[derive(Clone)]
pub(crate) struct Tls {
    /// What does handshakes.
    pub(crate) acceptor: TlsAcceptor,
    /// What it shows.
    pub(crate) certificate: Arc<Certificate>,
}

/// TLS as configured; none without a certificate.
pub(crate) fn load(config: &config::Tls) -> anyhow::Result<Option<Tls>> {
    let (Some(certificate), Some(key)) = (&config.certificate, &config.key) else { return Ok(None) };
    let certificate = Arc::new(Certificate::load(certificate, key)?);
    let mut server = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(Arc::clone(&certificate) as Arc<_>);
    server.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
    Ok(Some(Tls { acceptor: TlsAcceptor::from(Arc::new(server)), certificate }))
}
