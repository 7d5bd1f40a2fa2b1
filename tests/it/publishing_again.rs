//! The same event published again is stored once, and what an answer promises is named in it.

use serde_json::{Value, json};

use crate::support::{Server, Subscriber, guest, publish_lines};

fn event(source: &str, id: &str, data: impl Into<Value>) -> String {
    json!({"type": "n", "source": source, "id": id, "data": data.into()}).to_string()
}

async fn publish(server: &Server, event: String) -> Value {
    let (status, answer) = server.post("application/json", event).await;
    assert_eq!((status, &answer["outcome"]), (200, &json!("stored")), "{answer}");
    answer
}

async fn events(server: &Server) -> Value {
    server.get("/events/stats").await.1["log"]["events"].clone()
}

#[tokio::test]
async fn an_event_published_again_is_answered_with_its_first_position_also_after_a_restart() {
    let mut server = Server::start("", &[]).await;
    let mut stream = Subscriber::open(&server, "").await;
    let begin = stream.begins_after.clone();
    let first = publish(&server, event("/s", "a", 1)).await;
    assert_eq!(first.get("duplicate"), None, "{first}");
    let again = publish(&server, event("/s", "a", 2)).await;
    assert_eq!(
        (&again["duplicate"], &again["position"], &again["id"]),
        (&json!(true), &first["position"], &json!("a"))
    );
    // The id alone does not make an event, nor does what it says.
    let other = publish(&server, event("/other", "a", 1)).await;
    assert_eq!(other.get("duplicate"), None, "{other}");
    for _ in 0..2 {
        let unnamed = publish(&server, json!({"type": "n", "source": "/s", "data": 1}).to_string()).await;
        assert_eq!(unnamed.get("duplicate"), None, "{unnamed}");
    }
    assert_eq!(events(&server).await, 4);
    assert_eq!(stream.take(4).await[0].json(), 1, "what was stored first stays");

    for restart in ["stop", "kill"] {
        if restart == "stop" {
            server.stop();
        } else {
            server.kill();
        }
        server.start_again();
        let again = publish(&server, event("/s", "a", 3)).await;
        assert_eq!((&again["duplicate"], &again["position"]), (&json!(true), &first["position"]), "after {restart}");
        assert_eq!(events(&server).await, 4);
    }
    let mut resumed = Subscriber::resume(&server, "", Some(&begin)).await;
    assert_eq!(resumed.take(4).await.len(), 4);
    resumed.expect_silence().await;
}

#[tokio::test]
async fn batches_say_which_of_their_events_were_there_already() {
    let mut server = Server::start("", &[("outputs", &guest("outputs"))]).await;
    let split = json!({"type": "out.split", "source": "/s", "id": "s"}).to_string();
    let batch = |ids: &[&str]| ids.iter().map(|id| event("/s", id, *id)).collect::<Vec<_>>();
    let first = publish_lines(&server, &[batch(&["a", "b"]), vec![split.clone()]].concat()).await;
    let positions: Vec<&Value> = first[..2].iter().map(|result| &result["position"]).collect();
    let parts = &first[2]["positions"];
    assert_eq!(parts.as_array().unwrap().len(), 3, "{first:?}");
    for _ in 0..2 {
        // A mistake does not spoil it; the same event twice in one request is one event.
        let lines = [batch(&["b", "c", "a", "c"]), vec![split.clone(), "{}".into()]].concat();
        let (status, answer) = server.post("application/x-ndjson", lines.join("\n")).await;
        let results = answer["results"].as_array().unwrap();
        assert_eq!((status, &answer["stored"], &answer["rejected"]), (200, &json!(5), &json!(1)), "{answer}");
        assert_eq!((&results[0]["position"], &results[2]["position"]), (positions[1], positions[0]));
        assert_eq!(results[1]["position"], results[3]["position"]);
        assert_eq!((&results[4]["positions"], &results[4]["duplicate"]), (parts, &json!(true)), "{answer}");
        for (index, duplicate) in [(0, true), (2, true), (3, true)] {
            assert_eq!(results[index]["duplicate"] == true, duplicate, "{index}: {answer}");
        }
        let known = if results[1]["duplicate"] == true { 5 } else { 4 };
        assert_eq!(answer["duplicate"], known, "{answer}");
        assert_eq!(events(&server).await, json!(3 + 3 + announced(&server).await));
        server.kill();
        server.start_again();
    }
    let again = publish(&server, event("/s", "c", 0)).await;
    assert_eq!(again["duplicate"], true);
}

/// What the host said by itself, when plugins were loaded.
async fn announced(server: &Server) -> u64 {
    let (_, page) = server.get("/events/poll?types=tidemill.*&since=earliest&wait=50s&limit=1000").await;
    page["events"].as_array().unwrap().len() as u64
}

#[tokio::test]
async fn events_are_recognised_within_the_window_only() {
    let mut server = Server::start("[publish]\nidempotency-max = 2\n", &[]).await;
    for id in ["a", "b", "c"] {
        publish(&server, event("/s", id, 0)).await;
    }
    assert_eq!(publish(&server, event("/s", "c", 0)).await["duplicate"], true);
    assert_eq!(publish(&server, event("/s", "a", 0)).await.get("duplicate"), None, "the oldest is forgotten");
    assert_eq!(server.get("/events/stats").await.1["log"]["idempotencyKeys"], 2);
    server.stop();
    server.configure("[publish]\nidempotency-window = \"0s\"\n");
    server.start_again();
    assert_eq!(publish(&server, event("/s", "c", 0)).await.get("duplicate"), None, "none are recognised");
    assert_eq!(publish(&server, event("/s", "c", 0)).await.get("duplicate"), None);
}

#[tokio::test]
async fn answers_name_what_a_stored_event_survives() {
    for (config, durability) in [
        ("", "fsync"),
        ("[log]\ndurability = \"fsync\"\n", "fsync"),
        ("[log]\ndurability = \"os\"\n", "os"),
        ("[log]\nstore = \"memory\"\n", "memory"),
    ] {
        let mut server = Server::start(config, &[]).await;
        let answer = publish(&server, event("/s", "a", 1)).await;
        assert_eq!(answer["durability"], durability, "{config}");
        let again = publish(&server, event("/s", "a", 1)).await;
        assert_eq!((&again["durability"], &again["duplicate"]), (&json!(durability), &json!(true)), "{config}");
        let (_, several) = server.post("application/json", format!("[{}]", event("/s", "b", 1))).await;
        assert_eq!(several["durability"], durability, "{config}");
        assert_eq!(server.get("/events/stats").await.1["log"]["durability"], durability);
        assert_eq!(server.get("/readyz").await.1["log"]["durability"], durability);
        // What it says about a crash is true; that of the machine is not tested here.
        let begin = Subscriber::open(&server, "").await.begins_after;
        server.kill();
        // The epoch of a log in memory is the second in which it was made.
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        server.start_again();
        let kept = if durability == "memory" { 0 } else { 2 };
        assert_eq!(events(&server).await, kept, "{config}");
        assert_eq!(server.data("log.db").exists(), durability != "memory", "{config}");
        let mut stream = Subscriber::resume(&server, "", Some(&begin)).await;
        publish(&server, event("/s", "c", 3)).await;
        let next = stream.next().await;
        if durability == "memory" {
            assert_eq!((next.event.as_str(), &next.json()["reason"]), ("tidemill.gap", &json!("epoch")), "{config}");
        } else {
            assert_eq!(next.data, "3", "{config}");
        }
    }
}
