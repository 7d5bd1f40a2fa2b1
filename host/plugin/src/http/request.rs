//! One request from its turn to its last byte: within its time, its size, and the number that may go on at once. The
//! answer is read whole before the guest gets it, so that nothing of it is left to come when the time is over.
//! Must not know who may go where.

use std::error::Error as StdError;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::uri::Scheme;
use http::{Request, Response, Uri, header};
use http_body::Body as _;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use wasmtime_wasi_http::{Error, RequestOptions, Result, WasiBody};

use super::connector::{Connector, Unreachable};
use super::{Destination, HttpOutcome, Outbound};
use crate::Figures;
use crate::limits::{HTTP_HEAD_BYTES_MAX, HTTP_HEADERS_MAX, HTTP_IDLE_TIME};

/// Sends requests, and keeps connections for a while. It knows no proxy, no cookie, no redirect.
pub(super) type Client = legacy::Client<Connector, Limited<WasiBody>>;

pub(super) fn client(connector: Connector, connections: usize) -> Client {
    legacy::Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(HTTP_IDLE_TIME)
        .pool_max_idle_per_host(connections)
        .http1_max_buf_size(HTTP_HEAD_BYTES_MAX)
        .http1_max_headers(HTTP_HEADERS_MAX)
        .build(connector)
}

/// Counts what becomes of a request, also of one that is given up.
pub(super) struct Counted {
    figures: Arc<Figures>,
    outcome: HttpOutcome,
}

impl Counted {
    pub(super) fn new(outbound: &Outbound) -> Self {
        Self { figures: Arc::clone(&outbound.figures), outcome: HttpOutcome::Failed }
    }

    pub(super) fn end<T>(mut self, result: Result<T>) -> Result<T> {
        self.outcome = result.as_ref().map_or_else(HttpOutcome::of, |_| HttpOutcome::Ok);
        result
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.figures.http.note(self.outcome);
    }
}

/// Sends a request that was checked, and reads its answer.
pub(super) async fn send(
    outbound: &Outbound,
    to: &Destination,
    request: Request<WasiBody>,
    options: RequestOptions,
) -> Result<Response<WasiBody>> {
    let whole = async {
        let _turn = outbound.requests.acquire().await.map_err(|_| Error::InternalError(None))?;
        let request = addressed(to, request)?.map(|body| Limited::new(body, outbound.limits.http_bytes));
        let sent = timeout(time_until_head(&options), outbound.client.request(request)).await;
        let response = sent.map_err(|_| Error::HttpResponseTimeout)?.map_err(|error| told(outbound, to, &error))?;
        let (mut head, body) = response.into_parts();
        let body = read(body, outbound, options.between_bytes_timeout.unwrap_or(Duration::MAX)).await?;
        // What it describes is gone once the body was read.
        head.headers.remove(header::TRAILER);
        Ok(Response::from_parts(head, Full::new(body).map_err(|never| match never {}).boxed_unsync()))
    };
    timeout(outbound.limits.http_time, whole).await.unwrap_or(Err(Error::HttpResponseTimeout))
}

/// The guest's own patience, which may be less than the host's.
fn time_until_head(options: &RequestOptions) -> Duration {
    match (options.connect_timeout, options.first_byte_timeout) {
        (connect, Some(first_byte)) => first_byte.saturating_add(connect.unwrap_or_default()),
        _ => Duration::MAX,
    }
}

/// The same request, to the one spelling of the host that was checked.
fn addressed(to: &Destination, mut request: Request<WasiBody>) -> Result<Request<WasiBody>> {
    let uri = Uri::builder()
        .scheme(request.uri().scheme().cloned().unwrap_or(Scheme::HTTPS))
        .authority(to.authority())
        .path_and_query(request.uri().path_and_query().map_or("/", |path| path.as_str()));
    *request.uri_mut() = uri.build().map_err(|_| Error::HttpRequestUriInvalid)?;
    request.headers_mut().remove(header::HOST);
    Ok(request)
}

