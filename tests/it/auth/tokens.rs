//! Which tokens are taken, and what is said of those that are not.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::json;

use super::{claims, config, directory, now, refusal, request, rsa_key, server, signed, signed_with, whoami, write};
use crate::support::{Server, eventually};

#[tokio::test]
async fn every_refusal_has_its_own_name() {
    let server = server().await;
    let ask = async |token: &str| refusal(request(&server, "GET", "/plugins").bearer_auth(token)).await;
    assert_eq!(whoami(&server, &signed(&json!({}))).await.0, 200);
    for (token, kind) in [
        (signed(&json!({"exp": now() - 5})), "token-expired"),
        (signed(&json!({"nbf": now() + 600})), "token-not-yet-valid"),
        (signed(&json!({"aud": "somebody"})), "token-audience"),
        (signed(&json!({"aud": ["somebody", "else"]})), "token-audience"),
        (signed(&json!({"aud": null})), "token-audience"),
        (signed(&json!({"iss": "nobody"})), "token-issuer"),
        (signed(&json!({"iss": null})), "token-issuer"),
        (signed(&json!({"exp": null})), "token-malformed"),
        (signed(&json!({"exp": "tomorrow"})), "token-malformed"),
        (signed(&json!({"sub": null})), "token-malformed"),
        (signed(&json!({"type": "root"})), "token-malformed"),
        (signed(&json!({"subscribe": ["a*b"]})), "token-malformed"),
        (signed(&json!({"groups": 7})), "token-malformed"),
        ("a.b.c".into(), "token-malformed"),
        ("x".repeat(9000), "token-malformed"),
        ("mister".into(), "token-unknown"),
    ] {
        let (status, found, challenge) = ask(&token).await;
        assert_eq!((status, found.as_str()), (401, kind), "{token}");
        assert!(challenge.unwrap().contains("error=\"invalid_token\""));
    }
    let (status, kind, challenge) = refusal(request(&server, "GET", "/plugins")).await;
    assert_eq!(
        (status, kind.as_str(), challenge.as_deref()),
        (401, "token-missing", Some("Bearer realm=\"tidemill\""))
    );
    assert!(!server.log().contains(&signed(&json!({}))), "a token is in the log");
}

#[tokio::test]
async fn signatures_are_checked_with_the_issuers_key_and_its_algorithm_only() {
    let directory = directory();
    write(directory.path(), "rsa.pem", include_bytes!("rsa.pem"));
    let config =
        config().replace("['HS256']", "['RS256']").replace("secret-file = 'secret.txt'", "key-file = 'rsa.pem'");
    let server = Server::start_in(directory, &config).await;
    let good = signed_with(Algorithm::RS256, None, &rsa_key());
    assert_eq!(whoami(&server, &good).await.0, 200);

    let part = |value: &serde_json::Value| BASE64.encode(value.to_string());
    let none = |name: &str| format!("{}.{}.", part(&json!({"alg": name, "typ": "JWT"})), part(&claims(&json!({}))));
    let as_secret = EncodingKey::from_secret(include_bytes!("rsa.pem"));
    let (head, signature) = good.rsplit_once('.').unwrap();
    let (header, _) = head.split_once('.').unwrap();
    let other_claims = format!("{header}.{}.{signature}", part(&claims(&json!({"type": "master"}))));
    for (token, kind) in [
        (none("none"), "token-malformed"),
        (none("None"), "token-malformed"),
        (none("RS256"), "token-signature"),
        // The public key, which everybody has, as a secret.
        (signed_with(Algorithm::HS256, None, &as_secret), "token-signature"),
        (signed(&json!({})), "token-signature"),
        // The right key with another algorithm of its family.
        (signed_with(Algorithm::RS384, None, &rsa_key()), "token-signature"),
        (signed_with(Algorithm::PS256, None, &rsa_key()), "token-signature"),
        (other_claims, "token-signature"),
    ] {
        let found = refusal(request(&server, "GET", "/plugins").bearer_auth(&token)).await;
        assert_eq!((found.0, found.1.as_str()), (401, kind), "{token}");
    }
}

#[tokio::test]
async fn a_secret_that_is_not_the_issuers_is_refused() {
    let server = server().await;
    let key = EncodingKey::from_secret(b"another secret of enough bytes....");
    let token = signed_with(Algorithm::HS256, None, &key);
    assert_eq!(refusal(request(&server, "GET", "/plugins").bearer_auth(token)).await.1, "token-signature");
}

/// A key pair of a curve: what signs, and the public part as a set has it.
pub(super) fn pair(algorithm: Algorithm, id: &str) -> (EncodingKey, serde_json::Value) {
    let (kind, name) = match algorithm {
        Algorithm::ES256 => (&rcgen::PKCS_ECDSA_P256_SHA256, "ES256"),
        _ => (&rcgen::PKCS_ED25519, "EdDSA"),
    };
    let pair = rcgen::KeyPair::generate_for(kind).unwrap();
    let raw = pair.public_key_raw();
    let encoded = |bytes: &[u8]| BASE64.encode(bytes);
    let (key, public) = if algorithm == Algorithm::ES256 {
        let (x, y) = raw[1..].split_at(32);
        let public = json!({"kty": "EC", "crv": "P-256", "x": encoded(x), "y": encoded(y)});
        (EncodingKey::from_ec_pem(pair.serialize_pem().as_bytes()).unwrap(), public)
    } else {
        let public = json!({"kty": "OKP", "crv": "Ed25519", "x": encoded(raw)});
        (EncodingKey::from_ed_pem(pair.serialize_pem().as_bytes()).unwrap(), public)
    };
    let mut public = public;
    (public["kid"], public["alg"], public["use"]) = (json!(id), json!(name), json!("sig"));
    (key, public)
}

