//! Where a request may go and where one goes: scheme, host and port, read in one way for grants, wishes and requests,
//! so that no spelling of a host means one thing here and another there. Must not know addresses behind names.

use std::fmt;
use std::str::FromStr;

use url::Host;

/// What a name may have (RFC 1035).
const NAME_BYTES_MAX: usize = 253;

/// A place that answers HTTP, or with `*.` all places below a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    secure: bool,
    name: Name,
    port: u16,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Name {
    Exact(Host<String>),
    /// Every name that ends in a dot and this one.
    Below(String),
}

/// A text names no destination.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` names no host: {reason}; write `api.example.com` (HTTPS, port 443), `*.example.com`, `https://host:8443` or `http://host`"
)]
pub struct DestinationError {
    text: String,
    reason: &'static str,
}

impl FromStr for Destination {
    type Err = DestinationError;

    fn from_str(text: &str) -> Result<Self, DestinationError> {
        let (secure, place) = match text.split_once("://") {
            None => (true, text),
            Some((scheme, place)) if scheme.eq_ignore_ascii_case("https") => (true, place),
            Some((scheme, place)) if scheme.eq_ignore_ascii_case("http") => (false, place),
            Some(_) => return Err(error(text, "its scheme is neither https nor http")),
        };
        let (below, place) = place.strip_prefix("*.").map_or((false, place), |place| (true, place));
        let (host, port) = host_and_port(place).map_err(|reason| error(text, reason))?;
        let name = match host {
            Host::Domain(name) if name.contains('*') => {
                return Err(error(text, "`*` may only stand first, followed by a dot and a name"));
            }
            Host::Domain(name) if below => Name::Below(name),
            host if !below => Name::Exact(host),
            _ => return Err(error(text, "nothing is below an address")),
        };
        Ok(Self { secure, name, port: port.unwrap_or(default_port(secure)) })
    }
}

impl Destination {
    /// Where a request goes; its scheme is HTTP or HTTPS.
    pub(crate) fn of(uri: &http::Uri) -> Option<Self> {
        let secure = match uri.scheme_str()? {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let (host, port) = host_and_port(uri.authority()?.as_str()).ok()?;
        Some(Self { secure, name: Name::Exact(host), port: port.unwrap_or(default_port(secure)) })
    }

    /// Whether whoever may go here may go there.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        let is_below = |name: &str, top: &str| name.strip_suffix(top).is_some_and(|rest| rest.ends_with('.'));
        let covered = match (&self.name, &other.name) {
            (Name::Exact(own), Name::Exact(other)) => own == other,
            (Name::Below(own), Name::Exact(Host::Domain(other))) => is_below(other, own),
            (Name::Below(own), Name::Below(other)) => own == other || is_below(other, own),
            (Name::Below(_), Name::Exact(_)) | (Name::Exact(_), Name::Below(_)) => false,
        };
        covered && self.secure == other.secure && self.port == other.port
    }

    /// As a request's authority; the port is left out where the scheme says it.
    pub(crate) fn authority(&self) -> String {
        if self.port == default_port(self.secure) {
            self.name.to_string()
        } else {
            format!("{}:{}", self.name, self.port)
        }
    }
}

/// As it is written in settings.
impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.secure, self.port) {
            (true, 443) => {}
            (true, _) => f.write_str("https://")?,
            (false, _) => f.write_str("http://")?,
        }
        f.write_str(&self.authority())
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(host) => host.fmt(f),
            Self::Below(name) => write!(f, "*.{name}"),
        }
    }
}

fn default_port(secure: bool) -> u16 {
    if secure { 443 } else { 80 }
}

fn error(text: &str, reason: &'static str) -> DestinationError {
    DestinationError { text: text.chars().take(NAME_BYTES_MAX).collect(), reason }
}

