//! Who may do what: tokens of all kinds, shown in all places, on every route and on both lanes.

mod anonymous;
mod audience;
mod command;
mod matrix;
mod remote_keys;
mod revoked;
mod streams;
mod tokens;

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::Server;

const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// An issuer with a secret, and a token of each kind that is named like it.
fn config() -> String {
    let mut config = String::from(
        "[auth]\nallow-anonymous = 'never'\n[[auth.issuers]]\nissuer = 'dev'\naudience = ['tidemill', 'others']\n\
         algorithms = ['HS256']\nsecret-file = 'secret.txt'\nleeway = '0s'\n",
    );
    for (name, rest) in [
        ("master", "type = 'master'"),
        ("team", "type = 'team'\npublish = ['order.*']\nsubscribe = ['order.*', 'invoice.paid']"),
        ("admin", "type = 'team'\npermissions = ['admin']"),
        ("readonly", "type = 'readonly'\npublish = ['*']\npermissions = ['admin']\nsubscribe = ['*']"),
    ] {
        config += &format!("[[auth.tokens]]\nname = '{name}'\nsha256 = '{}'\n{rest}\n", sha256(name));
    }
    config
}

pub(crate) fn sha256(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A directory with the files that [`config`] names.
fn directory() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir(directory.path().join("plugins")).unwrap();
    std::fs::write(directory.path().join("secret.txt"), format!("{SECRET}\n")).unwrap();
    directory
}

async fn server() -> Server {
    Server::start_in(directory(), &config()).await
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// Claims that are accepted, with some replaced; `null` leaves one out.
fn claims(other: &Value) -> Value {
    let mut claims = json!({
        "iss": "dev", "aud": "tidemill", "sub": "me", "exp": now() + 600, "type": "team",
        "publish": ["order.*"], "subscribe": ["order.*"],
    });
    for (name, value) in other.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    claims
}

fn signed(other: &Value) -> String {
    encode(&Header::default(), &claims(other), &EncodingKey::from_secret(SECRET.as_bytes())).unwrap()
}

/// A token with a key of another kind, and its identifier if it has one.
fn signed_with(algorithm: Algorithm, id: Option<&str>, key: &EncodingKey) -> String {
    let header = Header { kid: id.map(str::to_owned), ..Header::new(algorithm) };
    encode(&header, &claims(&json!({})), key).unwrap()
}

fn request(server: &Server, method: &str, path: &str) -> RequestBuilder {
    server.http.request(Method::from_bytes(method.as_bytes()).unwrap(), server.url(path))
}

/// The status, the kind of problem and the challenge.
async fn refusal(request: RequestBuilder) -> (u16, String, Option<String>) {
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    let challenge = answer.headers().get("www-authenticate").map(|value| value.to_str().unwrap().to_owned());
    let body: Value = answer.json().await.unwrap_or_default();
    let kind = body["type"].as_str().unwrap_or_default().trim_start_matches("urn:tidemill:problem:").to_owned();
    (status, kind, challenge)
}

/// What a server says of whoever has a token.
async fn whoami(server: &Server, token: &str) -> (u16, Value) {
    let answer = request(server, "GET", "/principal").bearer_auth(token).send().await.unwrap();
    let status = answer.status().as_u16();
    (status, answer.json().await.unwrap())
}

fn rsa_key() -> EncodingKey {
    EncodingKey::from_rsa_pem(include_bytes!("auth/rsa.key.pem")).unwrap()
}

fn write(directory: &Path, name: &str, content: impl AsRef<[u8]>) {
    std::fs::write(directory.join(name), content).unwrap();
}
