//! From a host's name to a connection: looked up once, checked as an address, and connected to the address that was
//! checked, so that no second answer of a name server can lead elsewhere. Then TLS, where the scheme says so.
//! Must not know what is sent.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::rt::TokioIo;
use ipnet::IpNet;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tower_service::Service;
use url::Host;

use super::address::is_allowed;
use super::tls::TrustedRoots;
use crate::limits::{HTTP_ADDRESSES_MAX, HTTP_LOOKUP_TIME_MAX};

type Connecting<T> = Pin<Box<dyn Future<Output = Result<T, BoxError>> + Send>>;
type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unreachable {
    #[error("its name cannot be looked up: {0}")]
    Lookup(io::Error),
    #[error("looking its name up took too long")]
    LookupTime,
    #[error("its address {0} is not a public one and was not granted")]
    Prohibited(IpAddr),
    #[error("it cannot be connected to: {0}")]
    Connect(io::Error),
    #[error("connecting to it took too long")]
    ConnectTime,
}

/// Makes the connections of one plugin, each within a time.
#[derive(Debug, Clone)]
pub(super) struct Connector {
    inner: HttpsConnector<Tcp>,
    time: Duration,
}

/// The same without TLS.
#[derive(Debug, Clone)]
struct Tcp {
    granted: Arc<[IpNet]>,
    /// A look-up cannot be stopped; those that nobody waits for any more count too.
    lookups: Arc<Semaphore>,
}

impl Connector {
    /// At most `lookups` names are looked up at a time.
    pub(super) fn new(granted: &[IpNet], lookups: usize, roots: &TrustedRoots, time: Duration) -> Self {
        let tcp = Tcp { granted: granted.into(), lookups: Arc::new(Semaphore::new(lookups)) };
        let tls = HttpsConnectorBuilder::new().with_tls_config(roots.client_config());
        Self { inner: tls.https_or_http().enable_http1().wrap_connector(tcp), time }
    }
}

impl Service<Uri> for Connector {
    type Response = MaybeHttpsStream<TokioIo<TcpStream>>;
    type Error = BoxError;
    type Future = Connecting<Self::Response>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connecting = timeout(self.time, self.inner.call(uri));
        Box::pin(async move { connecting.await.map_err(|_| Unreachable::ConnectTime)? })
    }
}

impl Service<Uri> for Tcp {
    type Response = TokioIo<TcpStream>;
    type Error = Unreachable;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Unreachable>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Unreachable>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let tcp = self.clone();
        Box::pin(async move {
            let stream = TcpStream::connect(&*tcp.addresses(&uri).await?).await.map_err(Unreachable::Connect)?;
            stream.set_nodelay(true).map_err(Unreachable::Connect)?;
            Ok(TokioIo::new(stream))
        })
    }
}

impl Tcp {
    /// The addresses that may be connected to, in the order of the answer; at least one.
    async fn addresses(&self, uri: &Uri) -> Result<Vec<SocketAddr>, Unreachable> {
        let no_host = |_| Unreachable::Lookup(io::Error::from(io::ErrorKind::InvalidInput));
        let host = Host::parse(uri.host().unwrap_or_default()).map_err(no_host)?;
        let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 });
        let found = match host {
            Host::Ipv4(address) => vec![SocketAddr::from((address, port))],
            Host::Ipv6(address) => vec![SocketAddr::from((address, port))],
            Host::Domain(name) => {
                timeout(HTTP_LOOKUP_TIME_MAX, self.look_up(name, port)).await.map_err(|_| Unreachable::LookupTime)??
            }
        };
        let allowed: Vec<_> = found.iter().copied().filter(|at| is_allowed(at.ip(), &self.granted)).collect();
        match found.first() {
            _ if !allowed.is_empty() => Ok(allowed),
            Some(prohibited) => Err(Unreachable::Prohibited(prohibited.ip())),
            None => Err(Unreachable::Lookup(io::Error::other("it has no address"))),
        }
    }

    async fn look_up(&self, name: String, port: u16) -> Result<Vec<SocketAddr>, Unreachable> {
        let permit = Arc::clone(&self.lookups).acquire_owned().await;
        let permit = permit.map_err(|closed| Unreachable::Lookup(io::Error::other(closed)))?;
        let lookup = tokio::task::spawn_blocking(move || {
            let _looking_up = permit;
            (name.as_str(), port).to_socket_addrs().map(|found| found.take(HTTP_ADDRESSES_MAX).collect())
        });
        let found = lookup.await.map_err(|error| Unreachable::Lookup(io::Error::other(error)))?;
        found.map_err(Unreachable::Lookup)
    }
}
