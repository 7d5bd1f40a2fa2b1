//! Where a request without a token may come from. A server that lets everybody in who reaches it is reached by every page in
//! a browser that reaches it: a page can send requests anywhere (CSRF), and can have its own name mean this machine (DNS
//! rebinding). A token shows that its bearer means it; without one, the browser's word for where the page is from must do.

use std::net::{IpAddr, Ipv6Addr};

use axum::extract::Request;
use axum::http::header::{HOST, ORIGIN};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Method};

use crate::auth::place::is_same_origin;
use crate::config::{Config, Cors};
use crate::mount;
use crate::problem::{Kind, Problem};

/// The names of this server, and the sites that are trusted.
#[derive(Debug)]
pub(crate) struct Sites {
    /// None: it may have any name.
    hosts: Option<Vec<String>>,
    cors: Cors,
}

impl Sites {
    pub(crate) fn new(config: &Config) -> Self {
        let hosts = &config.server.allowed_hosts;
        let named = config.listen.ip().to_canonical().is_loopback() || !hosts.is_empty();
        Self { hosts: named.then(|| hosts.clone()), cors: config.cors.clone() }
    }

    /// Whether a request without a token may come from where it does.
    /// `own`: what a mount says in place of the server's.
    pub(super) fn check(&self, request: &Request, own: Option<&mount::Cors>) -> Result<(), Problem> {
        let (method, headers) = (request.method(), request.headers());
        let named = headers.get_all(HOST).iter().map(|host| host.to_str().ok());
        let known = |host: Option<&str>| host.and_then(|host| host.parse().ok()).is_some_and(|host| self.is_own(&host));
        if !(named.into_iter().all(known) && request.uri().authority().is_none_or(|host| self.is_own(host))) {
            let detail = "the request is for a host that this server is not called (`Host`). A page of another site can \
                make its own name mean this machine, so that without a token only names that are known are served: \
                `localhost`, addresses, and those in `server.allowed-hosts`";
            return Err(Problem::new(Kind::CrossSite, detail).at("host"));
        }
        if !method.is_safe()
            && !is_same_origin(headers)
            && is_of_page(headers)
            && !is_listed(self.trusted(own).0, headers)
        {
            let detail = "the request comes from a page of another site (`Origin`), and has no token that would show that \
                it is meant; send one, or write the site into `cors.origins` (of the mount, if it has its own `cors`)";
            return Err(Problem::new(Kind::CrossSite, detail).at("origin"));
        }
        Ok(())
    }

    /// Whether a browser's cookie counts on a request of another site.
    /// `own`: what a mount says in place of the server's.
    pub(super) fn may_use_cookies(&self, method: &Method, headers: &HeaderMap, own: Option<&mount::Cors>) -> bool {
        let (origins, credentials) = self.trusted(own);
        method.is_safe() || is_same_origin(headers) || (credentials && is_listed(origins, headers))
    }

    /// Sites whose pages may ask, and whether with credentials.
    fn trusted<'a>(&'a self, own: Option<&'a mount::Cors>) -> (&'a [String], bool) {
        own.map_or((&self.cors.origins, self.cors.credentials), |own| (&own.origins, own.credentials))
    }

    /// Addresses are nobody's to give another meaning.
    fn is_own(&self, authority: &Authority) -> bool {
        let host = authority.host().trim_end_matches('.').to_ascii_lowercase();
        let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let is_address =
            address.map_or_else(|| host.parse::<IpAddr>().is_ok(), |host| host.parse::<Ipv6Addr>().is_ok());
        let listed = |hosts: &Vec<String>| hosts.contains(&host);
        is_address || host == "localhost" || self.hosts.as_ref().is_none_or(listed)
    }
}

fn is_listed(list: &[String], headers: &HeaderMap) -> bool {
    let mut origins = headers.get_all(ORIGIN).iter();
    let (origin, more) = (origins.next(), origins.next());
    more.is_none()
        && origin.is_some_and(|origin| list.iter().any(|own| own == "*" || own.as_bytes() == origin.as_bytes()))
}

/// Whether a page sent it: what is no browser says nothing of that.
fn is_of_page(headers: &HeaderMap) -> bool {
    // Typed or made by an extension: "none".
    headers.contains_key(ORIGIN) || headers.get("sec-fetch-site").is_some_and(|site| site != "none")
}
