//! Servers over TLS: a certificate, clients that trust nothing else, and a way in for those who speak plain HTTP.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::{Lane, Server};

/// Where everything listens.
const HERE: &str = "127.0.0.1";

/// A server that speaks TLS. Whatever else tests have for servers reaches it through a tunnel.
pub(crate) struct Secure {
    pub(crate) server: Server,
    /// Its own address, where TLS is spoken.
    pub(crate) address: String,
    trust: TlsConnector,
}

impl Secure {
    pub(crate) async fn start(lane: Lane, config: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("plugins")).unwrap();
        let trust = certificate(directory.path(), "server");
        let config = format!("{config}\n[tls]\ncertificate = \"server.pem\"\nkey = \"server.key\"\n");
        let mut server = lane.server_in(directory, &config).await;
        let address = server.address().to_owned();
        server.reach_at(tunnel(address.clone(), trust.clone()).await);
        Self { server, address, trust }
    }

    /// The file that clients have to trust.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.server.directory().join("server.pem")
    }

    /// A connection of its own.
    pub(crate) async fn connect(&self) -> TlsStream<TcpStream> {
        connect(&self.address, &self.trust).await.unwrap()
    }

    /// Whether those see it as it is who trust the certificate that it had at the start.
    pub(crate) async fn is_trusted(&self) -> bool {
        trusts(&self.address, &self.trust).await
    }

    /// Publishes one event over a new connection, as those do who trust something else; the answer's status.
    pub(crate) async fn publish_by(&self, trust: &TlsConnector, event: Value) -> u16 {
        let url = format!("http://{}/events", tunnel(self.address.clone(), trust.clone()).await);
        let request = self.server.http.post(url).header("content-type", "application/json");
        request.body(event.to_string()).send().await.unwrap().status().as_u16()
    }
}

/// Whether a server shows a certificate that is trusted.
pub(crate) async fn trusts(address: &str, trust: &TlsConnector) -> bool {
    connect(address, trust).await.is_ok()
}

/// Makes `<name>.pem` and `<name>.key`; what trusts them.
pub(crate) fn certificate(directory: &Path, name: &str) -> TlsConnector {
    let made = rcgen::generate_simple_self_signed([HERE.to_owned()]).unwrap();
    fs::write(directory.join(format!("{name}.pem")), made.cert.pem()).unwrap();
    fs::write(directory.join(format!("{name}.key")), made.signing_key.serialize_pem()).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    // A session that is resumed shows no certificate.
    config.resumption = Resumption::disabled();
    TlsConnector::from(Arc::new(config))
}

async fn connect(address: &str, trust: &TlsConnector) -> std::io::Result<TlsStream<TcpStream>> {
    let socket = TcpStream::connect(address).await?;
    socket.set_nodelay(true)?;
    trust.connect(ServerName::try_from(HERE).unwrap(), socket).await
}

/// An address where plain bytes go through to a server over TLS.
async fn tunnel(to: String, trust: TlsConnector) -> String {
    let listener = TcpListener::bind((HERE, 0)).await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((mut plain, _)) = listener.accept().await {
            let (to, trust) = (to.clone(), trust.clone());
            tokio::spawn(async move {
                // Either side may end it in any way; whoever tests that looks at what arrives.
                if plain.set_nodelay(true).is_ok()
                    && let Ok(mut secure) = connect(&to, &trust).await
                {
                    let _ = copy_bidirectional(&mut plain, &mut secure).await;
                }
            });
        }
    });
    address
}
