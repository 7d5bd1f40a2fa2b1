//! Requests to hosts that the plugin was granted; they block until the whole answer is there.
//!
//! ```no_run
//! use tidemill_sdk::http::{self, Request};
//! use tidemill_sdk::{Event, Failure, Outcome, Output};
//!
//! fn enrich(event: &Event) -> Result<Outcome, Failure> {
//!     let rates: serde_json::Value = http::get("https://api.example.com/rates")?.json()?;
//!     Request::post("https://api.example.com/seen", event.data()).header("x-id", event.id()).send()?;
//!     Ok(Outcome::change(Output::new().json(&rates)?))
//! }
//! ```
//!
//! The operator grants hosts (`http = ["api.example.com"]` in the table `[grants]` of the plugin's settings); everything
//! else is [`Error::Denied`]. Redirects are not followed: they are answers, and the next request is the plugin's own. `?`
//! in a filter or transform turns an error into a fault: [`Fault::Retry`] where the host may ask again, and
//! [`Fault::Broken`] where that would not help. In native tests every request fails.

mod url;
#[cfg(target_arch = "wasm32")]
mod wire;

use std::fmt;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Failure, Fault, json};
use url::Url;

/// A request that is not yet sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    method: String,
    url: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
    timeout: Option<Duration>,
}

/// A whole answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    status: u16,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

/// Why there is no answer, in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The host, or the address that it has, was not granted.
    Denied(String),
    /// Its time was over.
    TimedOut(String),
    /// The request or the answer is larger than the plugin's limits allow.
    TooLarge(String),
    /// The request cannot be sent as it is: its URL, method or a header is wrong.
    Request(String),
    /// It could not be sent, or not be answered.
    Failed(String),
}

/// The answer to a GET.
///
/// # Errors
///
/// See [`Error`]. An answer with any status is an answer.
pub fn get(url: &str) -> Result<Response, Error> {
    Request::get(url).send()
}

impl Request {
    /// A request with a method and a URL (`https://…` or `http://…`).
    pub fn new(method: &str, url: &str) -> Self {
        let (method, url) = (method.to_owned(), url.to_owned());
        Self { method, url, headers: Vec::new(), body: Vec::new(), timeout: None }
    }

    /// A GET.
    pub fn get(url: &str) -> Self {
        Self::new("GET", url)
    }

    /// A POST with this body.
    pub fn post(url: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::new("POST", url).body(body)
    }

    /// One more header field. `Host` and those about the connection are the host's; `content-length` is there by itself.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// With this body.
    #[must_use]
    pub fn body(self, body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..self }
    }

    /// With a value as JSON.
    ///
    /// # Errors
    ///
    /// [`Error::Request`] if the value cannot be JSON.
    pub fn json<T: Serialize + ?Sized>(self, value: &T) -> Result<Self, Error> {
        let body = serde_json::to_vec(value).map_err(|error| Error::Request(error.to_string()))?;
        Ok(self.header("content-type", "application/json").body(body))
    }

    /// Waits for the answer's head at most this long, if that is less than the plugin's limit.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout: Some(timeout), ..self }
    }

    /// Sends it and waits for the whole answer.
    ///
    /// # Errors
    ///
    /// See [`Error`]. An answer with any status is an answer.
    pub fn send(&self) -> Result<Response, Error> {
        let url = Url::read(&self.url)?;
        self.check_length()?;
        self.send_to(&url)
    }

    /// A body that its header contradicts would be cut off, or never come to its end.
    fn check_length(&self) -> Result<(), Error> {
        let has = self.body.len().to_string();
        let mut own = self.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
        own.find(|(_, says)| *says != has.as_bytes()).map_or(Ok(()), |(_, says)| {
            let says = String::from_utf8_lossy(says);
            let why = format!("the header content-length says {says} bytes, the body has {has}; leave the header out");
            Err(Error::Request(why))
        })
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn send_to(&self, _: &Url<'_>) -> Result<Response, Error> {
        Err(Error::Failed("there is no network in native tests".into()))
    }
}

impl Response {
    /// The status code.
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// Whether the status is 200 to 299.
    pub const fn is_success(&self) -> bool {
        self.status >= 200 && self.status <= 299
    }

    /// A header field that is text; of several, the first.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
        found.and_then(|(_, value)| std::str::from_utf8(value).ok())
    }

    /// The body.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The body as text; what is no UTF-8 is replaced.
    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// The body as a value.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] if it is no such JSON, with the place.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        json::from_slice(&self.body).map_err(|error| Error::Failed(format!("the answer{}: {}", error.at, error.detail)))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied(why) => write!(f, "denied: {why}"),
            Self::TimedOut(why) => write!(f, "timed out: {why}"),
            Self::TooLarge(why) => write!(f, "too large: {why}"),
            Self::Request(why) | Self::Failed(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for Error {}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        match error {
            Error::TimedOut(_) | Error::Failed(_) => Self::Retry(error.to_string()),
            Error::Denied(_) | Error::TooLarge(_) | Error::Request(_) => Self::Broken(error.to_string()),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Fault(error.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_as_what_it_is() {
        let headers = vec![("Content-Type".to_owned(), b"application/json".to_vec())];
        let response = Response { status: 201, headers, body: b"{\"n\":1}".to_vec() };
        assert!(response.is_success());
        assert_eq!(response.header("content-type"), Some("application/json"));
        assert_eq!(response.json::<serde_json::Value>(), Ok(serde_json::json!({"n": 1})));
        assert!(matches!(response.json::<Vec<u8>>(), Err(Error::Failed(_))));
    }

    #[test]
    fn what_may_pass_is_asked_again_and_what_will_not_is_a_fault() {
        assert!(matches!(Fault::from(Error::TimedOut(String::new())), Fault::Retry(_)));
        assert!(matches!(Fault::from(Error::Denied(String::new())), Fault::Broken(_)));
        assert!(matches!(get("http://a.example"), Err(Error::Failed(_))));
        assert!(matches!(get("a.example"), Err(Error::Request(_))));
    }

    #[test]
    fn a_body_is_as_long_as_its_header_says() {
        let sent = |length: &str| Request::post("http://a.example", "grüße").header("Content-Length", length).send();
        assert!(matches!(sent("7"), Err(Error::Failed(_))));
        let why = "the header content-length says 5 bytes, the body has 7; leave the header out";
        assert_eq!(sent("5"), Err(Error::Request(why.into())));
        assert!(matches!(sent("many"), Err(Error::Request(_))));
    }
}