#[tokio::test]
async fn a_set_of_keys_may_change_and_gives_no_choice() {
    let directory = directory();
    let (one, one_public) = pair(Algorithm::ES256, "one");
    let (two, two_public) = pair(Algorithm::EdDSA, "two");
    // A secret that everybody can read is none.
    let secret = json!({"kty": "oct", "kid": "secret", "k": BASE64.encode(super::SECRET)});
    write(directory.path(), "keys.json", json!({"keys": [secret, one_public]}).to_string());
    let config = config()
        .replace("['HS256']", "['ES256', 'EdDSA', 'RS256']")
        .replace("secret-file = 'secret.txt'", "jwks-file = 'keys.json'");
    let server = Server::start_in(directory, &config).await;
    let status = async |token: String| refusal(request(&server, "GET", "/plugins").bearer_auth(token)).await;
    assert_eq!(status(signed_with(Algorithm::ES256, Some("one"), &one)).await.0, 200);
    assert_eq!(status(signed_with(Algorithm::ES256, None, &one)).await.0, 200, "there is only one");
    let confused = EncodingKey::from_secret(super::SECRET.as_bytes());
    assert_eq!(status(signed_with(Algorithm::HS256, Some("secret"), &confused)).await.1, "token-signature");
    assert_eq!(status(signed_with(Algorithm::EdDSA, Some("one"), &two)).await.1, "token-signature");

    // Another takes its place, and the old one is known until the set is read again.
    let (three, three_public) = pair(Algorithm::ES256, "three");
    write(server.directory(), "keys.json", json!({"keys": [two_public, three_public]}).to_string());
    eventually("new keys are taken", async || status(signed_with(Algorithm::EdDSA, Some("two"), &two)).await.0 == 200)
        .await;
    assert_eq!(status(signed_with(Algorithm::ES256, Some("three"), &three)).await.0, 200);
    assert_eq!(status(signed_with(Algorithm::ES256, Some("one"), &one)).await.1, "token-signature");
    assert_eq!(status(signed_with(Algorithm::ES256, Some("three"), &one)).await.1, "token-signature");
}

#[tokio::test]
async fn claims_are_found_where_the_issuer_puts_them() {
    let config = config().replace(
        "leeway = '0s'",
        "leeway = '0s'\nclaims = { groups = '/realm/roles', permissions = 'scope', type = 'https://x/type' }",
    );
    let server = Server::start_in(directory(), &config).await;
    let token = signed(&json!({
        "realm": {"roles": ["a", "b"]}, "scope": "admin other", "https://x/type": "master", "jti": "7",
    }));
    let (_, found) = whoami(&server, &token).await;
    assert_eq!((&found["groups"], &found["permissions"]), (&json!(["a", "b"]), &json!(["admin", "other"])), "{found}");
    assert_eq!((&found["type"], &found["name"], &found["jti"]), (&json!("master"), &json!("me"), &json!("7")));
    let (_, found) = whoami(&server, &signed(&json!({}))).await;
    assert_eq!(
        (&found["type"], &found["publish"]),
        (&json!("readonly"), &json!(["order.*"])),
        "its `type` is elsewhere"
    );
}

#[tokio::test]
async fn tokens_are_taken_from_headers_and_cookies_and_never_from_addresses() {
    let server = server().await;
    let status = async |request: reqwest::RequestBuilder| {
        let (status, kind, _) = refusal(request).await;
        (status, kind)
    };
    let event = |request: reqwest::RequestBuilder| {
        request.header("content-type", "application/json").body(r#"{"type":"order.created"}"#)
    };
    let ok = (200, String::new());
    assert_eq!(status(request(&server, "GET", "/plugins").header("x-auth-token", "team")).await, ok);
    assert_eq!(status(request(&server, "GET", "/plugins").header("cookie", "tidemill_token=team")).await, ok);
    let write = || event(request(&server, "POST", "/events")).header("cookie", "tidemill_token=team");
    assert_eq!(status(write()).await, (403, "cross-site".into()));
    assert_eq!(status(write().header("origin", "http://evil.example")).await, (403, "cross-site".into()));
    assert_eq!(status(write().header("origin", format!("http://{}", server.address()))).await, ok);
    for path in ["/events?token=team", "/plugins?access_token=team", "/events/poll?token=team"] {
        assert_eq!(status(request(&server, "GET", path)).await, (400, "bad-request".into()), "{path}");
        assert_eq!(status(request(&server, "GET", path).bearer_auth("team")).await.0, 400, "{path}");
    }
}
