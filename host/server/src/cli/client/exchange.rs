//! Requests and their answers, plain or over TLS, with an end to waiting. Must not know what is asked, nor how commands end.

use std::error::Error;
use std::future::Future;
use std::io;
use std::iter::successors;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{BoxStream, StreamExt as _, try_unfold};
use http::header::{HeaderMap, HeaderName, HeaderValue, LOCATION};
use http::{Method, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use rustls::{CertificateError, ClientConfig, Error as TlsError};
use serde::de::DeserializeOwned;
use tidemill_registry::{Connector, connector};
use tokio::time::{Instant, timeout_at};
use url::Url;

use crate::cli::printable;

/// Bytes of an answer that is read whole, so that whoever answers cannot fill the memory. Pages of events have 1 MiB.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// How long is waited.
#[derive(Debug, Clone, Copy)]
pub(in crate::cli) enum Patience {
    /// For all of an answer.
    Whole(Duration),
    /// For something to come, of an answer that may have no end.
    Silence(Duration),
}

/// Until when is waited for what comes next.
#[derive(Debug, Clone, Copy)]
enum Until {
    Then(Instant),
    Silence(Duration),
}

/// Sends requests. Redirects are told, not followed: they would take a token and what is sent elsewhere.
pub(in crate::cli) struct Exchange {
    client: Client<Connector, Full<Bytes>>,
    headers: HeaderMap,
    patience: Patience,
}

/// What is sent.
pub(in crate::cli) struct Request<'e> {
    exchange: &'e Exchange,
    request: http::request::Builder,
    body: Bytes,
}

/// What comes back; its body is still on its way.
pub(in crate::cli) struct Response {
    head: http::response::Parts,
    body: Incoming,
    until: Until,
}

/// Nothing came back, or not all of it.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub(in crate::cli) struct Lost {
    reason: String,
    when: When,
    /// What to do about it, unless that is plain.
    pub(super) hint: Option<&'static str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    Connecting,
    Asked,
    Waiting,
}

impl Exchange {
    /// Trusts whom `tls` does, and has these headers in each request.
    pub(super) fn new(tls: ClientConfig, headers: HeaderMap, patience: Patience) -> Self {
        Self { client: Client::builder(TokioExecutor::new()).build(connector(tls)), headers, patience }
    }

    pub(in crate::cli) fn request(&self, method: Method, url: &Url) -> Request<'_> {
        let mut request = http::Request::builder().method(method).uri(url.as_str());
        if let Some(headers) = request.headers_mut() {
            headers.clone_from(&self.headers);
        }
        Request { exchange: self, request, body: Bytes::new() }
    }

    pub(in crate::cli) fn get(&self, url: &Url) -> Request<'_> {
        self.request(Method::GET, url)
    }
}

impl Request<'_> {
    pub(in crate::cli) fn header<V>(mut self, name: HeaderName, value: V) -> Self
    where
        HeaderValue: TryFrom<V, Error: Into<http::Error>>,
    {
        self.request = self.request.header(name, value);
        self
    }

    pub(in crate::cli) fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// Sends it, and waits for the head of the answer.
    pub(in crate::cli) async fn send(self) -> Result<Response, Lost> {
        let until = match self.exchange.patience {
            Patience::Whole(time) => Until::Then(Instant::now() + time),
            Patience::Silence(time) => Until::Silence(time),
        };
        let request = self.request.body(Full::new(self.body)).map_err(|error| Lost::because(&error))?;
        let is_plain = request.uri().scheme_str() == Some("http");
        let answer = until.wait(self.exchange.client.request(request)).await?;
        let (head, body) = answer.map_err(|error| Lost::unanswered(&error, is_plain))?.into_parts();
        match head.headers.get(LOCATION).filter(|_| head.status.is_redirection()) {
            None => Ok(Response { head, body, until }),
            Some(place) => {
                let place = printable::line(&String::from_utf8_lossy(place.as_bytes()));
                let reason = format!("it sends whoever asks to {place}");
                let hint = Some("name that server if it is the one you mean");
                Err(Lost { reason, when: When::Connecting, hint })
            }
        }
    }
}

