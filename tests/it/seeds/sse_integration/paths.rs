//! The documented paths, with the document's own commands, and what the document leaves open.

use serde_json::{Value, json};

use super::{broadcast, documented, printed, server_connected, start};
use crate::clients::Script;
use crate::support::{Wire, eventually};

#[tokio::test]
async fn s0_06_09_12_the_documented_commands_listen_and_tell() {
    let server = start().await;
    let mut stream = Script::start(&mut documented(&server, "Connect to event stream"));
    // Named, and as a message.
    for _ in 0..4 {
        stream.line_after("data: ").await;
    }
    let told = printed(&mut documented(&server, "Broadcast custom event"));
    assert_eq!((&told["success"], &told["clientsNotified"]), (&json!(true), &json!(1)), "{told}");
    assert_eq!(stream.line_after("event: ").await, "custom_event");
    let named: Value = serde_json::from_str(&stream.line_after("data: ").await).unwrap();
    // The place in the log is that of the second.
    assert!(stream.line_after("id: ").await.contains('.'));
    let message: Value = serde_json::from_str(&stream.line_after("data: ").await).unwrap();
    assert_eq!(named, message);
    assert_eq!((&named["type"], &named["id"]), (&json!("custom_event"), &told["id"]));
    assert_eq!((&named["data"]["message"], &named["message"]), (&json!("Hello World"), &json!("Hello World")));
}

#[tokio::test]
async fn s0_07_08_the_documented_commands_get_health_and_figures() {
    let server = start().await;
    let health = printed(&mut documented(&server, "Check health"));
    assert_eq!((&health["status"], &health["connections"]), (&json!("healthy"), &json!(0)), "{health}");
    let time = health["timestamp"].as_str().unwrap();
    assert!(time.len() == 24 && time.ends_with('Z') && health["uptime"].is_number(), "{health}");

    let mut wire = Wire::open(server.address()).await;
    wire.send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    wire.until("retry:").await;
    for number in 0..12 {
        assert_eq!(broadcast(&server, &json!({"type": "custom_event", "data": {"n": number}})).await.0, 200);
    }
    wire.until(r#"{"n":11,"#).await;
    eventually("all are counted", async || server.get("/events/stats").await.1["eventsSent"] == 12).await;
    let stats = printed(&mut documented(&server, "Get statistics"));
    assert_eq!((&stats["totalConnections"], &stats["currentConnections"]), (&json!(1), &json!(1)), "{stats}");
    assert!(stats["uptime"].is_number(), "{stats}");
    let history = stats["eventHistory"].as_array().unwrap();
    let numbers: Vec<u64> = history.iter().map(|event| event["data"]["n"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (2..12).collect::<Vec<_>>(), "the last ten");
    assert_eq!(history[0]["type"], "custom_event");
    assert_eq!(printed(&mut documented(&server, "Check health"))["connections"], 1);
}

#[tokio::test]
async fn s0_09_a_broadcast_without_a_type_reaches_nobody() {
    let server = start().await;
    for (body, says) in [
        ("", "not valid JSON"),
        ("{\"type\":", "not valid JSON"),
        ("[]", "`type` is missing"),
        ("\"custom_event\"", "`type` is missing"),
        (r#"{"data":{"message":"Hello World"}}"#, "`type` is missing"),
        (r#"{"type":7}"#, "`type` is missing"),
    ] {
        let request = server.http.post(server.url("/events/broadcast")).header("content-type", "application/json");
        let answer = request.body(body).send().await.unwrap();
        let (status, told) = (answer.status(), answer.json::<Value>().await.unwrap());
        assert!(status == 400 && told["success"] == false, "{body}: {status} {told}");
        assert!(told["error"].as_str().unwrap().contains(says), "{body}: {told}");
    }
    // What a type is not, and what is the host's own.
    for name in ["a b", "tidemill.plugin.loaded", "error"] {
        let (status, told) = broadcast(&server, &json!({"type": name})).await;
        assert!(status == 422 && told["success"] == false, "{name}: {told}");
    }
    assert_eq!(server.get("/events/stats").await.1["eventHistory"], json!([]));
}

#[tokio::test]
async fn s0_13_every_client_gets_the_stream_as_the_standard_has_it() {
    let server = start().await;
    let mut clients = Vec::new();
    for _ in 0..3 {
        let mut wire = Wire::open(server.address()).await;
        wire.send("GET /events HTTP/1.1\r\nHost: localhost\r\nOrigin: https://any.example\r\n\r\n").await;
        let head = wire.head().await.unwrap();
        assert_eq!((head.status, head.get("content-type")), (200, Some("text/event-stream")), "{head:?}");
        assert_eq!(head.get("access-control-allow-origin"), Some("*"));
        assert!(
            head.get("cache-control").is_some_and(|value| value.contains("no-cache") || value.contains("no-store"))
        );
        wire.until("event: pattern_enabled\n").await;
        clients.push(wire);
    }
    let (_, told) = broadcast(&server, &server_connected()).await;
    assert_eq!(told["clientsNotified"], 3);
    for wire in &mut clients {
        wire.until("event: server_connected\n").await;
    }
    let (_, stats) = server.get("/events/stats").await;
    assert_eq!((&stats["currentConnections"], &stats["totalConnections"]), (&json!(3), &json!(3)));
}

/// Whoever is cut off between the two forms of an event comes back to both.
#[tokio::test]
async fn s0_13_an_event_of_which_half_came_comes_again() {
    let server = start().await;
    let mut wire = Wire::open(server.address()).await;
    wire.send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    let told = wire.until("event: pattern_enabled\n").await;
    let (_, id) = told.split_once("\nid: ").unwrap();
    let id = id.lines().next().unwrap();
    let (_, told) = broadcast(&server, &server_connected()).await;
    wire.until("event: server_connected\n").await;
    wire.reset();
    // The browser knows of no `id:` after the first.
    let mut wire = Wire::open(server.address()).await;
    wire.send(format!("GET /events HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: {id}\r\n\r\n")).await;
    let named = wire.until("event: server_connected\n").await;
    assert!(!named.contains("event: custom_event"), "{named}");
    let again = wire.until("\nid: ").await;
    assert!(again.contains(told["id"].as_str().unwrap()), "{again}");
    assert!(wire.until("}}}\n").await.contains(told["id"].as_str().unwrap()));
}
