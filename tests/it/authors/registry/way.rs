//! The way to a registry: over TLS to whom it is trusted to be, and through a proxy.

use std::fs;

use serde_json::json;
use sha2::{Digest, Sha256};

use super::super::{Author, Said};
use super::fake::{Fake, answer};
use super::{typed, with_component};
use crate::support::{Canned, certificate};

/// Types it while the servers of the test go on.
async fn meanwhile(author: Author, variables: Vec<(&'static str, String)>, arguments: Vec<String>) -> (Author, Said) {
    let typing = tokio::task::spawn_blocking(move || {
        let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, &**value)).collect();
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        let said = typed(&author, &variables, &arguments);
        (author, said)
    });
    typing.await.unwrap()
}

fn words(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn over_tls_a_registry_is_who_it_should_be() {
    let author = with_component("stamp_v1", "one.wasm");
    for name in ["ours", "other"] {
        certificate(&author.at(""), name);
    }
    let registry = Canned::start_secure(&author.at(""), "ours").await;
    let component = fs::read(author.at("one.wasm")).unwrap();
    let mut described = Vec::new();
    for (media_type, bytes) in
        [("application/vnd.wasm.config.v0+json", b"{}".to_vec()), ("application/wasm", component)]
    {
        let digest: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        described.push(json!({"mediaType": media_type, "digest": format!("sha256:{digest}"), "size": bytes.len()}));
        registry.answer(&format!("/v2/acme/stamp/blobs/sha256:{digest}"), 200, bytes);
    }
    let manifest = json!({"schemaVersion": 2, "config": described[0], "layers": [described[1]]});
    registry.answer("/v2/acme/stamp/manifests/1", 200, manifest.to_string());
    let pull = |ca: &str| words(&format!("pull {}/acme/stamp:1 --ca {ca}.pem", registry.address));
    let (author, said) = meanwhile(author, Vec::new(), pull("other")).await;
    assert!(said.code == 3 && said.err.contains("invalid peer certificate"), "{}", said.err);
    assert!(!author.has("stamp.wasm"));
    let (author, said) = meanwhile(author, Vec::new(), pull("ours")).await;
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(author.has("stamp.wasm"));
    // The variable is for all registries, and one on this machine stays without encryption.
    let fake = Fake::start(|_| answer(403, &[], "")).await;
    let variables = vec![("TIDEMILL_REGISTRY_CA", "ours.pem".to_owned())];
    let (_, said) = meanwhile(author, variables, words(&format!("pull {}/x:1", fake.address))).await;
    assert!(said.code == 1 && said.err.contains("does not allow this"), "{}", said.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_is_asked_for_registries_of_others_and_encryption_is_left_out_by_wish_alone() {
    let proxy = Fake::start(|_| answer(403, &[], "")).await;
    let address = format!("http://me:secret@{}", proxy.address);
    let variables = || vec![("HTTPS_PROXY", address.clone()), ("HTTP_PROXY", address.clone())];
    let (author, said) = meanwhile(Author::new(), variables(), words("pull registry.invalid/x:1")).await;
    assert!(said.code == 3 && said.err.contains(&format!("the proxy http://{}", proxy.address)), "{}", said.err);
    assert!(!said.err.contains("secret"), "{}", said.err);
    let shown = Some("Basic bWU6c2VjcmV0".to_owned());
    assert_eq!(proxy.seen(), [("registry.invalid:443".to_owned(), shown.clone())]);
    let (author, _) = meanwhile(author, variables(), words("pull registry.invalid/x:1 --plain-http")).await;
    assert_eq!(proxy.seen()[1..], [("registry.invalid:80".to_owned(), shown)]);
    let without = [variables(), vec![("NO_PROXY", "registry.invalid".to_owned())]].concat();
    let (author, said) = meanwhile(author, without, words("pull registry.invalid/x:1")).await;
    assert!(said.code == 3 && !said.err.contains("the proxy"), "{}", said.err);
    // Nobody listens on port 1 of this machine, where no proxy could reach it.
    let (mut author, said) = meanwhile(author, variables(), words("pull 127.0.0.1:1/x:1")).await;
    assert!(said.code == 3 && said.err.contains("Connection refused"), "{}", said.err);
    assert_eq!(proxy.seen().len(), 2);
    // What a proxy of another kind would not understand, and others would read, is not sent to it.
    for scheme in ["https", "socks5"] {
        let other = vec![("HTTPS_PROXY", format!("{scheme}://me:secret@{}", proxy.address))];
        let said;
        (author, said) = meanwhile(author, other, words("pull registry.invalid/x:1")).await;
        let told = format!("the proxy {scheme}://{}/: only proxies with http:// can be used", proxy.address);
        assert!(said.code == 3 && said.err.contains(&told) && !said.err.contains("secret"), "{}", said.err);
    }
    assert_eq!(proxy.seen().len(), 2);
}