/// Splits `host:port` and reads the host as browsers do (WHATWG URL): names in lower case and in ASCII, numbers of every
/// notation as the IPv4 address that they are.
fn host_and_port(text: &str) -> Result<(Host<String>, Option<u16>), &'static str> {
    if text.contains('@') {
        return Err("it has a user before the host");
    }
    if text.contains(|c: char| matches!(c, '/' | '\\' | '?' | '#' | '%') || c.is_whitespace() || c.is_control()) {
        return Err("it has more than a host and a port");
    }
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    if host.contains(':') && !host.starts_with('[') {
        return Err("an IPv6 address stands in `[` and `]`");
    }
    let port = match port {
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            let port = digits.parse().ok().filter(|port| *port != 0);
            Some(port.ok_or("its port is not a number from 1 to 65535")?)
        }
        Some(_) => return Err("its port is not a number from 1 to 65535"),
        None => None,
    };
    let host = match Host::parse(host).map_err(|_| "that is neither a name nor an address")? {
        // The dot that only says that the name is complete.
        Host::Domain(name) => Host::Domain(name.strip_suffix('.').unwrap_or(&name).to_owned()),
        address => address,
    };
    if let Host::Domain(name) = &host
        && (name.len() > NAME_BYTES_MAX || name.split('.').any(str::is_empty))
    {
        return Err("a part of the name is empty, or it is too long");
    }
    Ok((host, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Destination {
        text.parse().unwrap_or_else(|error| panic!("{error}"))
    }

    fn granted(grant: &str, uri: &str) -> bool {
        let uri: http::Uri = uri.parse().unwrap_or_else(|error| panic!("{uri}: {error}"));
        Destination::of(&uri).is_some_and(|to| read(grant).covers(&to))
    }

    #[test]
    fn a_grant_is_for_one_scheme_host_and_port() {
        assert!(granted("api.example.com", "https://api.example.com/a?b"));
        assert!(granted("API.Example.com.", "https://api.EXAMPLE.com:443/"));
        assert!(granted("https://host:8443", "https://host.:8443/"));
        assert!(granted("host:8443", "https://host:8443/"));
        assert!(granted("http://127.0.0.1:9000", "http://127.0.0.1:9000/"));
        assert!(granted("[::1]", "https://[0:0::1]/"));
        assert!(granted("bücher.example", "https://xn--bcher-kva.example/"));
        for other in [
            "http://api.example.com/",
            "http://api.example.com:443/",
            "https://api.example.com:80/",
            "https://example.com/",
            "https://x.api.example.com/",
            "https://api.example.com.evil.org/",
            "https://xapi.example.com/",
        ] {
            assert!(!granted("api.example.com", other), "{other}");
        }
    }

    #[test]
    fn a_star_is_any_depth_below_and_not_the_name_itself() {
        for (uri, is) in [
            ("https://a.example.org/", true),
            ("https://a.b.example.org/", true),
            ("https://example.org/", false),
            ("https://badexample.org/", false),
            ("https://a.example.org.evil.net/", false),
            ("https://a.example.org:444/", false),
            ("http://a.example.org/", false),
        ] {
            assert_eq!(granted("*.example.org", uri), is, "{uri}");
        }
        assert!(read("*.example.org").covers(&read("*.a.example.org")));
        assert!(!read("*.a.example.org").covers(&read("*.example.org")));
        assert!(!read("a.example.org").covers(&read("*.example.org")));
    }

    #[test]
    fn spellings_of_an_address_are_that_address() {
        for host in ["2130706433", "0x7f.1", "017700000001", "127.1", "127.0.0.1.", "0x7F000001"] {
            assert!(granted("https://127.0.0.1", &format!("https://{host}/")), "{host}");
        }
        assert_eq!(read("https://0x7f.1").to_string(), "127.0.0.1");
    }

    #[test]
    fn what_is_no_plain_host_goes_nowhere() {
        for authority in ["api.example.com@evil.org", "evil.org@api.example.com", "user:pass@api.example.com"] {
            assert!(!granted("api.example.com", &format!("https://{authority}/")), "{authority}");
            assert!(!granted("evil.org", &format!("https://{authority}/")), "{authority}");
        }
        for wrong in [
            "",
            "*",
            "*.",
            "*.127.0.0.1",
            "a.*.b",
            "ftp://a",
            "a/b",
            "a b",
            "a:0",
            "a:99999",
            "a:",
            "::1",
            "a..b",
            "1.2.3.4.5",
            "https://",
            "a?b",
            "a#b",
            "a%2eb",
            "user@a",
            "[::1",
            "a\\b",
            "http://http://a",
            "999.1.1.1",
        ] {
            let parsed = wrong.parse::<Destination>();
            assert!(parsed.is_err(), "{wrong}: {parsed:?}");
        }
    }

    #[test]
    fn it_is_shown_as_it_is_written() {
        for text in
            ["api.example.com", "*.example.org", "https://host:8443", "http://127.0.0.1:9000", "http://a", "[::1]"]
        {
            assert_eq!(read(text).to_string(), text);
            assert_eq!(read(&read(text).to_string()), read(text));
        }
    }
}
