//! `[auth]`, `[[auth.tokens]]` and `[[auth.issuers]]`: who may come without a token, and which tokens are taken.
//!
//! Holds hashes of tokens and names of files, never a token or a secret. Must not know how tokens are checked.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use axum::http::Uri;
use jsonwebtoken::Algorithm;
use serde::Deserialize;

use crate::auth::{Rights, TokenType};
use crate::limits::LEEWAY_MAX;

/// `[auth]`
#[derive(Debug, Clone)]
pub(crate) struct Auth {
    /// Who needs no token.
    pub(crate) allow_anonymous: AllowAnonymous,
    /// `[[auth.tokens]]`
    pub(crate) tokens: Vec<StaticToken>,
    /// `[[auth.issuers]]`
    pub(crate) issuers: Vec<Issuer>,
}

/// `auth.allow-anonymous`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AllowAnonymous {
    /// Everybody, if the listener is bound to a loopback address.
    Loopback,
    /// Everybody.
    Anywhere,
    /// Nobody.
    Never,
}

/// A token that is known by its hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StaticToken {
    /// Whom it stands for.
    pub(crate) name: String,
    /// Of the token's bytes.
    pub(crate) sha256: [u8; 32],
    /// What its bearer may do.
    pub(crate) rights: Rights,
}

/// Somebody whose signed tokens (RFC 7519) are taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Issuer {
    /// What the claim `iss` must be; empty: it must not be there.
    pub(crate) issuer: String,
    /// One of them must be in the claim `aud`; none: it must not be there.
    pub(crate) audience: Vec<String>,
    /// Accepted, and no others.
    pub(crate) algorithms: Vec<Algorithm>,
    /// What signatures are checked with.
    pub(crate) keys: KeySource,
    /// By how much clocks may differ.
    pub(crate) leeway: Duration,
    /// Where what we look for stands in tokens.
    pub(crate) claims: Claims,
    /// What its tokens may publish that do not say it.
    pub(crate) publish: Option<Vec<String>>,
    /// And subscribe to.
    pub(crate) subscribe: Option<Vec<String>>,
}

/// Where an issuer's keys are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum KeySource {
    /// A shared secret.
    Secret(PathBuf),
    /// One public key in PEM.
    Public(PathBuf),
    /// A set of public keys in JSON (RFC 7517).
    Set(PathBuf),
    /// Such a set, by HTTP.
    Address(Uri),
}

/// Names of claims: a member, or a JSON Pointer (`/realm_access/roles`).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Claims {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) permissions: String,
    pub(crate) groups: String,
    pub(crate) publish: String,
    pub(crate) subscribe: String,
    /// Whom a token stands for.
    pub(crate) subject: String,
    /// What tells it from others.
    pub(crate) id: String,
}

impl Default for Claims {
    fn default() -> Self {
        let [kind, permissions, groups, publish, subscribe, subject, id] =
            ["type", "permissions", "groups", "publish", "subscribe", "sub", "jti"].map(str::to_owned);
        Self { kind, permissions, groups, publish, subscribe, subject, id }
    }
}

/// As it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenToken {
    name: String,
    sha256: String,
    #[serde(rename = "type")]
    kind: TokenType,
    #[serde(default)]
    permissions: Vec<String>,
    #[serde(default)]
    groups: Vec<String>,
    publish: Option<Vec<String>>,
    subscribe: Option<Vec<String>>,
}

/// As it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct WrittenIssuer {
    issuer: Option<String>,
    audience: Option<OneOrMore>,
    algorithms: Vec<String>,
    secret_file: Option<PathBuf>,
    key_file: Option<PathBuf>,
    jwks_file: Option<PathBuf>,
    jwks_url: Option<String>,
    leeway: Option<String>,
    #[serde(default)]
    claims: Claims,
    publish: Option<Vec<String>>,
    subscribe: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

/// One of `[[auth.tokens]]`, or what is wrong with it.
pub(super) fn token(table: &toml::Table) -> Result<StaticToken, String> {
    let written: WrittenToken = read(table)?;
    if written.name.is_empty() {
        return Err("`name` is empty: say whom the token stands for".into());
    }
    // What is written there may be the token itself: it is not repeated.
    let sha256 = digest(&written.sha256).ok_or(
        "`sha256` must be 64 hexadecimal digits, the SHA-256 of the token (`printf %s \"$TOKEN\" | sha256sum`), and not \
         the token itself",
    )?;
    let WrittenToken { name, kind, permissions, groups, publish, subscribe, .. } = written;
    Ok(StaticToken { name, sha256, rights: Rights::new(kind, permissions, groups, publish, subscribe)? })
}

