//! Requests that the server itself sends: bounded in time and bytes, on a connection of their own, past no proxy, and
//! never redirected. Must not know what they are for. What plugins send is their own (`host/plugin`).

use std::fmt;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};
use axum::http::{Request, Response, Uri, header};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tidemill_plugin::TrustedRoots;

/// Sends them.
#[derive(Clone)]
pub(crate) struct Outbound(Client<HttpsConnector<HttpConnector>, Full<Bytes>>);

impl fmt::Debug for Outbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbound").finish_non_exhaustive()
    }
}

impl Outbound {
    /// One that trusts the public authorities, and those in a PEM file beside them.
    pub(crate) fn trusting(roots: Option<&Path>) -> anyhow::Result<Self> {
        let roots = TrustedRoots::public_and(roots).context("`http-client.roots`")?;
        let connector = HttpsConnectorBuilder::new().with_tls_config(roots.client_config()).https_or_http();
        // What is kept open between requests that are minutes apart is closed by the other side when it is needed.
        let mut client = Client::builder(TokioExecutor::new());
        Ok(Self(client.pool_max_idle_per_host(0).build(connector.enable_http1().build())))
    }

    /// The body of a document, if the answer is 200 and neither slow nor long.
    pub(crate) async fn get(&self, address: &Uri, time: Duration, bytes: u64) -> anyhow::Result<Bytes> {
        let request = Request::get(address).header(header::ACCEPT, "application/json").body(Full::default())?;
        let answer = self.send(request, time, bytes).await?;
        if answer.status() != 200 {
            bail!("the answer is {}; expected 200, redirects are not followed", answer.status());
        }
        Ok(answer.into_body())
    }

    /// The answer to any request.
    pub(crate) async fn send(
        &self,
        request: Request<Full<Bytes>>,
        time: Duration,
        bytes: u64,
    ) -> anyhow::Result<Response<Bytes>> {
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        let exchange = async {
            let (parts, body) = self.0.request(request).await?.into_parts();
            let body = Limited::new(body, bytes).collect().await.map_err(|error| anyhow::anyhow!(error))?;
            anyhow::Ok(Response::from_parts(parts, body.to_bytes()))
        };
        match tokio::time::timeout(time, exchange).await {
            Ok(Ok(answer)) => Ok(answer),
            // Without the layers that only say that something went wrong.
            Ok(Err(error)) => Err(anyhow::anyhow!(error.root_cause().to_string())),
            Err(_) => bail!("it took longer than {time:?}"),
        }
    }
}
