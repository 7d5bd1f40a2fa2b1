//! One request and its answer, with bounds on time and bytes, and redirects. Must not know what registries are.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, LOCATION, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use rustls::ClientConfig;
use tokio::time::timeout;
use url::Url;

use crate::connect::{Connector, connector, is_loopback};
use crate::limits::{ANSWER_BYTES_MAX, PART_BYTES, REDIRECTS_MAX, REQUEST_TIME_MAX, SILENCE_MAX};

/// Hears how many bytes of how many are done.
pub type Told = Arc<dyn Fn(u64, u64) + Send + Sync>;

/// What is sent.
#[derive(Clone)]
pub(crate) struct Ask {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) accept: Option<&'static str>,
    pub(crate) content_type: Option<&'static str>,
    pub(crate) authorization: Option<HeaderValue>,
    pub(crate) body: Bytes,
    /// Most bytes of the answer.
    pub(crate) max: u64,
    /// Hears of the body, or without one of the answer's.
    pub(crate) told: Option<Told>,
}

/// What comes back.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Who answers, after all redirects.
    pub(crate) from: Url,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// Where requests may go without encryption.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plain {
    /// Nowhere.
    Never,
    /// To this machine, where nobody listens in between.
    Here,
    /// Everywhere.
    Anywhere,
}

/// Why nothing comes back.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Broken {
    #[error("its answer is too long")]
    TooLong,
    #[error("{0}")]
    Lost(String),
}

/// Sends requests.
pub(crate) struct Exchange {
    client: Client<Connector, Upload>,
    plain: Plain,
    agent: HeaderValue,
}

impl Exchange {
    pub(crate) fn new(tls: ClientConfig, plain: Plain, agent: HeaderValue) -> Self {
        Self { client: Client::builder(TokioExecutor::new()).build(connector(tls)), plain, agent }
    }

    /// Sends a request; reading ones follow redirects, without credentials from the first other host on.
    pub(crate) async fn send(&self, mut ask: Ask) -> Result<Answer, Broken> {
        for _ in 0..=REDIRECTS_MAX {
            if !self.plain.allows(&ask.url) {
                let advice = if self.plain == Plain::Here { "; allow it with --plain-http" } else { "" };
                return Err(Broken::Lost(format!("it leads to {}, which is not encrypted{advice}", origin(&ask.url))));
            }
            let reads = matches!(ask.method, Method::GET | Method::HEAD);
            let answer = timeout(REQUEST_TIME_MAX, self.once(&ask));
            let answer = answer.await.unwrap_or_else(|_| Err(late(REQUEST_TIME_MAX)))?;
            let place = answer.headers.get(LOCATION).filter(|_| reads && answer.status.is_redirection());
            let Some(place) = place else { return Ok(answer) };
            let place = place.to_str().ok().and_then(|place| ask.url.join(place).ok());
            let place = place.ok_or_else(|| Broken::Lost("it leads to an address that is none".to_owned()))?;
            if place.origin() != ask.url.origin() {
                ask.authorization = None;
            }
            ask.url = place;
        }
        Err(Broken::Lost(format!("it leads elsewhere more than {REDIRECTS_MAX} times")))
    }

    async fn once(&self, ask: &Ask) -> Result<Answer, Broken> {
        let mut request =
            Request::builder().method(ask.method.clone()).uri(ask.url.as_str()).header(USER_AGENT, &self.agent);
        for (name, value) in [(ACCEPT, ask.accept), (CONTENT_TYPE, ask.content_type)] {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        if matches!(ask.method, Method::POST | Method::PUT) {
            // Also of an empty body, without which some servers refuse it.
            request = request.header(CONTENT_LENGTH, ask.body.len());
        }
        if let Some(known) = &ask.authorization {
            request = request.header(AUTHORIZATION, known);
        }
        let (whole, told) = (ask.body.len() as u64, ask.told.clone());
        let upload = Upload { left: ask.body.clone(), whole, told: told.clone().filter(|_| whole > 0) };
        let request = request.body(upload).map_err(|error| Broken::Lost(error.to_string()))?;
        let answering = self.client.request(request);
        // A long body takes its time, and nothing is to be heard meanwhile.
        let patience = if whole > PART_BYTES as u64 { REQUEST_TIME_MAX } else { SILENCE_MAX };
        let answer = timeout(patience, answering).await.map_err(|_| late(patience))?;
        let (head, body) = answer.map_err(|error| Broken::Lost(innermost(&error)))?.into_parts();
        let told = told.filter(|_| whole == 0);
        let body = if ask.method == Method::HEAD {
            Bytes::new()
        } else if head.status.is_success() {
            read(body, ask.max, told).await?.ok_or(Broken::TooLong)?
        } else {
            // Why something is refused need not be known whole.
            read(body, ANSWER_BYTES_MAX, None).await?.unwrap_or_default()
        };
        Ok(Answer { from: ask.url.clone(), status: head.status, headers: head.headers, body })
    }
}

impl Plain {
    fn allows(self, url: &Url) -> bool {
        let plain = match self {
            Self::Never => false,
            Self::Here => url.host_str().is_some_and(is_loopback),
            Self::Anywhere => true,
        };
        url.scheme() == "https" || plain && url.scheme() == "http"
    }
}

/// Reads a body of at most `max` bytes. One that is longer is not waited for, whatever its length was said to be.
async fn read(mut body: Incoming, max: u64, told: Option<Told>) -> Result<Option<Bytes>, Broken> {
    let length = body.size_hint().exact();
    if length.is_some_and(|length| length > max) {
        return Ok(None);
    }
    let mut all = BytesMut::new();
    while let Some(frame) = timeout(SILENCE_MAX, body.frame()).await.map_err(|_| late(SILENCE_MAX))? {
        let frame = frame.map_err(|error| Broken::Lost(innermost(&error)))?;
        let Ok(part) = frame.into_data() else { continue };
        if (all.len() + part.len()) as u64 > max {
            return Ok(None);
        }
        all.extend_from_slice(&part);
        if let Some(told) = &told {
            told(all.len() as u64, length.unwrap_or(max));
        }
    }
    Ok(Some(all.freeze()))
}

fn late(patience: Duration) -> Broken {
    Broken::Lost(format!("it was silent for {} s", patience.as_secs()))
}

/// The innermost cause of an error; what is around it only says that something went wrong.
pub(crate) fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

/// Where an address is, without its path, which may hold a secret.
pub(crate) fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// A body that tells how much of it is gone.
struct Upload {
    left: Bytes,
    whole: u64,
    told: Option<Told>,
}

impl Body for Upload {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.left.is_empty() {
            return Poll::Ready(None);
        }
        let part = self.left.len().min(PART_BYTES);
        let part = self.left.split_to(part);
        if let Some(told) = &self.told {
            told(self.whole - self.left.len() as u64, self.whole);
        }
        Poll::Ready(Some(Ok(Frame::data(part))))
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left.len() as u64)
    }
}
