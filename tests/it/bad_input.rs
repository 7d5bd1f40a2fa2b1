//! What bad input gets: a clear error that says what to do, while the host goes on.

use serde_json::{Value, json};

use crate::support::Server;

/// The answer's status, and its detail; every error is a problem document.
async fn refused(server: &Server, content_type: &str, body: impl Into<reqwest::Body>) -> (u16, String) {
    let request = server.http.post(server.url("/events")).header("content-type", content_type).body(body);
    let answer = request.send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    let status = answer.status().as_u16();
    let problem: Value = answer.json().await.unwrap();
    assert!(problem["type"].as_str().unwrap().starts_with("urn:tidemill:problem:"), "{problem}");
    assert_eq!(problem["status"], status);
    (status, problem["detail"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn bad_bodies_are_refused_with_what_to_do() {
    let server = Server::start("", &[]).await;
    let cases: [(&str, Vec<u8>, u16, &str); 12] = [
        ("application/json", b"".to_vec(), 400, "empty"),
        ("application/json", b"{\"type\":\"a\"".to_vec(), 422, "EOF"),
        ("application/json", b"{\"type\":\"\xff\"}".to_vec(), 400, "UTF-8"),
        ("application/json", b"7".to_vec(), 422, "invalid type"),
        ("application/json", br#"{"data":1}"#.to_vec(), 422, "missing field `type`"),
        ("application/json", br#"{"type":"a","dat":1}"#.to_vec(), 422, "unknown field `dat`"),
        ("application/json", br#"{"type":"error"}"#.to_vec(), 422, "app.error"),
        ("application/json", br#"{"type":"tidemill.x"}"#.to_vec(), 422, "host alone"),
        ("application/json", br#"{"type":"a","time":"noon"}"#.to_vec(), 422, "RFC 3339"),
        ("text/plain", b"hello".to_vec(), 415, "application/json"),
        ("application/json", vec![b' '; (1 << 20) + 1], 413, "1048576"),
        ("application/x-ndjson", b"{}\n".repeat(10_001), 413, "10000"),
    ];
    for (content_type, body, status, part) in cases {
        let shown = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
        let (got, detail) = refused(&server, content_type, body).await;
        assert_eq!(got, status, "{shown}: {detail}");
        assert!(detail.contains(part), "{shown}: {detail}");
    }
    let nested = format!(r#"{{"type":"a","data":{}{}}}"#, "[".repeat(200), "]".repeat(200));
    assert!(refused(&server, "application/json", nested).await.1.contains("levels"));
    assert_eq!(server.publish("still.alive", json!(1)).await.0, 200);
}

#[tokio::test]
async fn a_body_without_a_content_type_is_refused() {
    let server = Server::start("", &[]).await;
    let answer = server.http.post(server.url("/events")).body(r#"{"type":"a"}"#).send().await.unwrap();
    assert_eq!(answer.status(), 415);
}

#[tokio::test]
async fn bad_parameters_are_named() {
    let server = Server::start("", &[]).await;
    for (query, at) in [
        ("type=a", "type"),
        ("types=a%20b", "types"),
        ("since=yesterday", "since"),
        ("lastEventId=banana", "lastEventId"),
        ("limit=-1", "limit"),
        ("heartbeat=0s", "heartbeat"),
        ("envelope=xml", "envelope"),
        ("framing=none", "framing"),
    ] {
        let (status, problem) = server.get(&format!("/events?{query}")).await;
        assert_eq!((status, &problem["at"]), (400, &json!(at)), "{problem}");
    }
    let request = server.http.get(server.url("/events")).header("last-event-id", "not.a.position");
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 400);
    let problem: Value = answer.json().await.unwrap();
    assert!(problem["detail"].as_str().unwrap().contains("epoch.sequence"), "{problem}");
}

#[tokio::test]
async fn wrong_places_are_told() {
    let server = Server::start("", &[]).await;
    let (status, problem) = server.get("/plugins/nobody").await;
    assert_eq!(status, 404);
    assert!(problem["detail"].as_str().unwrap().contains("nobody.wasm"), "{problem}");
    assert_eq!(server.get("/event-types/nothing").await.0, 404);
    assert_eq!(server.get("/no/such/place").await.0, 404);
    assert_eq!(server.get("/events/banana").await.0, 400);
    assert_eq!(server.get("/events/1.99").await.0, 404);
    let answer = server.http.delete(server.url("/events")).send().await.unwrap();
    assert_eq!(answer.status(), 405);
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
}