/// One of `[[auth.issuers]]`, or what is wrong with it.
pub(super) fn issuer(table: &toml::Table) -> Result<Issuer, String> {
    let written: WrittenIssuer = read(table)?;
    let audience = match written.audience {
        None => None,
        Some(OneOrMore::One(one)) => Some(vec![one]),
        Some(OneOrMore::More(more)) => Some(more),
    };
    let is_empty = |list: &Vec<String>| list.is_empty() || list.iter().any(String::is_empty);
    if written.issuer.as_ref().is_some_and(String::is_empty) || audience.as_ref().is_some_and(is_empty) {
        return Err("`issuer` and `audience` must not be empty: without them tokens for others would be taken".into());
    }
    if (written.issuer.is_none() || audience.is_none()) && written.secret_file.is_none() {
        return Err("needs `issuer` and `audience`, without which tokens for others would be taken; only with a \
                    `secret-file`, which nobody else has, may they be left out"
            .into());
    }
    // Only to see whether they can be read: the type of a token is not known yet.
    let (publish, subscribe) = (written.publish, written.subscribe);
    Rights::new(TokenType::Readonly, Vec::new(), Vec::new(), publish.clone(), subscribe.clone())?;
    let algorithms: Vec<Algorithm> = written.algorithms.iter().map(|name| algorithm(name)).collect::<Result<_, _>>()?;
    let keys = match (written.secret_file, written.key_file, written.jwks_file, written.jwks_url) {
        (Some(file), None, None, None) => KeySource::Secret(file),
        (None, Some(file), None, None) => KeySource::Public(file),
        (None, None, Some(file), None) => KeySource::Set(file),
        (None, None, None, Some(url)) => KeySource::Address(address(&url)?),
        _ => return Err("needs one of `secret-file`, `key-file`, `jwks-file` and `jwks-url`, and only one".into()),
    };
    let symmetric = algorithms.contains(&Algorithm::HS256);
    let fit = match keys {
        KeySource::Secret(_) => algorithms == [Algorithm::HS256],
        KeySource::Public(_) => algorithms.len() == 1 && !symmetric,
        KeySource::Set(_) | KeySource::Address(_) => !algorithms.is_empty() && !symmetric,
    };
    if !fit {
        return Err(
            "`algorithms` do not fit the keys: with `secret-file` only [\"HS256\"], with `key-file` the one of \
            RS256, ES256 and EdDSA that the key is for, with `jwks-file` or `jwks-url` any of these"
                .into(),
        );
    }
    let leeway = match written.leeway.as_deref().map(humantime::parse_duration) {
        None => Duration::from_secs(30),
        Some(Ok(leeway)) if leeway <= LEEWAY_MAX => leeway,
        Some(_) => {
            let most = humantime::format_duration(LEEWAY_MAX);
            return Err(format!("`leeway` must be a duration up to {most}, such as \"30s\""));
        }
    };
    let (issuer, audience) = (written.issuer.unwrap_or_default(), audience.unwrap_or_default());
    Ok(Issuer { issuer, audience, algorithms, keys, leeway, claims: written.claims, publish, subscribe })
}

fn read<T: for<'de> Deserialize<'de>>(table: &toml::Table) -> Result<T, String> {
    table.clone().try_into().map_err(|error: toml::de::Error| error.to_string().trim().replace('\n', " "))
}

/// Whoever can change what is read there can make tokens: it is read over TLS, or from this machine.
fn address(url: &str) -> Result<Uri, String> {
    let wrong = || format!("`jwks-url` is {url:?}: expected an address such as \"https://id.example.com/keys\"");
    let address: Uri = url.parse().map_err(|_| wrong())?;
    let host = address.host().ok_or_else(wrong)?;
    let plain = host.trim_matches(['[', ']']);
    let loopback = plain == "localhost" || plain.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    if address.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return Err("`jwks-url` has a name or password in it, which is not sent; take it out".into());
    }
    match address.scheme_str() {
        Some("https") => Ok(address),
        Some("http") if loopback => Ok(address),
        Some("http") => {
            Err("`jwks-url` must begin with `https:`: anybody on the way could put in keys of their own".into())
        }
        _ => Err(wrong()),
    }
}

fn algorithm(name: &str) -> Result<Algorithm, String> {
    match name {
        "HS256" => Ok(Algorithm::HS256),
        "RS256" => Ok(Algorithm::RS256),
        "ES256" => Ok(Algorithm::ES256),
        "EdDSA" => Ok(Algorithm::EdDSA),
        _ => Err(format!("`algorithms` has {name:?}: expected \"HS256\", \"RS256\", \"ES256\" or \"EdDSA\"")),
    }
}

fn digest(text: &str) -> Option<[u8; 32]> {
    let digits: Vec<u8> =
        text.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect::<Option<_>>()?;
    let bytes: Vec<u8> = digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect();
    if digits.len() == 64 { bytes.try_into().ok() } else { None }
}

impl Auth {
    /// What two tables contradict each other in: the key and what is wrong.
    pub(super) fn contradictions(&self) -> Vec<(&'static str, String)> {
        let mut found = Vec::new();
        let mut seen = BTreeMap::new();
        for token in &self.tokens {
            if let Some(other) = seen.insert(("name", token.name.as_bytes()), &token.name) {
                found.push(("auth.tokens", format!("has two tokens with the name {other:?}")));
            }
            if let Some(other) = seen.insert(("sha256", &token.sha256[..]), &token.name) {
                found.push(("auth.tokens", format!("has the same token for {other:?} and {:?}", token.name)));
            }
        }
        let mut issuers: Vec<&str> = self.issuers.iter().map(|issuer| &*issuer.issuer).collect();
        issuers.sort_unstable();
        for pair in issuers.windows(2).filter(|pair| pair[0] == pair[1]) {
            found.push(("auth.issuers", format!("has {:?} twice; one issuer has one table", pair[0])));
        }
        found
    }
}
