//! Plugins that claim what is not theirs: attributes, positions, ids, types.

use serde_json::json;

use super::harm::{only_the_bad_event_fails, start_with};
use crate::support::{Server, Subscriber, guest, publish_lines};

/// A transform that names attributes which are not its own, or so many that looking at them takes long.
#[tokio::test]
async fn attributes_cannot_be_forged() {
    let server = start_with("[limits]\ntime = \"5s\"\n", &guest("forger")).await;
    for name in ["id", "source", "time", "type", "specversion", "data", "dataschema", "Upper", "with-dash"] {
        let bad = ("forge.name", json!({"name": name}));
        only_the_bad_event_fails(&server, bad, name).await;
    }
    only_the_bad_event_fails(&server, ("forge.extensions", json!({})), "bad-output").await;
    forged_positions_are_plain_extensions(&server).await;
}

/// The position that counts is the log's; what a plugin calls so is an attribute like any other, in its own place.
async fn forged_positions_are_plain_extensions(server: &Server) {
    let mut stream = Subscriber::open(server, "types=forge.name&envelope=cloudevents").await;
    let event = json!({"type": "forge.name", "id": "mine", "data": {"name": "position"}}).to_string();
    let answer = server.post("application/json", event).await.1;
    assert_eq!(answer["outcome"], "stored", "{answer}");
    let message = stream.next().await;
    assert_eq!(message.id, answer["position"].as_str().unwrap());
    assert_eq!((&message.json()["id"], &message.json()["position"]), (&json!("mine"), &json!("forged")));
    let stored = server.get(&format!("/events/{}", message.id)).await.1;
    assert_eq!(stored["position"], message.id.as_str(), "{stored}");
}

/// Parts of a split get ids of their own, and parts whose ids are taken already are other events at other positions.
#[tokio::test]
async fn equal_ids_are_no_equal_events() {
    let server = start_with("", &guest("forger")).await;
    let mut stream = Subscriber::open(&server, "envelope=cloudevents").await;
    let twice = |id: &str, kind: &str| json!({"type": kind, "id": id, "data": {}}).to_string();
    let results = publish_lines(&server, &[twice("a.1", "good"), twice("a", "forge.twins")]).await;
    assert!(results.iter().all(|result| result["outcome"] == "stored"), "{results:?}");
    let messages = stream.take(3).await;
    let ids: Vec<_> = messages.iter().map(|message| message.json()["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids, ["a.1", "a", "a.1"]);
    assert!(messages[0].id < messages[1].id && messages[1].id < messages[2].id, "{messages:?}");
}

/// An owner that makes its events into others', and one that claims what belongs to the host.
#[tokio::test]
async fn owners_own_what_is_theirs() {
    let usurper = guest("usurper");
    let config = "[plugins.greedy.config]\nclaims = \"tidemill.plugin.failed\"\n";
    let server =
        Server::start(config, &[("hostile", &usurper), ("greedy", &usurper), ("stamp", &guest("stamp_v1"))]).await;
    only_the_bad_event_fails(&server, ("usurped", json!({"become": "good"})), "cannot change the type").await;
    let (status, answer) = server.publish("usurped", json!({})).await;
    assert_eq!((status, &answer["outcome"]), (200, &json!("stored")), "{answer}");
    let greedy = server.get("/plugins/greedy").await.1;
    assert_eq!(greedy["state"], "failed");
    assert!(greedy["error"].as_str().unwrap().contains("belong to the host"), "{greedy}");
}
