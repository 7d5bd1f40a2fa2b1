//! How a registry is told who asks: it says what it wants (`WWW-Authenticate`), which is then shown to it, or to the issuer of
//! tokens that it names.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::header::WWW_AUTHENTICATE;
use http::{HeaderMap, HeaderValue, Method};
use http_auth::ChallengeRef;
use serde::Deserialize;
use url::Url;
use url::form_urlencoded::Serializer;

use crate::Credentials;
use crate::exchange::{Answer, Ask};
use crate::limits::ANSWER_BYTES_MAX;

/// What a registry wants.
pub(crate) enum Wanted {
    /// Credentials with each request.
    Basic,
    /// A token of somebody else.
    Token { realm: Url, service: Option<String>, scope: Option<String> },
}

#[derive(Deserialize)]
struct Issued {
    token: Option<String>,
    access_token: Option<String>,
}

impl Wanted {
    /// The first of its challenges that can be met.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let texts = headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
        let mut challenges = texts.filter_map(|text| http_auth::parse_challenges(text).ok()).flatten();
        challenges.find_map(|challenge| {
            let named = |name: &str| parameter(&challenge, name);
            match &*challenge.scheme.to_ascii_lowercase() {
                "basic" => Some(Self::Basic),
                "bearer" => Some(Self::Token {
                    realm: named("realm")?.parse().ok()?,
                    service: named("service"),
                    scope: named("scope"),
                }),
                _ => None,
            }
        })
    }
}

fn parameter(challenge: &ChallengeRef<'_>, name: &str) -> Option<String> {
    let found = challenge.params.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.to_unescaped())
}

impl Credentials {
    /// As a header for the registry itself.
    pub(crate) fn basic(&self) -> Option<HeaderValue> {
        let Self::Password { user, password } = self else { return None };
        header("Basic", &BASE64_STANDARD.encode(format!("{user}:{password}")))
    }

    /// What is sent to an issuer of tokens.
    pub(crate) fn ask_for_token(&self, mut realm: Url, service: Option<&str>, scope: Option<&str>) -> Ask {
        let mut form = Serializer::new(String::new());
        for (name, value) in [("service", service), ("scope", scope)] {
            if let Some(value) = value {
                form.append_pair(name, value);
            }
        }
        let mut ask = Ask {
            method: Method::GET,
            url: realm.clone(),
            accept: Some("application/json"),
            content_type: None,
            authorization: self.basic(),
            body: Bytes::new(),
            max: ANSWER_BYTES_MAX,
            told: None,
        };
        if let Self::Identity(token) = self {
            form.append_pair("grant_type", "refresh_token").append_pair("client_id", "tidemill");
            form.append_pair("refresh_token", token);
            ask.method = Method::POST;
            ask.content_type = Some("application/x-www-form-urlencoded");
            ask.body = form.finish().into();
            return ask;
        }
        let form = form.finish();
        let query = [realm.query().unwrap_or_default(), &form].into_iter().filter(|part| !part.is_empty());
        let query = query.collect::<Vec<_>>().join("&");
        realm.set_query(Some(&query));
        ask.url = realm;
        ask
    }
}

/// The token that an issuer gave.
pub(crate) fn issued(answer: &Answer) -> Option<HeaderValue> {
    let Issued { token, access_token } = serde_json::from_slice(&answer.body).ok()?;
    header("Bearer", &token.or(access_token)?)
}

fn header(scheme: &str, secret: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::try_from(format!("{scheme} {secret}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(texts: &[&'static str]) -> Option<Wanted> {
        Wanted::of(&texts.iter().map(|text| (WWW_AUTHENTICATE, HeaderValue::from_static(text))).collect())
    }

    #[test]
    fn an_issuer_is_asked_with_what_the_registry_said() {
        let bearer =
            r#"Bearer realm="https://a.example/token?x=1",service="r.example",scope="repository:a/b:pull,push""#;
        let Some(Wanted::Token { realm, service, scope }) = wanted(&["Negotiate", bearer]) else { panic!() };
        let ask =
            |credentials: &Credentials| credentials.ask_for_token(realm.clone(), service.as_deref(), scope.as_deref());
        let asked = ask(&Credentials::None);
        let query = "x=1&service=r.example&scope=repository%3Aa%2Fb%3Apull%2Cpush";
        assert_eq!((asked.url.query(), asked.authorization), (Some(query), None));
        let asked = ask(&Credentials::Password { user: "me".into(), password: "a:b".into() });
        let known = asked.authorization.unwrap();
        assert!(known == "Basic bWU6YTpi" && known.is_sensitive());
        let asked = ask(&Credentials::Identity("t&t".into()));
        assert_eq!((asked.method, asked.url.query()), (Method::POST, Some("x=1")));
        assert!(asked.body.ends_with(b"grant_type=refresh_token&client_id=tidemill&refresh_token=t%26t"));
    }

    #[test]
    fn the_first_challenge_that_can_be_met_counts() {
        assert!(matches!(wanted(&[r#"Basic realm="x""#]), Some(Wanted::Basic)));
        assert!(matches!(wanted(&[r#"Digest realm="x", Basic realm="y""#]), Some(Wanted::Basic)));
        for none in ["", "Negotiate", r#"Bearer service="x""#, r#"Bearer realm="no address""#, "Basic realm=\"x"] {
            assert!(wanted(&[none]).is_none(), "{none}");
        }
    }
}
