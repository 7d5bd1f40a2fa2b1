//! Which pages may talk MCP: a page of any site can have a browser send requests here, and MCP has every server look where
//! they come from. Programs send no `Origin`.

use axum::http::header::ORIGIN;
use axum::http::{HeaderMap, Uri};

use crate::problem::{Kind, Problem};

/// Whether a request may come from where it does.
pub(super) fn check(listed: &[String], headers: &HeaderMap) -> Result<(), Problem> {
    let allowed = |origin: &str| listed.iter().any(|own| own == "*" || own == origin) || is_loopback(origin);
    if headers.get_all(ORIGIN).iter().all(|origin| origin.to_str().is_ok_and(allowed)) {
        return Ok(());
    }
    let detail = "the request comes from a page of another site (`Origin`). Pages on this machine may talk MCP here, and \
        those of sites in the mount's `origins`";
    Err(Problem::new(Kind::CrossSite, detail).at("origin"))
}

/// Whether a page is from this machine. Its address is looked at, not what its name means.
fn is_loopback(origin: &str) -> bool {
    let Ok(uri) = origin.parse::<Uri>() else { return false };
    let is_web = matches!(uri.scheme_str(), Some("http" | "https"));
    let host = uri.host().unwrap_or_default();
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let is_own = host.eq_ignore_ascii_case("localhost")
        || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback());
    is_web && is_own && matches!(uri.path(), "" | "/") && uri.authority().is_some_and(|at| !at.as_str().contains('@'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_this_machine_and_listed_ones_may() {
        let listed = ["https://app.example".to_owned()];
        let may = |origin: &'static str| {
            let headers = HeaderMap::from_iter([(ORIGIN, origin.parse().unwrap())]);
            check(&listed, &headers).is_ok()
        };
        for good in [
            "http://localhost",
            "http://LOCALHOST:3000",
            "http://127.0.0.1:8005",
            "http://[::1]:1",
            "https://app.example",
        ] {
            assert!(may(good), "{good}");
        }
        for bad in [
            "null",
            "http://evil.example",
            "http://localhost.evil.example",
            "http://127.0.0.1.evil.example",
            "https://app.example:444",
            "http://localhost@evil.example",
            "http://evil.example@localhost",
            "file://localhost",
            "localhost",
            "",
        ] {
            assert!(!may(bad), "{bad}");
        }
        assert!(check(&listed, &HeaderMap::new()).is_ok(), "programs send none");
    }
}
