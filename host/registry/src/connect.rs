//! Connections, to registries and whatever else a command talks to: direct, or through the proxy that the environment names. Must not know what is sent.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::Uri;
use http::uri::Scheme;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::Matcher;
use rustls::ClientConfig;
use tower_service::Service;

use crate::early::Early;
use crate::exchange::innermost;
use crate::limits::CONNECT_TIME_MAX;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// TLS over a way to a host.
pub type Connector = HttpsConnector<Way>;

/// How a host is reached.
#[derive(Clone)]
pub struct Way {
    direct: HttpConnector,
    proxies: Arc<Matcher>,
}

/// Connections that trust whom `tls` does.
pub fn connector(tls: ClientConfig) -> Connector {
    let mut direct = HttpConnector::new();
    direct.enforce_http(false);
    direct.set_connect_timeout(Some(CONNECT_TIME_MAX));
    let way = Way { direct, proxies: Arc::new(Matcher::from_env()) };
    HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().wrap_connector(way)
}

impl Service<Uri> for Way {
    type Response = Early;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.direct.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let mut direct = self.direct.clone();
        // A proxy that the environment names does not know our loopback.
        let is_here = uri.host().is_some_and(is_loopback);
        let proxy = if is_here { None } else { self.proxies.intercept(&uri) };
        Box::pin(async move {
            let Some(proxy) = proxy else { return Ok(Early::new(direct.call(uri).await?)) };
            if proxy.uri().scheme() != Some(&Scheme::HTTP) {
                return Err(format!("the proxy {}: only proxies with http:// can be used", proxy.uri()).into());
            }
            let mut tunnel = Tunnel::new(proxy.uri().clone(), direct);
            if let Some(known) = proxy.basic_auth() {
                tunnel = tunnel.with_auth(known.clone());
            }
            let reached = tunnel.call(with_port(uri)?).await;
            reached.map(Early::new).map_err(|error| format!("the proxy {}: {}", proxy.uri(), innermost(&error)).into())
        })
    }
}

/// A tunnel without a port would lead to that of HTTPS, also without encryption.
fn with_port(uri: Uri) -> Result<Uri, BoxError> {
    let host = uri.host().filter(|_| uri.port().is_none() && uri.scheme() == Some(&Scheme::HTTP));
    let Some(host) = host else { return Ok(uri) };
    Ok(Uri::builder().scheme(Scheme::HTTP).authority(format!("{host}:80")).path_and_query("/").build()?)
}

/// Whether a host, as it stands in an address, is this machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
