//! Who is behind a proxy: `Forwarded` (RFC 7239) and `X-Forwarded-For`, believed only of proxies that are trusted. The one
//! place that says whose address a request comes from; everything behind it asks [`Peer`].

mod nodes;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::header::{FORWARDED, HOST};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use ipnet::IpNet;

use crate::app::App;
use crate::connections::Peer;
use crate::problem::{Kind, Problem};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
/// What nobody behind this sees.
const CLAIMS: [HeaderName; 4] =
    [FORWARDED, X_FORWARDED_FOR, X_FORWARDED_HOST, HeaderName::from_static("x-forwarded-proto")];

/// Who a request comes from, and what it was sent to.
#[derive(Debug, PartialEq, Eq)]
struct Client {
    address: SocketAddr,
    /// As the client named the server, if the proxy says so.
    host: Option<String>,
}

/// The layer over everything: takes the claims out of a request, and believes them or not.
pub(super) async fn client_address(
    State(app): State<Arc<App>>,
    Extension(mut peer): Extension<Peer>,
    mut request: Request,
    next: Next,
) -> Response {
    let found = find(&app.config().proxy.trusted, peer.address, request.headers());
    for name in CLAIMS {
        request.headers_mut().remove(name);
    }
    match found {
        Ok(Some(client)) => {
            (peer.address, peer.forwarded) = (client.address, true);
            request.extensions_mut().insert(peer);
            if let Some(host) = client.host.and_then(|host| HeaderValue::from_str(&host).ok()) {
                request.headers_mut().insert(HOST, host);
            }
        }
        Ok(None) => {}
        Err(problem) => return problem.into_response(),
    }
    next.run(request).await
}

/// Whom a trusted proxy speaks for; nobody else is asked.
fn find(trusted: &[IpNet], peer: SocketAddr, headers: &HeaderMap) -> Result<Option<Client>, Problem> {
    let is_trusted = |address: IpAddr| {
        let address = address.to_canonical();
        trusted.iter().any(|network| network.contains(&address))
    };
    if !is_trusted(peer.ip()) {
        return Ok(None);
    }
    let wrong = |name: &HeaderName, detail: &str| {
        Problem::new(Kind::BadRequest, format!("`{name}` {detail}")).at(name.to_string())
    };
    let forwarded = match text(headers, &FORWARDED).map_err(|detail| wrong(&FORWARDED, detail))? {
        Some(text) => Some(nodes::forwarded(&text).map_err(|detail| wrong(&FORWARDED, detail))?),
        None => None,
    };
    let listed = match text(headers, &X_FORWARDED_FOR).map_err(|detail| wrong(&X_FORWARDED_FOR, detail))? {
        Some(text) => Some(nodes::list(&text).map_err(|detail| wrong(&X_FORWARDED_FOR, detail))?),
        None => None,
    };
    let walked = |nodes: Vec<nodes::Hop>| walk(nodes, peer, &is_trusted);
    match (forwarded.map(walked), listed.map(walked)) {
        (Some(one), Some(other)) if one.address.ip() != other.address.ip() => {
            Err(wrong(&FORWARDED, "and `x-forwarded-for` name different clients; have the proxy send one of them"))
        }
        // A proxy that writes one of them may let through what its client wrote into the other: with both, none is believed
        // of what the server is called.
        (Some(client), Some(_)) => Ok(Some(Client { host: None, ..client })),
        (Some(client), None) | (None, Some(client)) => Ok(Some(client)),
        (None, None) => Ok(None),
    }
}

/// From the nearest on, for as long as they are trusted: whoever is not may have made up everything before.
fn walk(mut hops: Vec<nodes::Hop>, peer: SocketAddr, is_trusted: &impl Fn(IpAddr) -> bool) -> Client {
    let mut client = Client { address: peer, host: None };
    while is_trusted(client.address.ip())
        && let Some(hop) = hops.pop()
    {
        // A proxy that names nobody speaks for itself.
        let Some(address) = hop.address else { break };
        client = Client { address, host: hop.host };
    }
    client
}

