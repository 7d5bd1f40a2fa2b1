//! What is told to many: by a filter, with other types of events, to those who come back, and to those who poll.

use serde_json::{Value, json};

use super::{Listener, answer, get, post, start, token};
use crate::support::Server;

async fn broadcast(server: &Server, body: &Value) -> (u16, Value) {
    post(server, "/mcp/sse/broadcast", &token("master", &[]), body).await
}

fn notice(text: &str, filter: Value) -> Value {
    let mut notice = json!({"message": {"type": "mcp-notification", "result": {"message": text, "level": "warning"}}});
    notice["filter"] = filter;
    notice
}

#[tokio::test]
async fn s3_12_15_broadcasts_reach_whom_their_filter_names() {
    let server = start(&[]).await;
    let mut boss = Listener::open(&server, &token("master", &[])).await;
    let mut team = Listener::open(&server, &token("team", &["read", "write"])).await;
    let mut reader = Listener::open(&server, &token("readonly", &["read"])).await;
    assert!(boss.connection != team.connection && team.connection != reader.connection);
    for (text, filter, reached) in [
        ("types", json!({"tokenTypes": ["team", "readonly"]}), 2),
        ("permissions", json!({"permissions": ["write"]}), 1),
        ("both", json!({"tokenTypes": ["readonly"], "permissions": ["read"]}), 1),
        ("all", json!({}), 3),
    ] {
        let (status, told) = broadcast(&server, &notice(text, filter)).await;
        assert_eq!(
            (status, told),
            (200, json!({"success": true, "sentCount": reached, "totalConnections": 3})),
            "{text}"
        );
    }
    for (listener, texts) in [
        (&mut boss, &["all"][..]),
        (&mut team, &["types", "permissions", "all"]),
        (&mut reader, &["types", "both", "all"]),
    ] {
        for text in texts {
            let told = listener.next("mcp-notification").await;
            assert_eq!(told["result"], json!({"message": text, "level": "warning"}));
        }
    }
}

#[tokio::test]
async fn s3_12_what_cannot_be_broadcast_is_refused_with_what_to_do() {
    let server = start(&[]).await;
    for (body, says) in [
        (json!({}), "`message` is missing"),
        (json!([]), "`message` is missing"),
        (json!({"message": {"result": 1}}), "`message.type` is missing"),
        (json!({"message": {"type": "other"}}), "`message.type` is other: expected one of mcp-response"),
        (json!({"message": {"type": "heartbeat"}, "filter": {"types": []}}), "`filter` has types"),
        (json!({"message": {"type": "heartbeat"}, "filter": ["team"]}), "`filter` is no object"),
    ] {
        let (status, told) = broadcast(&server, &body).await;
        assert!(status == 400 && told["error"].as_str().unwrap().contains(says), "{body}: {status} {told}");
    }
    let (status, told) = broadcast(&server, &notice("x", json!({"tokenTypes": "team"}))).await;
    assert!((400..=422).contains(&status) && told["error"].is_string(), "{status} {told}");
}

#[tokio::test]
async fn s3_24_25_27_who_comes_back_or_polls_misses_nothing() {
    let server = start(&[]).await;
    let team = token("team", &[]);
    let mut listener = Listener::open(&server, &team).await;
    broadcast(&server, &notice("one", json!({}))).await;
    listener.next("mcp-notification").await;
    let place = listener.place.clone();
    drop(listener);
    broadcast(&server, &notice("two", json!({"tokenTypes": ["team"]}))).await;
    let request = server.http.get(server.url("/mcp/sse")).bearer_auth(&team).header("last-event-id", &place);
    let mut again = Listener::of(request).await;
    assert_eq!(again.next("mcp-notification").await["result"]["message"], "two");
    // Without a stream: the same events, from the same place.
    let (status, polled) = get(&server, &format!("/events/poll?types=mcp-notification&after={place}"), &team).await;
    assert_eq!(status, 200, "{polled}");
    assert!(polled.to_string().contains("two") && !polled.to_string().contains("one"), "{polled}");
}

#[tokio::test]
async fn s3_29_33_34_plugins_add_types_clients_choose_and_batches_are_one_request() {
    let server = start(&[]).await;
    let team = token("team", &[]);
    let mut all = Listener::open(&server, &team).await;
    let some = server.http.get(server.url("/mcp/sse?types=project.*")).bearer_auth(&team);
    let mut some = Listener::of(some).await;
    broadcast(&server, &notice("not for who wants projects", json!({}))).await;
    let created = json!({"message": {"type": "project.created", "result": {"name": "harbour map"}}});
    assert_eq!(broadcast(&server, &created).await.0, 200);
    for listener in [&mut all, &mut some] {
        assert_eq!(listener.next("project.created").await["result"], json!({"name": "harbour map"}));
    }
    // The plugin says what an event of its type is.
    let wrong = json!({"message": {"type": "project.created", "result": {"nmae": "x"}}});
    let (status, told) = broadcast(&server, &wrong).await;
    assert!(status == 422 && told["error"].is_string(), "{status} {told}");
    let batch =
        json!([{"type": "project.created", "data": {"name": "a"}}, {"type": "project.created", "data": {"name": "b"}}]);
    let (status, told) =
        answer(server.http.post(server.url("/events")).bearer_auth(token("master", &[])).json(&batch)).await;
    assert_eq!(status, 200, "{told}");
    for name in ["a", "b"] {
        assert_eq!(some.next("project.created").await["result"]["name"], name);
    }
}
