//! Registries that let in by tokens of others: what for a token is asked.

use std::fs;

use hyper::Method;
use serde_json::json;

use super::super::Author;
use super::fake::{Fake, answer};
use super::{done, typed};

const PLUGIN: &str = r#"(component
    (instance $i)
    (export "tidemill:plugin/manifest@0.1.0" (instance $i))
    (export "tidemill:plugin/filter@0.1.0" (instance $i)))"#;

/// Pushes to a registry that says to whoever shows nothing that it wants a token for pulling, and answers `refusal` (the value of
/// `WWW-Authenticate`, if any) to one whose scope does not have `needed`. With which scopes tokens were asked for.
async fn scopes_of_a_push(needed: &'static str, refusal: Option<&'static str>) -> Vec<String> {
    let issuer = Fake::start(|request| {
        let scope = request.uri().query().unwrap().split_once("scope=").unwrap().1;
        answer(200, &[], json!({"token": scope}).to_string())
    })
    .await;
    let realm = format!("Bearer realm=\"http://{}/token\",service=\"r\"", issuer.address);
    let registry = Fake::start(move |request| {
        let wanted = |scope: &str| format!("{realm},scope=\"repository:acme/x:{scope}\"");
        let Some(shown) = request.headers().get("authorization") else {
            return answer(401, &[("www-authenticate", &wanted("pull"))], "");
        };
        let is_good = shown.to_str().unwrap().ends_with(needed);
        match (request.method(), refusal) {
            (&Method::HEAD, _) => answer(404, &[], ""),
            (_, Some(scope)) if !is_good => answer(403, &[("www-authenticate", &wanted(scope))], ""),
            (_, None) if !is_good => answer(403, &[], ""),
            (&Method::POST, _) => answer(202, &[("location", "/v2/acme/x/blobs/uploads/1")], ""),
            _ => answer(201, &[], ""),
        }
    })
    .await;
    let place = format!("{}/acme/x:1", registry.address);
    let pushing = move || {
        let author = Author::new();
        fs::write(author.at("x.wasm"), wat::parse_str(PLUGIN).unwrap()).unwrap();
        done(&author, &["push", &place, "x.wasm"]);
    };
    tokio::task::spawn_blocking(pushing).await.unwrap();
    issuer.seen().into_iter().map(|(path, _)| path.rsplit_once("%3A").unwrap().1.to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_for_a_push_is_good_for_pushing_whatever_the_first_answer_says() {
    assert_eq!(scopes_of_a_push("pull%2Cpush", None).await, ["pull%2Cpush"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_wants_more_of_a_token_says_so_once() {
    assert_eq!(scopes_of_a_push("*", Some("*")).await, ["pull%2Cpush", "*"]);
    // What is not enough then is told.
    let fake = Fake::start(|request| match request.uri().path() {
        "/token" => answer(200, &[], json!({"token": "t"}).to_string()),
        _ => {
            let realm = format!("Bearer realm=\"http://{}/token\"", request.headers()["host"].to_str().unwrap());
            answer(403, &[("www-authenticate", &realm)], "")
        }
    })
    .await;
    let place = format!("{}/acme/x:1", fake.address);
    let said = tokio::task::spawn_blocking(move || typed(&Author::new(), &[], &["pull", &place])).await.unwrap();
    assert!(said.code == 1 && said.err.contains("does not allow this in acme/x"), "{}", said.err);
    assert_eq!(fake.seen().len(), 3);
}
