//! Events that a plugin failed on: kept as they were published, tried again, given up.

use std::fs;

use serde_json::{Value, json};

use crate::support::{Server, Subscriber, guest};

async fn list(server: &Server) -> Vec<Value> {
    let (status, answer) = server.get("/dead-letters").await;
    assert_eq!(status, 200, "{answer}");
    answer["deadLetters"].as_array().unwrap().clone()
}

async fn replay(server: &Server, number: u64) -> (u16, Value) {
    let url = server.url(&format!("/dead-letters/{number}/replay"));
    let answer = server.http.post(url).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

async fn publish(server: &Server, event: &Value) -> (u16, Value) {
    server.post("application/json", event.to_string()).await
}

/// Puts another component in a plugin's place, and waits until it runs.
async fn replace(server: &Server, plugin: &str, component: &str) {
    let before = server.get(&format!("/plugins/{plugin}")).await.1["version"].clone();
    let part = server.plugins_dir().join("part");
    fs::copy(guest(component), &part).unwrap();
    fs::rename(&part, server.plugins_dir().join(format!("{plugin}.wasm"))).unwrap();
    server.plugin_until(plugin, |plugin| plugin["version"] != before && plugin["state"] == "running").await;
}

/// What a publisher sent; a plugin before the faulty one adds a stamp.
fn bad(id: &str) -> Value {
    json!({
        "type": "bad.trap", "source": "/s", "id": id, "subject": "it", "time": "2026-01-02T03:04:05.678Z",
        "extensions": {"traceid": "t"}, "data": {"id": id},
    })
}

#[tokio::test]
async fn an_event_that_a_plugin_failed_on_is_kept_and_replayed_as_it_was_published() {
    let plugins = [("a-stamp", guest("stamp_v1")), ("b-faulty", guest("faulty"))];
    let plugins = plugins.each_ref().map(|(name, path)| (*name, path.as_path()));
    let mut server = Server::start("", &plugins).await;
    let mut stream = Subscriber::open(&server, "types=bad.*,good&envelope=cloudevents").await;
    let (status, problem) = publish(&server, &bad("x")).await;
    assert_eq!((status, &problem["outcome"], &problem["by"]), (500, &json!("failed"), &json!("b-faulty")), "{problem}");
    let number = problem["deadLetter"].as_u64().unwrap();
    assert!(problem["detail"].as_str().unwrap().contains(&format!("/dead-letters/{number}")), "{problem}");
    let lines = [json!({"type": "good"}), bad("y")].map(|event| event.to_string());
    let (_, several) = server.post("application/x-ndjson", lines.join("\n")).await;
    assert_eq!((&several["stored"], &several["failed"]), (&json!(1), &json!(1)), "{several}");
    let second = several["results"][1]["deadLetter"].as_u64().unwrap();
    assert!(second > number);

    let letters = list(&server).await;
    assert_eq!(letters.len(), 2, "{letters:?}");
    let (status, letter) = server.get(&format!("/dead-letters/{number}")).await;
    assert_eq!((status, &letter), (200, &letters[0]));
    assert_eq!(
        (&letter["attempts"], &letter["plugin"], &letter["reason"]),
        (&json!(1), &json!("b-faulty"), &json!("trap"))
    );
    assert!(letter["detail"].as_str().unwrap().contains("unreachable"), "{letter}");
    let calls: Vec<&str> = letter["backtrace"].as_array().unwrap().iter().map(|call| call.as_str().unwrap()).collect();
    let own = calls.iter().find(|call| call.contains("faulty.rs:"));
    assert!(own.is_some_and(|call| call.contains("decide at ")), "{calls:#?}");
    assert_eq!(letter["generation"], server.get("/plugins").await.1["generation"]);
    let version = server.get("/plugins/b-faulty").await.1["version"].clone();
    assert_eq!(letter["version"], version);
    let event = &letter["event"];
    assert_eq!((&event["id"], &event["source"], &event["data"]), (&json!("x"), &json!("/s"), &json!({"id": "x"})));
    assert_eq!(
        (&event["subject"], &event["traceid"], event.get("stamp")),
        (&json!("it"), &json!("t"), None),
        "{event}"
    );

    // Still failing, from here as from the publisher: one letter, more attempts; after a restart too.
    let (status, again) = replay(&server, number).await;
    assert_eq!((status, again["deadLetter"].as_u64()), (500, Some(number)), "{again}");
    assert_eq!(server.get(&format!("/dead-letters/{number}")).await.1["attempts"], 2);
    server.kill();
    server.start_again();
    assert_eq!(publish(&server, &bad("x")).await.1["deadLetter"].as_u64(), Some(number));
    assert_eq!(server.get(&format!("/dead-letters/{number}")).await.1["attempts"], 3);
    assert_eq!(server.get("/events/stats").await.1["deadLetters"]["count"], 2);

    let last = stream.next().await.id;
    replace(&server, "b-faulty", "outputs").await;
    let mut stream = Subscriber::resume(&server, "types=bad.*,good&envelope=cloudevents", Some(&last)).await;
    let (status, stored) = replay(&server, number).await;
    assert_eq!((status, &stored["outcome"], &stored["id"]), (200, &json!("stored"), &json!("x")), "{stored}");
    let message = stream.next().await;
    assert_eq!(json!(message.id), stored["position"]);
    let seen = message.json();
    for member in ["id", "source", "type", "subject", "time", "traceid", "data"] {
        assert_eq!(seen[member], event[member], "`{member}` is that of the event as it was published");
    }
    assert_eq!(seen["stamp"], "v1", "it went through all plugins of now");
    let missing = server.get(&format!("/dead-letters/{number}")).await;
    assert_eq!((missing.0, &missing.1["type"]), (404, &json!("urn:tidemill:problem:not-found")));
    assert_eq!(replay(&server, number).await.0, 404);
    // Its publisher, who does not know, sends it again.
    let (_, duplicate) = publish(&server, &bad("x")).await;
    assert_eq!((&duplicate["duplicate"], &duplicate["position"]), (&json!(true), &stored["position"]));

    let url = server.url(&format!("/dead-letters/{second}"));
    assert_eq!(server.http.delete(&url).send().await.unwrap().status(), 204);
    assert_eq!(server.http.delete(&url).send().await.unwrap().status(), 404);
    assert_eq!(list(&server).await, [Value::Null; 0]);
    server.stop();
    server.start_again();
    assert_eq!(list(&server).await, [Value::Null; 0], "what was given up does not come back");
    stream = Subscriber::resume(&server, "types=bad.*,good", Some(&message.id)).await;
    stream.expect_silence().await;
}

/// Not all JSON can be read into a value; what is shown is what was published.
#[tokio::test]
async fn data_that_few_readers_take_is_shown_as_it_was_published() {
    let server = Server::start("", &[("faulty", &guest("faulty"))]).await;
    let shown = async |path: String| server.http.get(server.url(&path)).send().await.unwrap().text().await.unwrap();
    let deep = "[".repeat(127) + &"]".repeat(127);
    for data in ["[1e400,1.10,12345678901234567890123]", "\"\\ud800\"", &deep] {
        let event = |name: &str| format!("{{\"type\":\"{name}\",\"data\":{data}}}");
        let whole = format!("\"data\":{data}}}");
        let stored = server.post("application/json", event("good")).await.1;
        let event_shown = shown(format!("/events/{}", stored["position"].as_str().unwrap())).await;
        assert!(event_shown.contains(&whole), "{event_shown}");
        let failed = server.post("application/json", event("bad.trap")).await.1;
        let letter = shown(format!("/dead-letters/{}", failed["deadLetter"])).await;
        assert!(letter.contains(&whole), "{letter}");
        assert!(shown("/dead-letters".to_owned()).await.contains(&letter));
    }
}

#[tokio::test]
async fn dead_letters_are_bounded_and_listed_in_pages() {
    let config = "[dead-letters]\nmax-events = 5\n";
    let server = Server::start(config, &[("faulty", &guest("faulty"))]).await;
    for n in 0..8 {
        assert_eq!(publish(&server, &bad(&n.to_string())).await.0, 500);
    }
    crate::support::eventually("the oldest are gone", async || list(&server).await.len() == 5).await;
    let left: Vec<Value> = list(&server).await.iter().map(|letter| letter["event"]["id"].clone()).collect();
    assert_eq!(left, ["3", "4", "5", "6", "7"]);
    let (_, page) = server.get("/dead-letters?limit=2").await;
    assert_eq!(page["deadLetters"].as_array().unwrap().len(), 2);
    let (_, rest) = server.get(&format!("/dead-letters?limit=100&after={}", page["next"])).await;
    assert_eq!((rest["deadLetters"].as_array().unwrap().len(), &rest["next"]), (3, &Value::Null), "{rest}");
    // What was dropped, rejected, or may be sent again later is no dead letter.
    for event_type in ["bad.drop", "bad.reject", "bad.retry"] {
        let (_, answer) = server.publish(event_type, json!(1)).await;
        assert_eq!(answer.get("deadLetter"), None, "{answer}");
    }
    assert_eq!(server.get("/events/stats").await.1["deadLetters"]["count"], 5);
}
