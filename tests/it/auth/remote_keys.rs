//! Issuers' keys behind an address: how they come and go, and what is not taken from there.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use super::tokens::pair;
use super::{claims, config, directory, refusal, request, signed_with};
use crate::support::{Canned, Server, certificate, eventually};

const HOW_OFTEN: Duration = Duration::from_secs(5);

fn config_with(url: &str) -> String {
    config()
        .replace("['HS256']", "['ES256', 'EdDSA', 'RS256']")
        .replace("secret-file = 'secret.txt'", &format!("jwks-url = '{url}'"))
}

fn set(keys: &[&Value]) -> String {
    json!({ "keys": keys }).to_string()
}

async fn status(server: &Server, token: &str) -> (u16, String) {
    let (status, kind, _) = refusal(request(server, "GET", "/plugins").bearer_auth(token)).await;
    (status, kind)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_behind_an_address_are_fetched_renewed_and_kept() {
    let issuer = Canned::start().await;
    let ((one, one_public), (two, two_public)) = (pair(Algorithm::ES256, "one"), pair(Algorithm::EdDSA, "two"));
    let by_one = signed_with(Algorithm::ES256, Some("one"), &one);
    let by_two = signed_with(Algorithm::EdDSA, Some("two"), &two);
    // The issuer is not there yet, which keeps nobody else from anything.
    issuer.answer("/keys", 503, "");
    let server = Server::start_in(directory(), &config_with(&format!("http://{}/keys", issuer.address))).await;
    assert_eq!(status(&server, "team").await.0, 200);
    assert_eq!(status(&server, &by_one).await, (503, "unavailable".into()));
    issuer.answer("/keys", 200, set(&[&one_public]));
    eventually("the keys are fetched", async || status(&server, &by_one).await.0 == 200).await;
    assert_eq!(status(&server, &by_two).await, (401, "token-signature".into()));

    // Another takes its place: fetched since a token names it, and the old one is out.
    issuer.answer("/keys", 200, set(&[&two_public]));
    eventually("the new key is taken", async || status(&server, &by_two).await.0 == 200).await;
    assert_eq!(status(&server, &by_one).await, (401, "token-signature".into()));

    // What cannot be fetched, or is not to be taken, changes nothing.
    let (three, three_public) = pair(Algorithm::ES256, "three");
    let by_three = signed_with(Algorithm::ES256, Some("three"), &three);
    let secret = json!({"kty": "oct", "kid": "s", "k": BASE64.encode(super::SECRET)});
    issuer.answer("/keys", 200, set(&[&three_public, &secret]));
    eventually("the poisoned set is looked at", async || {
        assert_eq!(status(&server, &by_three).await, (401, "token-signature".into()));
        assert_eq!(status(&server, &by_two).await.0, 200);
        server.log().contains("the old ones stay")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn made_up_key_names_do_not_make_the_server_fall_upon_the_issuer() {
    let issuer = Canned::start().await;
    let (one, one_public) = pair(Algorithm::ES256, "one");
    issuer.answer("/keys", 200, set(&[&one_public]));
    let server = Server::start_in(directory(), &config_with(&format!("http://{}/keys", issuer.address))).await;
    let begun = Instant::now();
    for number in 0..200 {
        let token = signed_with(Algorithm::ES256, Some(&format!("made-up-{number}")), &one);
        assert_eq!(status(&server, &token).await, (401, "token-signature".into()));
    }
    let fetched = issuer.sent("/keys").len() as u64;
    let most = 2 + begun.elapsed().as_secs() / HOW_OFTEN.as_secs();
    assert!((1..=most).contains(&fetched), "{fetched} fetches, at most {most} are due");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poisoned_set_is_refused_as_a_whole() {
    let (issuer, elsewhere) = (Canned::start().await, Canned::start().await);
    let (key, public) = pair(Algorithm::ES256, "k");
    elsewhere.answer("/keys", 200, set(&[&public]));
    let secret = json!({"kty": "oct", "kid": "s", "k": BASE64.encode(super::SECRET)});
    let mut private = pair(Algorithm::EdDSA, "p").1;
    private["d"] = json!("AAAA");
    let many: Vec<Value> = (0..101).map(|number| json!({"kty": "OKP", "kid": number.to_string()})).collect();
    let sets = [
        ("secret", 200, set(&[&public, &secret])),
        ("private", 200, set(&[&public, &private])),
        ("twice", 200, set(&[&public, &public])),
        ("many", 200, set(&many.iter().chain([&public]).collect::<Vec<_>>())),
        ("large", 200, set(&[&public, &json!({"x": "x".repeat(2 << 20)})])),
        ("none", 200, set(&[])),
        ("page", 200, "<html>".into()),
        ("moved", 302, format!("http://{}/keys", elsewhere.address)),
        ("error", 500, set(&[&public])),
    ];
    let good = [("good", 200, set(&[&public, &json!({"kty": "XX", "kid": "from the future"})]))];
    let mut config = config();
    for (name, status, body) in sets.iter().chain(&good) {
        issuer.answer(&format!("/{name}"), *status, body.clone());
        config += &format!(
            "[[auth.issuers]]\nissuer = '{name}'\naudience = 'tidemill'\nalgorithms = ['ES256', 'EdDSA']\n\
             jwks-url = 'http://{}/{name}'\n",
            issuer.address
        );
    }
    let server = Server::start_in(directory(), &config).await;
    // Where a token says that its key is makes no difference.
    let header = Header {
        kid: Some("k".into()),
        jku: Some(format!("http://{}/keys", elsewhere.address)),
        ..Header::new(Algorithm::ES256)
    };
    let from = |name: &str| encode(&header, &claims(&json!({ "iss": name })), &key).unwrap();
    for (name, ..) in sets {
        assert_eq!(status(&server, &from(name)).await, (503, "unavailable".into()), "{name}");
        assert_eq!(issuer.sent(&format!("/{name}")).len(), 1, "{name}: it was looked at, and not again so soon");
    }
    assert_eq!(status(&server, &from("good")).await.0, 200);
    assert_eq!(elsewhere.sent("/keys").len(), 0);
    // The public key as a secret, and the secret that was shown.
    for wrong in [public.to_string(), super::SECRET.to_owned()] {
        let header = Header { kid: Some("k".into()), ..Header::new(Algorithm::HS256) };
        let token = encode(&header, &claims(&json!({"iss": "good"})), &EncodingKey::from_secret(wrong.as_bytes()));
        assert_eq!(status(&server, &token.unwrap()).await, (401, "token-signature".into()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_come_over_tls_from_whoever_is_trusted() {
    let directory = directory();
    certificate(directory.path(), "issuer");
    let issuer = Canned::start_secure(directory.path(), "issuer").await;
    let (key, public) = pair(Algorithm::ES256, "k");
    issuer.answer("/keys", 200, set(&[&public]));
    let token = signed_with(Algorithm::ES256, Some("k"), &key);
    let config = config_with(&format!("https://{}/keys", issuer.address));
    let mut server = Server::start_in(directory, &config).await;
    assert_eq!(status(&server, &token).await, (503, "unavailable".into()));
    assert!(server.log().contains("keys are not fetched"), "{}", server.log());
    server.stop();
    server.configure(&format!("{config}[http-client]\nroots = 'issuer.pem'\n"));
    server.start_again();
    assert_eq!(status(&server, &token).await.0, 200);
}
