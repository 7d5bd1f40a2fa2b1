//! The parts of a URL, as far as a request needs them. What is wrong within them the host says.

use super::Error;

/// Where a request goes.
#[derive(Debug, PartialEq, Eq)]
#[cfg_attr(not(target_arch = "wasm32"), allow(dead_code, reason = "nothing is sent natively"))]
pub(super) struct Url<'a> {
    pub(super) secure: bool,
    pub(super) authority: &'a str,
    /// Path and query, without the leading slash where the path is empty.
    pub(super) target: &'a str,
}

impl<'a> Url<'a> {
    pub(super) fn read(text: &'a str) -> Result<Self, Error> {
        let (scheme, rest) = text.split_once("://").unwrap_or_default();
        let secure = match scheme {
            "https" => true,
            "http" => false,
            _ => return Err(Error::Request(format!("`{text}` does not begin with `https://` or `http://`"))),
        };
        let rest = rest.split_once('#').map_or(rest, |(rest, _)| rest);
        let (authority, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        Ok(Self { secure, authority, target })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_has_its_parts() {
        let parts = |text| Url::read(text).map(|url| (url.secure, url.authority, url.target)).expect("a URL");
        assert_eq!(parts("https://a.example:8443/b/c?d=e#f"), (true, "a.example:8443", "/b/c?d=e"));
        assert_eq!(parts("http://a"), (false, "a", ""));
        assert_eq!(parts("http://[::1]:80?q"), (false, "[::1]:80", "?q"));
        for wrong in ["", "a", "//a", "ftp://a", "HTTPS:/a"] {
            assert!(Url::read(wrong).is_err(), "{wrong}");
        }
    }
}
