//! What the document plans for a production server: targets, filters, what was missed, tokens, bounds.

use std::process::Command;

use serde_json::{Value, json};

use super::{Listener, call, notify, start, start_changed};
use crate::clients::{Proxy, Script, node};
use crate::reconfigured::token;
use crate::support::{Server, eventually};

/// The data of a notification that somebody publishes past the tool.
fn notification(message: &str) -> Value {
    json!({
        "type": "notification", "notification_id": "1", "notification_type": "info", "message": message,
        "timestamp": "2026-01-02T03:04:05.678Z",
    })
}

async fn publish(server: &Server, message: &str, audience: Value) -> u16 {
    let event = json!({
        "type": "notification.notification", "data": notification(message), "audience": audience,
    });
    let request = server.http.post(server.url("/events")).bearer_auth("root").json(&event);
    request.send().await.unwrap().status().as_u16()
}

/// The example for those who have tokens: an administrator, and readers of whom one is in the group `admin`.
async fn with_tokens() -> Server {
    let tokens = token("root", "type = 'master'")
        + &token("ann", "type = 'team'\nsubscribe = ['notification.*']\ngroups = ['admin']")
        + &token("bob", "type = 'readonly'\nsubscribe = ['notification.*']")
        + &token("eve", "type = 'readonly'\nsubscribe = ['other']");
    start_changed(&[], &format!("[auth]\nallow-anonymous = 'never'\n{tokens}")).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s4_14_notifications_go_to_clients_and_groups() {
    let server = with_tokens().await;
    let connect = async |name: &str| {
        let mut listener = Listener::asking(&server, "", &[&format!("Authorization: Bearer {name}")]);
        assert_eq!(listener.next().await["type"], "status");
        listener
    };
    let (mut ann, mut bob) = (connect("ann").await, connect("bob").await);
    for (message, audience) in [
        ("to bob", json!({"clients": ["bob"]})),
        ("to admins", json!({"groups": ["admin"]})),
        ("to both", json!({"clients": ["ann", "bob"]})),
        ("to all", Value::Null),
    ] {
        let audience = if audience.is_null() { json!({"tokenTypes": ["team", "readonly"]}) } else { audience };
        assert_eq!(publish(&server, message, audience).await, 200);
    }
    for (listener, expected) in
        [(&mut ann, ["to admins", "to both", "to all"]), (&mut bob, ["to bob", "to both", "to all"])]
    {
        for message in expected {
            assert_eq!(listener.next().await["message"], message);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s4_14_17_a_client_says_what_it_wants() {
    let server = start().await;
    let mut some = Listener::asking(&server, "?types=notification.notification", &[]);
    assert_eq!(some.next().await["type"], "status");
    call(&server, "simulate_progress", json!({"task_name": "x", "duration_seconds": 1, "step_count": 1})).await;
    notify(&server, "wanted").await;
    assert_eq!(some.next().await["message"], "wanted", "and no progress");
}

/// What is told while nobody listens, and while the server restarts, is shown to those who say what they saw last.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s4_15_19_offline_clients_are_told_what_they_missed_also_after_a_crash() {
    let mut server = start().await;
    let (mut listener, _) = Listener::connect(&server).await;
    notify(&server, "seen").await;
    let id = listener.0.line_after("id: ").await;
    assert_eq!(listener.next().await["message"], "seen");
    drop(listener);
    notify(&server, "missed 1").await;
    server.kill();
    server.start_again();
    eventually("its tools are back", async || notify(&server, "missed 2").await["isError"] == false).await;
    let mut again = Listener::asking(&server, "", &[&format!("Last-Event-ID: {id}")]);
    let mut messages = Vec::new();
    while messages.len() < 2 {
        let told = again.next().await;
        if told["type"] == "notification" {
            messages.push(told["message"].clone());
        }
    }
    assert_eq!(messages, ["missed 1", "missed 2"], "`seen` is acknowledged by its id, and not told again");
}

/// All versions of the package, over a connection that breaks.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s4_15_16_19_clients_reconnect_and_miss_nothing() {
    let server = start_changed(&[("framing = \"message\"", "framing = \"message\"\nretry = \"100ms\"")], "").await;
    let proxy = Proxy::start(server.address()).await;
    let mut client =
        Script::start(node("node_eventsource.mjs").args([&format!("http://{}/mcp", proxy.address()), "message"]));
    let mut seen = Vec::new();
    for round in 0..3 {
        while client.next().await.get("open").is_none() {}
        notify(&server, &format!("live {round}")).await;
        while seen.len() < 2 * round + 1 {
            seen.extend(message(&client.next().await));
        }
        proxy.cut();
        notify(&server, &format!("missed {round}")).await;
    }
    while seen.len() < 6 {
        seen.extend(message(&client.next().await));
    }
    assert_eq!(seen, ["live 0", "missed 0", "live 1", "missed 1", "live 2", "missed 2"]);
}

/// The text of a notification.
fn message(said: &Value) -> Option<String> {
    let data: Value = serde_json::from_str(said["data"].as_str()?).ok()?;
    data["message"].as_str().map(str::to_owned)
}

#[tokio::test]
async fn s4_16_18_streams_and_calls_ask_for_a_token_where_one_is_needed() {
    let server = with_tokens().await;
    let get = |token: &str| {
        let request = server.http.get(server.url("/mcp")).header("accept", "text/event-stream");
        if token.is_empty() { request } else { request.bearer_auth(token) }
    };
    // The last one has a token for other events.
    for (token, status) in [("", 401), ("nobody", 401), ("bob", 200), ("eve", 403)] {
        assert_eq!(get(token).send().await.unwrap().status(), status, "{token}");
    }
    let list = json!({"jsonrpc": "2.0", "method": "tools/list", "id": "1"});
    let post = server.http.post(server.url("/mcp")).json(&list).send().await.unwrap();
    assert_eq!(post.status(), 401);
}

#[tokio::test]
async fn s4_17_18_notifications_of_one_address_have_a_rate() {
    let server = start_changed(&[("most = 600", "most = 3")], "").await;
    for _ in 0..3 {
        assert_eq!(notify(&server, "x").await["isError"], false);
    }
    let body = json!({"jsonrpc": "2.0", "method": "tools/list", "id": "1"});
    let refused = server.http.post(server.url("/mcp")).json(&body).send().await.unwrap();
    assert_eq!(refused.status(), 429);
    assert!(
        refused.headers().contains_key("retry-after") && refused.headers().contains_key("ratelimit"),
        "{refused:?}"
    );
    // Who listens goes on, and others may begin to.
    let (_, hello) = Listener::connect(&server).await;
    assert_eq!(hello["status"], "connected");
}

#[tokio::test]
async fn s4_10_18_pages_of_other_sites_may_read_and_not_post() {
    let server = start().await;
    let stream = server.http.get(server.url("/mcp")).header("origin", "http://elsewhere.example").send().await.unwrap();
    assert_eq!(
        (stream.status().as_u16(), &stream.headers()["access-control-allow-origin"]),
        (200, &"*".parse().unwrap())
    );
    let list = json!({"jsonrpc": "2.0", "method": "tools/list", "id": "1"});
    let own = server.url("");
    for (origin, status) in [("http://elsewhere.example", 403), ("null", 403), (&*own, 200)] {
        let post = server.http.post(server.url("/mcp")).header("origin", origin).json(&list).send().await.unwrap();
        assert_eq!(post.status(), status, "{origin}");
    }
}

/// Nobody's messages hold up those of others: one who does not read is one connection.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s4_17_21_many_listen_and_each_has_a_place_of_its_own() {
    let server = start().await;
    let mut listeners = Vec::new();
    for n in 1..=30 {
        let (listener, hello) = Listener::connect(&server).await;
        assert_eq!(hello["client_count"], n);
        listeners.push(listener);
    }
    for n in 0..10 {
        notify(&server, &n.to_string()).await;
    }
    for listener in &mut listeners[1..] {
        for n in 0..10 {
            assert_eq!(listener.next().await["message"], n.to_string());
        }
    }
    let curl = Command::new("curl").args(["-s", &server.url("/metrics")]).output().unwrap();
    let metrics = String::from_utf8(curl.stdout).unwrap();
    assert!(metrics.contains("tidemill_mount_streams{mount=\"/mcp\"} 30"), "health of connections is a figure");
}