impl Response {
    pub(in crate::cli) const fn status(&self) -> StatusCode {
        self.head.status
    }

    pub(in crate::cli) const fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }

    /// All of the body.
    pub(in crate::cli) async fn bytes(self) -> Result<Bytes, Lost> {
        let whole = self.until.wait(Limited::new(self.body, ANSWER_BYTES_MAX).collect()).await?;
        Ok(whole.map_err(|error| Lost::because(&*error))?.to_bytes())
    }

    /// The body as JSON.
    pub(in crate::cli) async fn json<T: DeserializeOwned>(self) -> Result<T, Lost> {
        serde_json::from_slice(&self.bytes().await?).map_err(|error| Lost::because(&error))
    }

    /// The body as it comes.
    pub(in crate::cli) fn pieces(self) -> BoxStream<'static, Result<Bytes, Lost>> {
        let until = self.until;
        let pieces = try_unfold(self.body, move |mut body| async move {
            while let Some(frame) = until.wait(body.frame()).await? {
                if let Ok(piece) = frame.map_err(|error| Lost::because(&error))?.into_data() {
                    return Ok(Some((piece, body)));
                }
            }
            Ok(None)
        });
        pieces.boxed()
    }
}

impl Until {
    async fn wait<T>(self, what: impl Future<Output = T>) -> Result<T, Lost> {
        let (end, reason) = match self {
            Self::Then(end) => (end, "it took too long".to_owned()),
            Self::Silence(time) => (Instant::now() + time, format!("nothing came for {}s", time.as_secs())),
        };
        timeout_at(end, what).await.map_err(|_| Lost { reason, when: When::Waiting, hint: None })
    }
}

impl Lost {
    /// Whether nothing was sent that could have had an effect.
    pub(in crate::cli) fn is_connect(&self) -> bool {
        self.when == When::Connecting
    }

    /// Whether it took too long.
    pub(in crate::cli) fn is_late(&self) -> bool {
        self.when == When::Waiting
    }

    fn because(error: &(dyn Error + 'static)) -> Self {
        let innermost = causes(error).last().unwrap_or(error).to_string();
        Self { reason: printable::line(&innermost), when: When::Asked, hint: None }
    }

    fn unanswered(error: &hyper_util::client::legacy::Error, is_plain: bool) -> Self {
        // A head that is too large is one.
        let is_garbled = |cause: &(dyn Error + 'static)| {
            cause.downcast_ref().is_some_and(|cause: &hyper::Error| cause.is_parse() && !cause.is_parse_too_large())
        };
        let hint = causes(error).find_map(|cause| cause.downcast_ref::<TlsError>()).map_or_else(
            || {
                let is_other = is_plain && causes(error).any(is_garbled);
                is_other.then_some("if it speaks TLS, name it with https://")
            },
            |tls| match tls {
                // Of another authority with the same name the signature is bad.
                TlsError::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature) => {
                    Some("name a PEM file with its authority, or with its own certificate, with --ca or in TIDEMILL_CA")
                }
                TlsError::InvalidCertificate(_) => {
                    Some("ask whoever runs it for one that is good for this address and day")
                }
                TlsError::InvalidMessage(_) => Some("if it speaks no TLS, name it with http://"),
                _ => None,
            },
        );
        // Who speaks something else has understood nothing.
        let when = if error.is_connect() || hint.is_some() { When::Connecting } else { When::Asked };
        Self { when, hint, ..Self::because(error) }
    }
}

/// An error and what is behind it; what is around the innermost one only says that something went wrong.
fn causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    fn behind<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e (dyn Error + 'static)> {
        // What an error of input and output carries is not what it names as its source.
        let carried = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        carried.map(|carried| carried as &(dyn Error + 'static)).or_else(|| error.source())
    }
    successors(Some(error), |error| behind(*error))
}
