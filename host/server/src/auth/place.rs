//! Where a request carries its token. Tokens in addresses are refused: addresses are logged, kept and passed on.

use axum::http::header::{AUTHORIZATION, COOKIE, HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderName};

use crate::auth::refusal::Refusal;
use crate::limits::TOKEN_BYTES_MAX;
use crate::problem::{Kind, Problem};

const X_AUTH_TOKEN: HeaderName = HeaderName::from_static("x-auth-token");
/// The cookie that browsers bring a token in.
const TOKEN_COOKIE: &str = "tidemill_token";

/// The token of a request, if it has one.
/// `cookies`: whether a cookie counts.
/// `given`: one that was in the address where that is allowed.
pub(super) fn token<'h>(
    cookies: bool,
    query: &str,
    headers: &'h HeaderMap,
    given: Option<&'h str>,
) -> Result<Option<&'h str>, Problem> {
    let in_address = form_urlencoded::parse(query.as_bytes()).any(|(name, _)| {
        // Both spellings that are in use (RFC 6750, section 2.3).
        matches!(&*name, "token" | "access_token")
    });
    if in_address {
        let detail = "a token does not belong into the address, where logs and histories keep it: send it as \
            `Authorization: Bearer <token>`; for EventSource get a ticket by POST /tickets and connect with `?ticket=`. \
            Consider this token known to others";
        return Err(Problem::new(Kind::BadRequest, detail).at("token"));
    }
    let bearer = match only(headers, &AUTHORIZATION)? {
        Some(value) => Some(bearer(value)?),
        None => None,
    };
    let header = only(headers, &X_AUTH_TOKEN)?;
    let token = match (bearer, header) {
        (Some(one), Some(other)) if one != other => {
            return Err(malformed("`Authorization` and `X-Auth-Token` have different tokens; send one of them"));
        }
        (Some(token), _) | (None, Some(token)) => Some(token),
        (None, None) if given.is_some() => given,
        (None, None) => cookie(cookies, headers)?,
    };
    if given.is_some_and(|given| token != Some(given)) {
        return Err(malformed("the address and a header have different tokens; send one of them"));
    }
    match token {
        Some(token) if token.len() > TOKEN_BYTES_MAX => Err(malformed("the token is longer than 8 KiB")),
        Some("") => Err(malformed("the token is empty")),
        token => Ok(token),
    }
}

fn malformed(detail: &str) -> Problem {
    Refusal::Malformed(detail.to_owned()).into()
}

/// A header that may be there once.
fn only<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<Option<&'h str>, Problem> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(malformed(&format!("the header `{name}` is there twice")));
    }
    value.to_str().map(|value| Some(value.trim())).map_err(|_| malformed(&format!("the header `{name}` is not text")))
}

/// The scheme is case-insensitive (RFC 9110, section 11.1).
fn bearer(value: &str) -> Result<&str, Problem> {
    match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(token.trim()),
        _ => Err(malformed("`Authorization` is not of the form `Bearer <token>`")),
    }
}

fn cookie(counts: bool, headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let texts = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = texts.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut tokens = pairs.filter(|(name, _)| *name == TOKEN_COOKIE).map(|(_, value)| value.trim_matches('"'));
    let Some(token) = tokens.next() else { return Ok(None) };
    // Another site of the same domain can add a cookie, but not take this one away.
    if tokens.next().is_some() {
        return Err(malformed("the cookie `tidemill_token` is there twice"));
    }
    if !counts {
        let detail = "a browser brings cookies along whoever makes it send a request, so one that changes something must \
            come from a page of this server (`Origin` or `Sec-Fetch-Site`), or of one in `cors.origins` with \
            `cors.credentials`; send the token as `Authorization: Bearer` instead";
        return Err(Problem::new(Kind::CrossSite, detail).at("origin"));
    }
    Ok(Some(token))
}

/// Whether a page of this server made the browser send it. What does not say so counts as another.
pub(super) fn is_same_origin(headers: &HeaderMap) -> bool {
    let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin";
    }
    let own = text(&HOST);
    let origin = text(&ORIGIN).and_then(|origin| origin.split_once("://"));
    own.is_some() && origin.map(|(_, authority)| authority) == own
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Method;

    fn found(method: &Method, headers: &[(&'static str, &str)]) -> Result<Option<String>, u16> {
        let headers = headers.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
        let mut map = HeaderMap::new();
        headers.for_each(|(name, value)| {
            map.append(name, value);
        });
        token(method.is_safe() || is_same_origin(&map), "", &map, None).map(|token| token.map(str::to_owned)).map_err(
            |problem| {
                let problem = serde_json::to_value(problem).unwrap();
                u16::try_from(problem["status"].as_u64().unwrap()).unwrap()
            },
        )
    }

    #[test]
    fn tokens_are_found_where_they_may_be() {
        let some = |token: &str| Ok(Some(token.to_owned()));
        assert_eq!(found(&Method::POST, &[("authorization", "bearer  abc")]), some("abc"));
        assert_eq!(found(&Method::POST, &[("x-auth-token", "abc")]), some("abc"));
        assert_eq!(found(&Method::POST, &[("authorization", "Bearer a"), ("x-auth-token", "a")]), some("a"));
        assert_eq!(found(&Method::GET, &[("cookie", "x=1; tidemill_token=abc; y=2")]), some("abc"));
        assert_eq!(found(&Method::GET, &[("cookie", "tidemill_tokens=abc")]), Ok(None));
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_refused() {
        assert_eq!(found(&Method::GET, &[("authorization", "Bearer a"), ("x-auth-token", "b")]), Err(401));
        assert_eq!(found(&Method::GET, &[("authorization", "Bearer a"), ("authorization", "Bearer a")]), Err(401));
        assert_eq!(found(&Method::GET, &[("authorization", "Basic YTpi")]), Err(401));
        assert_eq!(found(&Method::GET, &[("authorization", "Bearer ")]), Err(401));
        assert_eq!(found(&Method::GET, &[("cookie", "tidemill_token=a; tidemill_token=b")]), Err(401));
    }

    #[test]
    fn cookies_change_nothing_for_other_sites() {
        let cookie = ("cookie", "tidemill_token=abc");
        for (headers, may) in [
            (vec![], false),
            (vec![("sec-fetch-site", "same-origin")], true),
            (vec![("sec-fetch-site", "same-site")], false),
            (vec![("sec-fetch-site", "cross-site"), ("origin", "http://me:1"), ("host", "me:1")], false),
            (vec![("origin", "http://me:1"), ("host", "me:1")], true),
            (vec![("origin", "http://me:2"), ("host", "me:1")], false),
            (vec![("origin", "null"), ("host", "me:1")], false),
        ] {
            let all: Vec<_> = headers.into_iter().chain([cookie]).collect();
            assert_eq!(found(&Method::POST, &all).is_ok(), may, "{all:?}");
            assert!(found(&Method::GET, &all).is_ok(), "{all:?}");
        }
    }
}
