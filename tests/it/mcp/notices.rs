//! What clients are told without asking: that events came, and that lists have changed.

use std::fs;

use serde_json::json;

use super::client::{Frames, MODERN, Session, modern};
use super::tokens;
use crate::support::{Server, guest};

#[tokio::test]
async fn a_session_is_told_of_events_that_it_may_see() {
    let server = Server::start(&tokens(), &[]).await;
    let session = Session::begin(&server, Some("ann")).await;
    let mut stream = session.stream().await;
    let subscribed = session.call("resources/subscribe", json!({"uri": "events://topic/order.*"})).await;
    assert!(subscribed["result"].is_object(), "{subscribed}");
    let beyond = session.call("resources/subscribe", json!({"uri": "events://topic/user.*"})).await;
    assert!(beyond["error"].is_object(), "{beyond}");

    let root = Session::begin(&server, Some("root")).await;
    let publish = async |event: serde_json::Value| {
        let stored = root.call("tools/call", json!({"name": "publish_event", "arguments": event})).await;
        assert_eq!(stored["result"]["isError"], false, "{stored}");
    };
    publish(json!({"type": "order.paid", "data": 1, "audience": {"clients": ["bob"]}})).await;
    publish(json!({"type": "user.created", "data": 2})).await;
    // The lists change: had the events before been told, they would be first.
    let copied = server.plugins_dir().join("owner.wasm.part");
    fs::copy(guest("owner"), &copied).unwrap();
    fs::rename(&copied, server.plugins_dir().join("owner.wasm")).unwrap();
    let mut told: Vec<String> = Vec::new();
    for _ in 0..3 {
        told.push(stream.message().await["method"].as_str().unwrap().to_owned());
    }
    let lists = ["tools", "prompts", "resources"].map(|list| format!("notifications/{list}/list_changed"));
    assert_eq!(told, lists);

    publish(json!({"type": "order.created", "data": 3})).await;
    let mut notice = stream.message().await;
    while notice["method"].as_str().unwrap().ends_with("list_changed") {
        notice = stream.message().await;
    }
    assert_eq!(notice["method"], "notifications/resources/updated");
    assert_eq!(notice["params"]["uri"], "events://topic/order.*");
}

#[tokio::test]
async fn whoever_listens_is_told_what_it_asked_for_and_nothing_else() {
    let server = Server::start("", &[]).await;
    let uri = "events://topic/order.*";
    let filter = json!({"notifications": {"resourceSubscriptions": [uri, "events://topic/"]}});
    let answer = modern(&server, None, "subscriptions/listen", filter).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), MODERN), (200, "2026-07-28"));
    let mut stream = Frames::new(answer);
    let ack = stream.message().await;
    assert_eq!(ack["method"], "notifications/subscriptions/acknowledged", "{ack}");
    assert_eq!(ack["params"]["notifications"], json!({"resourceSubscriptions": [uri]}), "{ack}");

    // Of others nothing is said, nor of lists.
    fs::copy(guest("owner"), server.plugins_dir().join("owner.wasm")).unwrap();
    server.plugin_until("owner", |plugin| plugin["state"] == "running").await;
    assert_eq!(server.publish("user.created", json!(1)).await.0, 200);
    assert_eq!(server.publish("order.created", json!({"id": 1})).await.0, 200);
    let notice = stream.message().await;
    assert_eq!(notice["method"], "notifications/resources/updated", "{notice}");
    assert_eq!(notice["params"]["uri"], uri);
    assert_eq!(notice["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"], 1, "{notice}");
}

#[tokio::test]
async fn whoever_follows_as_much_as_possible_may_follow_it_again() {
    let server = Server::start("", &[]).await;
    let session = Session::begin(&server, None).await;
    let follow =
        async |n: usize| session.call("resources/subscribe", json!({"uri": format!("events://topic/order.{n}")})).await;
    for n in 0..64 {
        assert!(follow(n).await["result"].is_object(), "{n}");
    }
    assert_eq!(follow(64).await["error"]["code"], -32602, "it is one too many");
    assert!(follow(0).await["result"].is_object(), "it is there already");
}
