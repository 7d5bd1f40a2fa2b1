//! Plugins that keep failing: taken out, passed by or rolled back, and tried again (`breaker` in their settings).

use serde_json::{Value, json};

use crate::support::{Server, Subscriber, eventually, guest};

/// A breaker that opens at the fifth failure in a row, and tries again soon.
fn server(then: &str, on_fault: &str) -> String {
    format!(
        "[plugins.faulty]\non-fault = \"{on_fault}\"\nbreaker = {{ faults = 5, rate = 0.8, rest = \"1s\", then = \"{then}\" }}\n"
    )
}

async fn start(then: &str) -> Server {
    Server::start(&server(then, "dead-letter"), &[("faulty", &guest("faulty"))]).await
}

async fn publish(server: &Server, event_type: &str) -> (u16, Value) {
    server.publish(event_type, json!({})).await
}

async fn trip(server: &Server) {
    for _ in 0..5 {
        assert_eq!(publish(server, "bad.trap").await.0, 500);
    }
}

async fn state(server: &Server) -> Value {
    server.get("/plugins/faulty").await.1["breaker"]["state"].clone()
}

#[tokio::test]
async fn events_of_a_plugin_that_keeps_failing_are_refused_until_it_works_again() {
    let server = start("refuse").await;
    let mut watch = Subscriber::open(&server, "types=tidemill.plugin.breaker").await;
    assert_eq!(publish(&server, "good").await.0, 200);
    trip(&server).await;
    let (status, refused) = publish(&server, "good").await;
    assert_eq!((status, &refused["outcome"], &refused["by"]), (503, &json!("retry"), &json!("faulty")), "{refused}");
    assert!(refused["detail"].as_str().unwrap().contains("is out"), "{refused}");
    assert_eq!(state(&server).await, "open");
    // A probe that fails keeps it out, for longer.
    eventually("it is tried again", async || publish(&server, "bad.trap").await.0 == 500).await;
    assert_eq!(publish(&server, "good").await.0, 503);
    eventually("it is back", async || publish(&server, "good").await.0 == 200).await;
    assert_eq!(state(&server).await, "closed");
    assert_eq!(publish(&server, "bad.trap").await.0, 500, "it is called again");
    let mut told = Vec::new();
    for message in watch.take(5).await {
        let event = message.json();
        assert_eq!((&event["plugin"], &event["then"]), (&json!("faulty"), &json!("refuse")));
        told.push(event["state"].clone());
    }
    assert_eq!(told, ["open", "half-open", "open", "half-open", "closed"]);
    let figures = &server.get("/plugins/faulty").await.1["figures"];
    assert_eq!((&figures["opened"], &figures["faults"]["trap"]), (&json!(2), &json!(7)), "{figures}");
    assert!(figures["passed_over"].as_u64() >= Some(2), "{figures}");
}

#[tokio::test]
async fn or_they_go_on_without_it() {
    let server = start("bypass").await;
    trip(&server).await;
    assert_eq!(publish(&server, "bad.trap").await.0, 200, "nobody looked at it");
    assert_eq!(publish(&server, "bad.drop").await.1["outcome"], "stored");
}

/// Invariant I8: nobody but the owner may let events of its type in, not even when it is out.
#[tokio::test]
async fn i8_events_of_an_owner_that_is_out_are_refused_all_the_same() {
    let config = "[plugins.owner]\nbreaker = { faults = 3, rate = 0.5, then = \"bypass\" }\non-fault = \"keep\"\n";
    let server = Server::start(config, &[("owner", &guest("owner"))]).await;
    let poison = json!({"type": "claimed.thing", "data": {"trap": true}}).to_string();
    for _ in 0..3 {
        let (status, failed) = server.post("application/json", poison.clone()).await;
        assert_eq!((status, &failed["outcome"]), (500, &json!("failed")), "{failed}");
        assert!(failed["deadLetter"].is_u64(), "{failed}");
    }
    let (status, refused) = server.publish("claimed.thing", json!({"ok": true})).await;
    assert_eq!((status, &refused["outcome"]), (503, &json!("retry")), "{refused}");
    assert_eq!(server.publish("other", json!(1)).await.0, 200);
}

#[tokio::test]
async fn or_the_version_before_runs_again_by_itself() {
    let server = Server::start(&server("rollback", "dead-letter"), &[("faulty", &guest("stamp_v1"))]).await;
    let before = server.get("/plugins/faulty").await.1["version"].clone();
    std::fs::copy(guest("faulty"), server.plugins_dir().join("part")).unwrap();
    std::fs::rename(server.plugins_dir().join("part"), server.plugins_dir().join("faulty.wasm")).unwrap();
    let bad = server.plugin_until("faulty", |plugin| plugin["version"] != before).await["version"].clone();
    trip(&server).await;
    let plugin = server.plugin_until("faulty", |plugin| plugin["state"] == "rolled-back").await;
    assert_eq!((&plugin["version"], &plugin["set_aside"]), (&before, &bad), "{plugin}");
    let mut stream = Subscriber::open(&server, "types=bad.trap&envelope=cloudevents").await;
    assert_eq!(publish(&server, "bad.trap").await.0, 200);
    assert_eq!(stream.next().await.json()["stamp"], "v1");
}

#[tokio::test]
async fn what_becomes_of_an_event_on_which_a_plugin_fails_is_a_matter_of_its_settings() {
    for (on_fault, status, outcome) in
        [("dead-letter", 500, "failed"), ("keep", 200, "stored"), ("drop", 200, "dropped"), ("reject", 422, "rejected")]
    {
        let config = format!("[plugins.faulty]\non-fault = \"{on_fault}\"\n");
        let server = Server::start(&config, &[("faulty", &guest("faulty"))]).await;
        let (answered, answer) = publish(&server, "bad.trap").await;
        assert_eq!((answered, answer["outcome"].as_str().unwrap()), (status, outcome), "{answer}");
        let letters = server.get("/dead-letters").await.1;
        assert_eq!(letters["deadLetters"].as_array().unwrap().len(), usize::from(outcome == "failed"), "{letters}");
        let plugin = server.get("/plugins/faulty").await.1;
        assert_eq!((&plugin["on_fault"], &plugin["figures"]["faults"]["trap"]), (&json!(on_fault), &json!(1)));
    }
}