/// Reads a body to its end, as far as it may be kept.
async fn read(mut body: Incoming, outbound: &Outbound, pause: Duration) -> Result<Bytes> {
    let max = outbound.limits.http_bytes;
    let too_large = |bytes: u64| Error::HttpResponseBodySize(Some(bytes));
    if body.size_hint().lower() > max as u64 {
        return Err(too_large(body.size_hint().lower()));
    }
    let mut kept = Kept { bytes: BytesMut::new(), _room: None };
    loop {
        let frame = match timeout(pause, body.frame()).await.map_err(|_| Error::HttpResponseTimeout)? {
            Some(frame) => frame.map_err(|error| of(&error))?,
            None => return Ok(Bytes::from_owner(kept)),
        };
        // Trailers are left out.
        let Ok(data) = frame.into_data() else { continue };
        let length = kept.bytes.len() + data.len();
        if length > max {
            return Err(too_large(length as u64));
        }
        kept.add(&data, &outbound.kept).await?;
    }
}

/// What a guest has not yet taken, with the room that it takes.
struct Kept {
    bytes: BytesMut,
    _room: Option<OwnedSemaphorePermit>,
}

impl Kept {
    async fn add(&mut self, data: &[u8], room: &Arc<Semaphore>) -> Result<()> {
        let bytes = u32::try_from(data.len()).map_err(|_| Error::InternalError(None))?;
        let more = Arc::clone(room).acquire_many_owned(bytes).await.map_err(|_| Error::InternalError(None))?;
        match &mut self._room {
            Some(room) => room.merge(more),
            none => *none = Some(more),
        }
        self.bytes.extend_from_slice(data);
        Ok(())
    }
}

impl AsRef<[u8]> for Kept {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// What an error means to the guest; the operator is told of what was not granted.
fn told(outbound: &Outbound, to: &Destination, error: &legacy::Error) -> Error {
    let address = causes(error).find_map(|cause| match cause.downcast_ref::<Unreachable>()? {
        Unreachable::Prohibited(address) => Some(*address),
        _ => None,
    });
    if let Some(address) = address {
        let network = ipnet::IpNet::from(address.to_canonical());
        outbound.tell_denied(&format!(
            "wants http: {to}, whose address {address} is not public — not granted; to grant it: \
             private-networks = [\"{network}\"]"
        ));
    }
    tracing::debug!(plugin = outbound.plugin, %to, "a request failed: {error:?}");
    of(error)
}

/// The error of `wasi:http` for what happened.
fn of(error: &(dyn StdError + 'static)) -> Error {
    causes(error).find_map(known).unwrap_or(Error::HttpProtocolError)
}

fn known(cause: &(dyn StdError + 'static)) -> Option<Error> {
    if let Some(unreachable) = cause.downcast_ref::<Unreachable>() {
        return match unreachable {
            Unreachable::Lookup(error) => Some(Error::DnsError { rcode: Some(error.to_string()), info_code: None }),
            Unreachable::LookupTime => Some(Error::DnsTimeout),
            Unreachable::Prohibited(_) => Some(Error::DestinationIpProhibited),
            Unreachable::ConnectTime => Some(Error::ConnectionTimeout),
            Unreachable::Connect(error) => Some(of_io(error).unwrap_or(Error::DestinationUnavailable)),
        };
    }
    if cause.is::<LengthLimitError>() {
        return Some(Error::HttpRequestBodySize(None));
    }
    if let Some(error) = cause.downcast_ref::<rustls::Error>() {
        return Some(match error {
            rustls::Error::InvalidCertificate(_) => Error::TlsCertificateError,
            rustls::Error::AlertReceived(alert) => {
                Error::TlsAlertReceived { alert_id: Some(u8::from(*alert)), alert_message: Some(format!("{alert:?}")) }
            }
            _ => Error::TlsProtocolError,
        });
    }
    if let Some(error) = cause.downcast_ref::<hyper::Error>() {
        return match error {
            error if error.is_parse_too_large() => Some(Error::HttpResponseHeaderSectionSize(None)),
            error if error.is_incomplete_message() => Some(Error::HttpResponseIncomplete),
            error if error.is_parse() => Some(Error::HttpProtocolError),
            _ => None,
        };
    }
    cause.downcast_ref::<io::Error>().and_then(of_io)
}

fn of_io(error: &io::Error) -> Option<Error> {
    match error.kind() {
        ErrorKind::ConnectionRefused => Some(Error::ConnectionRefused),
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe => {
            Some(Error::ConnectionTerminated)
        }
        ErrorKind::TimedOut => Some(Error::ConnectionTimeout),
        _ => None,
    }
}

/// An error and what led to it. Those within an error of input and output are not among its sources.
fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn StdError + 'static)| {
        let error: &'a (dyn StdError + 'static) = *error;
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        inner.map(|inner| inner as &(dyn StdError + 'static)).or_else(|| error.source())
    })
}