/// All lines of a header as one list (RFC 9110, section 5.3).
fn text(headers: &HeaderMap, name: &HeaderName) -> Result<Option<String>, &'static str> {
    let lines: Result<Vec<&str>, _> = headers.get_all(name).iter().map(HeaderValue::to_str).collect();
    let lines = lines.map_err(|_| "is not text")?;
    Ok(Some(lines.join(",")).filter(|_| !lines.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, headers: &[(&'static str, &str)]) -> Result<Option<String>, ()> {
        let trusted: Vec<IpNet> = ["127.0.0.0/8", "10.0.0.0/8", "fd00::/8"].map(|net| net.parse().unwrap()).to_vec();
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_str(value).unwrap());
        }
        let found = find(&trusted, format!("{peer}:1").parse().unwrap(), &map).map_err(drop)?;
        Ok(found.map(|client| format!("{} {}", client.address.ip(), client.host.unwrap_or_default()).trim().to_owned()))
    }

    fn is(client: &str) -> Result<Option<String>, ()> {
        Ok(Some(client.to_owned()))
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let claim = [("x-forwarded-for", "1.1.1.1"), ("forwarded", "for=1.1.1.1")];
        assert_eq!(client("203.0.113.9", &claim), Ok(None));
        assert_eq!(client("203.0.113.9", &[("x-forwarded-for", "garbage")]), Ok(None));
        assert_eq!(client("127.0.0.1", &claim), is("1.1.1.1"));
        assert_eq!(client("[::ffff:127.0.0.1]", &claim), is("1.1.1.1"));
        assert_eq!(client("127.0.0.1", &[]), Ok(None));
    }

    #[test]
    fn what_a_client_made_up_stands_left_of_what_a_proxy_saw() {
        for (list, who) in [
            ("6.6.6.6, 1.1.1.1", "1.1.1.1"),
            ("6.6.6.6, 1.1.1.1, 10.0.0.2", "1.1.1.1"),
            ("10.0.0.3, 10.0.0.2", "10.0.0.3"),
            ("2001:db8::1, fd00::2", "2001:db8::1"),
            ("1.1.1.1:4711", "1.1.1.1"),
            ("6.6.6.6, unknown", "127.0.0.1"),
        ] {
            assert_eq!(client("127.0.0.1", &[("x-forwarded-for", list)]), is(who), "{list}");
        }
        let two_lines = [("x-forwarded-for", "6.6.6.6"), ("x-forwarded-for", "1.1.1.1")];
        assert_eq!(client("127.0.0.1", &two_lines), is("1.1.1.1"));
        let both = "for=6.6.6.6;host=evil, for=\"[2001:db8::1]:80\";host=\"a.example:8443\";proto=https, For=10.0.0.2";
        assert_eq!(client("127.0.0.1", &[("forwarded", both)]), is("2001:db8::1 a.example:8443"));
        // What the proxy may have let through says nothing of the server's name.
        let host = [("x-forwarded-for", "1.1.1.1"), ("x-forwarded-host", "evil")];
        assert_eq!(client("127.0.0.1", &host), is("1.1.1.1"));
        let through = [("forwarded", "for=1.1.1.1;host=evil"), ("x-forwarded-for", "1.1.1.1")];
        assert_eq!(client("127.0.0.1", &through), is("1.1.1.1"));
    }

    #[test]
    fn garbage_and_contradictions_of_a_trusted_proxy_are_refused() {
        for (name, value) in [
            ("x-forwarded-for", "garbage"),
            ("x-forwarded-for", "1.1.1.1, "),
            ("x-forwarded-for", "1.1.1.1; 2.2.2.2"),
            ("forwarded", "for"),
            ("forwarded", "for=\"1.1.1.1"),
            ("forwarded", "for=1.1.1.1;for=2.2.2.2"),
            ("forwarded", "for=2001:db8::1"),
        ] {
            assert!(client("127.0.0.1", &[(name, value)]).is_err(), "{name}: {value}");
        }
        let differ = [("x-forwarded-for", "1.1.1.1"), ("forwarded", "for=2.2.2.2")];
        assert!(client("127.0.0.1", &differ).is_err());
    }
}
