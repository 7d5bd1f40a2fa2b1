//! Registries that lie, do not end, or send whoever asks elsewhere.

use hyper::Response;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::super::Author;
use super::fake::{Body, Fake, answer, endless};
use super::{refused, typed};

fn digest(bytes: &[u8]) -> String {
    let digits: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{digits}")
}

/// A manifest whose component has this digest and is said to have this size. Its configuration is `{}`.
fn manifest(component: &str, size: u64) -> String {
    json!({
        "schemaVersion": 2,
        "config": {"mediaType": "application/vnd.wasm.config.v0+json", "digest": digest(b"{}"), "size": 2},
        "layers": [{"mediaType": "application/wasm", "digest": component, "size": size}],
    })
    .to_string()
}

/// A registry with this manifest; its component is answered by a function. Nothing comes of pulling from it but this sentence.
async fn pulled(manifest: String, component: impl Fn() -> Response<Body> + Send + Sync + 'static) -> String {
    let config = format!("/blobs/{}", digest(b"{}"));
    let fake = Fake::start(move |request| match request.uri().path() {
        path if path.contains("/manifests/") => answer(200, &[], manifest.clone()),
        path if path.ends_with(&config) => answer(200, &[], "{}"),
        path if path.contains("/blobs/") => component(),
        _ => answer(404, &[], ""),
    })
    .await;
    let author = Author::new();
    let told = tokio::task::spawn_blocking(move || {
        let told = refused(&author, 1, &["pull", &format!("{}/acme/x:1", fake.address)]);
        let left = std::fs::read_dir(author.at("")).unwrap().count();
        assert_eq!(left, 0, "nothing is left");
        told
    });
    told.await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_is_read_without_an_end() {
    let wanted = digest(b"component");
    let told = pulled(manifest(&wanted, 9), endless).await;
    assert!(told.contains("sends more than the 9 bytes that the manifest says of the component"), "{told}");
    let told = pulled(manifest(&wanted, 9), || answer(200, &[], vec![0; 10])).await;
    assert!(told.contains("sends more than the 9 bytes"), "{told}");
    let told = pulled(manifest(&wanted, (64 << 20) + 1), endless).await;
    assert!(told.contains("the component has more than 67108864 bytes, which is the most"), "{told}");
    let told = pulled(" ".repeat(1 << 20) + &manifest(&wanted, 9), endless).await;
    assert!(told.contains("its manifest has more than 1048576 bytes"), "{told}");
    for (status, expected) in [(401, "wants credentials"), (403, "does not allow this"), (500, "answers 500")] {
        let fake = Fake::start(move |_| {
            let (mut parts, body) = endless().into_parts();
            parts.status = status.try_into().unwrap();
            parts.headers.insert("www-authenticate", "Basic realm=\"x\"".parse().unwrap());
            Response::from_parts(parts, body)
        })
        .await;
        let place = format!("{}/x:1", fake.address);
        let told = tokio::task::spawn_blocking(move || refused(&Author::new(), 1, &["pull", &place])).await.unwrap();
        assert!(told.contains(expected), "{status}: {told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_have_the_digest_that_was_asked_for() {
    let wanted = digest(b"component");
    let told =
        pulled(manifest(&wanted, 9), || answer(200, &[("docker-content-digest", "sha256:0")], "COMPONENT")).await;
    assert!(told.contains(&format!("and not {wanted}")) && told.contains("the component has the digest"), "{told}");
    let told = pulled(manifest(&wanted, 9), || answer(200, &[], "short")).await;
    assert!(told.contains("the component has the digest"), "{told}");
    let told = pulled(manifest("sha256:../../x", 9), || answer(200, &[], "x")).await;
    assert!(told.contains("`sha256:../../x` is no SHA-256 digest"), "{told}");
    // The manifest itself, when it was asked for by digest.
    let fake = Fake::start(|_| answer(200, &[], manifest(&digest(b"other"), 5))).await;
    let place = format!("{}/x@{wanted}", fake.address);
    let told = tokio::task::spawn_blocking(move || refused(&Author::new(), 1, &["pull", &place])).await.unwrap();
    assert!(told.contains("the manifest has the digest") && told.contains(&format!("not {wanted}")), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn words_of_a_registry_do_nothing_to_a_terminal() {
    let errors = json!({"errors": [{"code": "DENIED", "message": format!("no\u{1b}[2J\nsecond{}", "x".repeat(500))}]});
    let fake = Fake::start(move |_| answer(403, &[], errors.to_string())).await;
    let place = format!("{}/acme/x:1", fake.address);
    let told = tokio::task::spawn_blocking(move || refused(&Author::new(), 1, &["pull", &place])).await.unwrap();
    assert!(told.contains("does not allow this in acme/x (no\u{fffd}[2J\u{fffd}second"), "{told}");
    assert!(!told.contains('\u{1b}') && told.len() < 400, "{told}");
    // Of a manifest, and of a component.
    let long = "B".repeat(900_000);
    let told = pulled(json!({"config": format!("no\u{1b}[2J{long}")}).to_string(), || answer(404, &[], "")).await;
    assert!(told.contains("its manifest cannot be read") && !told.contains('\u{1b}') && told.len() < 400, "{told}");
    let name = format!("evil\\1b]0;{}", "A".repeat(20_000));
    let evil = wat::parse_str(format!("(component (instance $i) (export \"{name}\" (instance $i)))")).unwrap();
    let told = pulled(manifest(&digest(&evil), evil.len() as u64), move || answer(200, &[], evil.clone())).await;
    assert!(told.contains("exports `evil\u{fffd}]0;AA") && !told.contains('\u{1b}') && told.len() < 600, "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_go_to_whom_they_are_for() {
    let thief = Fake::start(|_| answer(200, &[], json!({"token": "t"}).to_string())).await;
    let wanted = format!("Bearer realm=\"http://{}/token\",service=\"r\"", thief.address);
    let store = Fake::start(move |_| answer(401, &[("www-authenticate", &wanted)], "")).await;
    let place = format!("http://{}/stored?signature=abc", store.address);
    let tokens = Fake::start(|_| answer(200, &[], json!({"token": "t-o-k-e-n"}).to_string())).await;
    let realm =
        format!("Bearer realm=\"http://{}/token\",service=\"r\",scope=\"repository:acme/x:pull\"", tokens.address);
    let registry = Fake::start(move |request| {
        if request.headers().get("authorization").is_none_or(|shown| shown != "Bearer t-o-k-e-n") {
            return answer(401, &[("www-authenticate", &realm)], "");
        }
        match request.uri().path() {
            path if path.contains("/manifests/") => answer(200, &[], manifest(&digest(b"component"), 9)),
            path if path.ends_with(&digest(b"{}")) => answer(200, &[], "{}"),
            _ => answer(307, &[("location", &place)], ""),
        }
    })
    .await;
    let reference = format!("{}/acme/x:1", registry.address);
    let said = tokio::task::spawn_blocking(move || {
        let known = [("TIDEMILL_REGISTRY_USER", "me"), ("TIDEMILL_REGISTRY_PASSWORD", "open sesame")];
        typed(&Author::new(), &known, &["pull", &reference])
    });
    let said = said.await.unwrap();
    assert_eq!((said.code, &*said.err), (1, &*format!("tidemill: http://{} answers 401\n", store.address)));
    assert_eq!(thief.seen(), [], "whom the registry redirects to does not say where passwords go");
    let query = "/token?service=r&scope=repository%3Aacme%2Fx%3Apull";
    assert_eq!(tokens.seen(), [(query.to_owned(), Some("Basic bWU6b3BlbiBzZXNhbWU=".to_owned()))]);
    assert_eq!(store.seen(), [("/stored?signature=abc".to_owned(), None)]);
    assert!(registry.seen().iter().skip(1).all(|(_, shown)| shown.as_deref() == Some("Bearer t-o-k-e-n")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_on_this_machine_leads_nobody_to_others_in_clear() {
    let pulled = async |status: u16, header: (&'static str, &'static str), more: &'static str| {
        let fake = Fake::start(move |_| answer(status, &[header], "")).await;
        let typing = move || {
            let known = [("TIDEMILL_REGISTRY_USER", "me"), ("TIDEMILL_REGISTRY_PASSWORD", "open sesame")];
            let reference = format!("{}/acme/x:1", fake.address);
            let arguments: Vec<_> = ["pull", &reference, more].into_iter().filter(|word| !word.is_empty()).collect();
            typed(&Author::new(), &known, &arguments)
        };
        let said = tokio::task::spawn_blocking(typing).await.unwrap();
        assert_eq!(said.code, 3, "{}", said.err);
        said.err
    };
    for (status, header) in [
        (401, ("www-authenticate", "Bearer realm=\"http://other.invalid/token\"")),
        (307, ("location", "http://other.invalid/stored")),
    ] {
        let told = pulled(status, header, "").await;
        assert!(told.contains("http://other.invalid, which is not encrypted; allow it with --plain-http"), "{told}");
        // By wish it is looked for.
        let told = pulled(status, header, "--plain-http").await;
        assert!(!told.contains("not encrypted"), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn redirects_end() {
    let fake = Fake::start(|request| answer(302, &[("location", &format!("{}x", request.uri()))], "")).await;
    let place = format!("{}/x:1", fake.address);
    let told = tokio::task::spawn_blocking(move || refused(&Author::new(), 3, &["pull", &place])).await.unwrap();
    assert!(told.contains("it leads elsewhere more than 5 times"), "{told}");
    assert_eq!(fake.seen().len(), 6);
}
