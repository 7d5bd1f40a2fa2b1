//! Outbound HTTP of plugins: `wasi:http`, as far as it was granted.
//!
//! Every plugin may import it, since interpreters do so without need; what was not granted is denied, request by request.
//! Owns what one plugin's requests share, and how each is checked. Redirects are answers like any other: the guest's own
//! next request is checked again. Must not know events.

mod address;
mod connector;
mod destination;
mod link;
mod outcome;
mod own_certificate;
mod request;
mod tls;

use std::future::Future;
use std::sync::Arc;

use http::{Request, Response};
use tokio::sync::Semaphore;
use tracing::Level;
use wasmtime_wasi_http::{Error, RequestOptions, Result, WasiBody, WasiHttpCtx, WasiHttpHooks};

pub use destination::{Destination, DestinationError};
pub use outcome::{HttpFigures, HttpOutcome};
pub use tls::{RootsError, TrustedRoots};

pub(crate) use link::add_to_linker;

use connector::Connector;
use request::{Client, Counted};

use crate::limits::{HTTP_CHUNK_BYTES_MAX, HTTP_DENIED_LINES_PER_SECOND_MAX, HTTP_FIELD_BYTES_MAX};
use crate::voice::Voice;
use crate::{Figures, Grants, Limits};

/// What all instances of one plugin share.
pub(crate) struct Outbound {
    plugin: String,
    grants: Grants,
    limits: Limits,
    figures: Arc<Figures>,
    client: Client,
    /// Requests that may go on at once.
    requests: Arc<Semaphore>,
    /// Bytes of answers that may be kept for its instances until they took them.
    kept: Arc<Semaphore>,
    /// Of its own, so that a plugin which floods its log does not hide what it was denied.
    denials: Arc<Voice>,
}

/// One instance's side of it.
pub(crate) struct Http {
    outbound: Arc<Outbound>,
    /// Whether requests are sent at all; not while it is loaded.
    pub(crate) open: bool,
}

type Answer = Result<(Response<WasiBody>, Box<dyn Future<Output = Result<(), Error>> + Send>)>;

impl Outbound {
    pub(crate) fn new(
        plugin: &str,
        grants: &Grants,
        limits: Limits,
        figures: &Arc<Figures>,
        roots: &TrustedRoots,
    ) -> Self {
        // A host that cannot be connected to leaves time to say so.
        // Names below one are as many as a plugin likes: connections to them are not kept, of which there would be no end.
        let endless = grants.http.iter().any(|granted| granted.to_string().contains("*."));
        let kept = if endless { 0 } else { limits.http_concurrency };
        let connector = Connector::new(&grants.private_networks, limits.http_concurrency, roots, limits.http_time / 2);
        Self {
            plugin: plugin.to_owned(),
            grants: grants.clone(),
            limits,
            figures: Arc::clone(figures),
            client: request::client(connector, kept),
            requests: Arc::new(Semaphore::new(limits.http_concurrency)),
            kept: Arc::new(Semaphore::new(limits.http_concurrency.saturating_mul(limits.http_bytes))),
            denials: Voice::new(plugin, HTTP_DENIED_LINES_PER_SECOND_MAX),
        }
    }

    /// Where a request goes, if it may go there.
    fn check(&self, request: &Request<WasiBody>) -> Result<Destination> {
        let to = Destination::of(request.uri()).ok_or(Error::HttpRequestUriInvalid)?;
        if request.method() == http::Method::CONNECT {
            return Err(Error::HttpRequestMethodInvalid);
        }
        if self.grants.http.iter().any(|granted| granted.covers(&to)) {
            return Ok(to);
        }
        self.tell_denied(&format!("wants http: {to} — not granted; to grant it: http = [\"{to}\"]"));
        Err(Error::HttpRequestDenied)
    }

    fn tell_denied(&self, what: &str) {
        self.denials.say(Level::WARN, what, &[]);
    }
}

impl Http {
    pub(crate) fn new(outbound: &Arc<Outbound>) -> Self {
        Self { outbound: Arc::clone(outbound), open: false }
    }

    /// What bounds the heads that an instance puts together.
    pub(crate) fn context() -> WasiHttpCtx {
        let mut context = WasiHttpCtx::new();
        context.set_field_size_limit(HTTP_FIELD_BYTES_MAX);
        context
    }
}

impl WasiHttpHooks for Http {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Answer> + Send> {
        let outbound = Arc::clone(&self.outbound);
        let counted = Counted::new(&outbound);
        let checked = if self.open {
            outbound.check(&request)
        } else {
            outbound.tell_denied("sent a request while it was loaded, where nothing is waited for");
            Err(Error::HttpRequestDenied)
        };
        Box::new(async move {
            let sent = match checked {
                Ok(to) => request::send(&outbound, &to, request, options.unwrap_or_default()).await,
                Err(error) => Err(error),
            };
            let response = counted.end(sent)?;
            let done: Box<dyn Future<Output = Result<(), Error>> + Send> = Box::new(async { Ok(()) });
            Ok((response, done))
        })
    }

    /// The request's own destination says it, in one spelling.
    fn set_host_header(&mut self) -> bool {
        false
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        HTTP_CHUNK_BYTES_MAX
    }
}
