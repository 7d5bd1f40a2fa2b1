//! `POST /hooks/{plugin}`: deliveries of other systems, checked and turned into events by a plugin.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::clients::documented_deliveries;
use crate::support::{Server, Subscriber, guest, ready_made};

const SECRET: &str = "a secret of enough length";

async fn deliver(server: &Server, path: &str, headers: &[(&str, &str)], body: &str) -> (u16, Value) {
    let mut request = server.http.post(server.url(path)).body(body.to_owned());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

fn signature(body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    mac.finalize().into_bytes().iter().fold("sha256=".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

/// Everything that GitHub documents, signed as GitHub signs it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn github_delivers_signed_and_nobody_else_does() {
    let config = format!("[limits]\ntime = \"2s\"\n[plugins.github.config]\nsecret = \"{SECRET}\"\n");
    let server = Server::start(&config, &[("github", &ready_made("github"))]).await;
    let deliveries = documented_deliveries();
    assert_eq!(deliveries.len(), 329);
    for (number, (event, payload)) in deliveries.iter().enumerate() {
        let (body, id) = (payload.to_string(), format!("72d3162e-{number}"));
        let signed = signature(&body);
        let headers =
            [("x-github-event", event.as_str()), ("x-github-delivery", &id), ("x-hub-signature-256", &signed)];
        let (status, answer) = deliver(&server, "/hooks/github", &headers, &body).await;
        assert_eq!(
            (status, &answer["outcome"], &answer["id"]),
            (200, &json!("stored"), &json!(id)),
            "{event}: {answer}"
        );
        if number == 0 {
            let (status, again) = deliver(&server, "/hooks/github", &headers, &body).await;
            assert_eq!((status, &again["duplicate"]), (200, &json!(true)), "{again}");
            let stored = server.get(&format!("/events/{}", answer["position"].as_str().unwrap())).await.1;
            assert_eq!(stored["event"]["source"], "https://github.com");
            assert!(stored["event"]["type"].as_str().unwrap().starts_with(&format!("github.{event}")), "{stored}");
        }
    }
    let last = server.get("/events/stats").await.1["log"]["last"].clone();
    let (ping, id) = (r#"{"zen":"Design for failure."}"#, ("x-github-delivery", "1"));
    let other = signature("another body");
    for signed in ["", "sha256=00", other.as_str()] {
        let headers = [("x-github-event", "ping"), id, ("x-hub-signature-256", signed)];
        let (status, refused) = deliver(&server, "/hooks/github", &headers, ping).await;
        assert_eq!((status, &refused["type"]), (401, &json!("urn:tidemill:problem:delivery-refused")), "{refused}");
    }
    assert_eq!(server.get("/events/stats").await.1["log"]["last"], last, "nothing of it was stored");
}

#[tokio::test]
async fn without_a_secret_github_takes_nothing() {
    let server = Server::start("", &[("github", &ready_made("github"))]).await;
    let headers = [("x-github-event", "ping"), ("x-github-delivery", "1"), ("x-hub-signature-256", "sha256=00")];
    let (status, refused) = deliver(&server, "/hooks/github", &headers, "{}").await;
    assert_eq!(status, 503);
    assert!(refused["detail"].as_str().unwrap().contains("secret"), "{refused}");
}

#[tokio::test]
async fn events_of_a_delivery_go_the_way_of_all_events() {
    let server = Server::start("", &[("hook", &guest("hook")), ("stamp", &guest("stamp_v1"))]).await;
    let mut stream = Subscriber::open(&server, "types=hook.*&envelope=cloudevents").await;
    let (status, several) = deliver(&server, "/hooks/hook?a=%20b", &[("x-id", "7")], "one\ntwo\nno type").await;
    assert_eq!((status, &several["stored"], &several["rejected"]), (200, &json!(2), &json!(1)), "{several}");
    assert_eq!(several["results"][2]["by"], "hook");
    for (number, event_type) in ["hook.one", "hook.two"].iter().enumerate() {
        let event = stream.next().await.json();
        let seen = (&event["type"], &event["id"], &event["source"], &event["data"], &event["query"], &event["stamp"]);
        let id = format!("7.{number}");
        let expected =
            (json!(event_type), json!(id), json!("/hooks/hook"), json!(number), json!("a=%20b"), json!("v1"));
        assert_eq!(seen, (&expected.0, &expected.1, &expected.2, &expected.3, &expected.4, &expected.5));
    }
    let (status, none) = deliver(&server, "/hooks/hook", &[], "").await;
    assert_eq!((status, &none["results"]), (200, &json!([])), "a delivery may be of no interest");
}

#[tokio::test]
async fn what_a_plugin_does_wrong_with_a_delivery_costs_that_delivery() {
    let server = Server::start("", &[("hook", &guest("hook"))]).await;
    for (body, status, told) in [
        ("trap", 500, "trap"),
        ("refuse", 403, "not from you"),
        ("ok?", 500, "status 200"),
        ("many", 500, "1000 events of one delivery"),
    ] {
        let (answered, problem) = deliver(&server, "/hooks/hook", &[], body).await;
        assert_eq!(answered, status, "{problem}");
        assert!(problem["detail"].as_str().unwrap().contains(told), "{problem}");
    }
    assert_eq!(deliver(&server, "/hooks/hook", &[], "fine").await.1["outcome"], "stored");
    let figures = &server.get("/plugins/hook").await.1["figures"];
    assert_eq!((&figures["faults"]["trap"], &figures["faults"]["bad-output"]), (&json!(1), &json!(2)), "{figures}");
    assert_eq!((&figures["rejected"], &figures["events_out"]), (&json!(1), &json!(1)), "{figures}");
    // What fails on an instance that is not fresh is tried once more, and counts once more.
    let own = &figures["own"];
    let counted = own["deliveries"].as_u64().unwrap();
    assert!(counted >= 5 && own["bytes"]["count"] == counted && figures["own_lost"] == counted, "{figures}");
    let metrics = server.http.get(server.url("/metrics")).send().await.unwrap().text().await.unwrap();
    for line in [
        format!("tidemill_plugin_own_total{{plugin=\"hook\",name=\"deliveries\"}} {counted}"),
        format!("tidemill_plugin_own_values_count{{plugin=\"hook\",name=\"bytes\"}} {counted}"),
    ] {
        assert!(metrics.lines().any(|own| own == line), "{line} is missing:\n{metrics}");
    }
    assert_eq!(deliver(&server, "/hooks/nobody", &[], "").await.0, 404);
    let large = "x".repeat(2 << 20);
    assert_eq!(deliver(&server, "/hooks/hook", &[], &large).await.0, 413);
}
