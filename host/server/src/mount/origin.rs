//! Which pages may read what a mount answers, and which may ask it at all.

use std::net::IpAddr;
use std::time::Duration;

use axum::http::header::{ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ORIGIN};
use axum::http::uri::Uri;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use tower_http::cors::{AllowHeaders, CorsLayer};

use crate::config;
use crate::http::cors;
use crate::problem::{Kind, Problem};

/// `cors`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cors {
    pub(crate) origins: Vec<String>,
    pub(crate) credentials: bool,
    pub(crate) max_age: Duration,
    /// What pages may send; none: whatever they ask for.
    pub(crate) headers: Vec<HeaderName>,
    /// What browsers are told that pages may do.
    pub(crate) methods: Vec<Method>,
    /// Which of both is said in every answer, not only to browsers that ask.
    pub(crate) always: bool,
}

impl Cors {
    /// The layer that says so, if any page may read anything.
    pub(crate) fn layer(&self) -> Option<CorsLayer> {
        let Self { origins, credentials, max_age, .. } = self.clone();
        let layer = cors::layer(&config::Cors { origins, credentials, max_age })?;
        let layer = layer.allow_methods(self.methods.clone());
        Some(if self.headers.is_empty() {
            layer
        } else {
            layer.allow_headers(AllowHeaders::list(self.headers.clone()))
        })
    }

    /// What clients read that look into answers themselves.
    pub(crate) fn say_always(&self, headers: &mut HeaderMap) {
        if !self.always {
            return;
        }
        let listed = [
            (ACCESS_CONTROL_ALLOW_METHODS, join(self.methods.iter().map(Method::to_string))),
            (ACCESS_CONTROL_ALLOW_HEADERS, join(self.headers.iter().map(|name| title(name.as_str())))),
        ];
        for (name, text) in listed {
            if let Ok(value) = HeaderValue::try_from(text)
                && !value.is_empty()
            {
                headers.insert(name, value);
            }
        }
    }
}

fn join(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

/// A header's name as people write it.
fn title(name: &str) -> String {
    let word = |word: &str| {
        let (first, rest) = word.split_at(word.len().min(1));
        first.to_ascii_uppercase() + rest
    };
    name.split('-').map(word).collect::<Vec<_>>().join("-")
}

/// `origins`: pages whose requests are taken. What is no page says nothing of where it is from, and is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Origins {
    pub(crate) listed: Vec<String>,
    /// Pages of this machine.
    pub(crate) loopback: bool,
}

impl Origins {
    pub(crate) fn check(&self, headers: &HeaderMap) -> Result<(), Problem> {
        if headers.get_all(ORIGIN).iter().all(|origin| origin.to_str().is_ok_and(|origin| self.has(origin))) {
            return Ok(());
        }
        let detail = "the request comes from a page of a site that is not among the mount's `origins`";
        Err(Problem::new(Kind::CrossSite, detail).at("origin"))
    }

    fn has(&self, origin: &str) -> bool {
        self.listed.iter().any(|own| own == "*" || own == origin) || (self.loopback && is_loopback(origin))
    }
}

fn is_loopback(origin: &str) -> bool {
    let Ok(uri) = origin.parse::<Uri>() else { return false };
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let web = matches!(uri.scheme_str(), Some("http" | "https"));
    web && (host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_this_machine_are_known() {
        let origins = Origins { listed: vec!["https://a.example".into()], loopback: true };
        for (origin, has) in [
            ("http://localhost:5173", true),
            ("http://127.0.0.1", true),
            ("https://[::1]:8443", true),
            ("https://a.example", true),
            ("https://a.example:8443", false),
            ("http://localhost.evil.example", false),
            ("http://127.0.0.1.evil.example", false),
            ("http://localhost@evil.example", false),
            ("null", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(ORIGIN, HeaderValue::from_static(origin))]);
            assert_eq!(origins.check(&headers).is_ok(), has, "{origin}");
        }
        assert!(origins.check(&HeaderMap::new()).is_ok());
    }
}
