//! Events for an audience: whoever is not in it sees them nowhere. Here all are anonymous; who is not is in `auth/audience.rs`, and
//! readers at random in `host/bus/src/simulation.rs`.

use serde_json::{Value, json};

use crate::support::{Lane, Server, Subscriber, guest, tidemill};

const SECRET: &str = "for-ann-alone";

/// Publishes an event for everybody, one for an audience in each form there is, and another one for everybody. The
/// positions of those for an audience.
async fn publish(server: &Server) -> Vec<String> {
    let audience = json!({"clients": ["ann"], "groups": ["ops"], "tokenTypes": ["team"]});
    let public = |n: u64| json!({"type": "t", "subject": "s", "data": n}).to_string();
    assert_eq!(server.post("application/json", public(1)).await.0, 200);
    let simple = json!({"type": "t", "subject": "s", "data": SECRET, "audience": audience}).to_string();
    let whole = json!({
        "specversion": "1.0", "id": "structured", "source": "/s", "type": "t", "subject": "s", "data": SECRET,
        "tidemillaudience": audience.to_string(),
    });
    let mut hidden = Vec::new();
    let mut batch = whole.clone();
    batch["id"] = json!("batch");
    for (content_type, body) in [
        ("application/json", simple.clone()),
        ("application/x-ndjson", simple),
        ("application/cloudevents+json", whole.to_string()),
        ("application/cloudevents-batch+json", json!([batch]).to_string()),
    ] {
        let (status, answer) = server.post(content_type, body).await;
        let stored = answer.get("results").map_or(&answer, |results| &results[0]);
        assert_eq!((status, &stored["outcome"]), (200, &json!("stored")), "{answer}");
        hidden.push(stored["position"].as_str().unwrap().to_owned());
    }
    let binary = server.http.post(server.url("/events")).header("content-type", "application/json");
    let binary = binary.header("ce-specversion", "1.0").header("ce-id", "binary").header("ce-source", "/s");
    let binary = binary.header("ce-type", "t").header("ce-tidemillaudience", audience.to_string());
    let answer: Value = binary.body(json!(SECRET).to_string()).send().await.unwrap().json().await.unwrap();
    hidden.push(answer["position"].as_str().unwrap().to_owned());
    assert_eq!(server.post("application/json", public(2)).await.0, 200);
    hidden
}

/// Nobody who is anonymous sees them: in no stream, from wherever, in no poll, and not by their position.
async fn nobody_sees(server: &Server, hidden: &[String]) {
    for query in ["envelope=data", "envelope=cloudevents", "framing=message", "subjects=s", "conflate=subject"] {
        let mut stream = Subscriber::open(server, &format!("types=t&since=earliest&limit=2&{query}")).await;
        while let Some(message) = stream.next_or_end().await {
            let text = format!("{message:?}");
            assert!(!text.contains(SECRET) && !hidden.contains(&message.id), "{query}: {text}");
        }
    }
    let mut resumed = Subscriber::resume(server, "types=t&limit=1", Some(&hidden[0])).await;
    assert_eq!(resumed.next().await.data, "2");
    let (status, polled) = server.get("/events/poll?types=t&since=earliest").await;
    let events = polled["events"].as_array().unwrap();
    assert_eq!((status, events.len()), (200, 2), "{polled}");
    assert!(!polled.to_string().contains(SECRET) && !polled.to_string().contains("audience"), "{polled}");
    for position in hidden {
        let (status, answer) = server.get(&format!("/events/{position}")).await;
        assert_eq!(status, 404, "{answer}");
    }
    for path in ["/events/stats", "/connections", "/event-types", "/plugins"] {
        assert!(!server.get(path).await.1.to_string().contains(SECRET), "{path}");
    }
}

#[tokio::test]
async fn nobody_outside_the_audience_sees_an_event_on_either_lane_or_after_a_restart() {
    for lane in Lane::BOTH {
        let mut server = lane.server("").await;
        let mut live = Vec::new();
        for query in ["types=t&limit=2", "types=t&limit=2&envelope=cloudevents"] {
            live.push(Subscriber::open(&server, query).await);
        }
        let hidden = publish(&server).await;
        for stream in &mut live {
            let seen = stream.take(2).await;
            assert!(stream.next_or_end().await.is_none());
            assert!(seen.iter().all(|message| !message.data.contains(SECRET)), "{seen:?}");
        }
        nobody_sees(&server, &hidden).await;
        server.kill();
        server.start_again();
        nobody_sees(&server, &hidden).await;
    }
}

#[tokio::test]
async fn a_wrong_audience_is_answered_with_its_field() {
    let server = Server::start("", &[]).await;
    let event = json!({"type": "t", "audience": {"clients": []}}).to_string();
    let (status, answer) = server.post("application/json", event).await;
    assert_eq!((status, &answer["problems"][0]["at"]), (422, &json!("audience.clients")), "{answer}");
    Subscriber::open(&server, "types=t&since=earliest").await.expect_silence().await;
}

/// What a plugin makes of an event is for its audience; so is an event that waited as a dead letter.
#[tokio::test]
async fn plugins_and_dead_letters_keep_the_audience() {
    let (stamp, faulty) = (guest("stamp_v1"), guest("faulty"));
    let server = Server::start("", &[("a-stamp", &stamp), ("b-faulty", &faulty)]).await;
    let mut live = Subscriber::open(&server, "types=t,bad.*").await;
    let event = |name: &str| json!({"type": name, "data": SECRET, "audience": {"groups": ["ops"]}}).to_string();
    let stored = server.post("application/json", event("t")).await.1;
    let failed = server.post("application/json", event("bad.trap")).await.1;
    let number = failed["deadLetter"].as_u64().unwrap();
    std::fs::remove_file(server.plugins_dir().join("b-faulty.wasm")).unwrap();
    crate::support::eventually("the plugin is out", async || server.get("/plugins/b-faulty").await.0 == 404).await;
    let replay = server.http.post(server.url(&format!("/dead-letters/{number}/replay"))).send().await.unwrap();
    let replayed: Value = replay.json().await.unwrap();
    for answer in [stored, replayed] {
        assert_eq!(answer["outcome"], "stored", "{answer}");
        let position = answer["position"].as_str().unwrap();
        assert_eq!(server.get(&format!("/events/{position}")).await.0, 404);
    }
    live.expect_silence().await;
}

/// A log that is carried elsewhere does not show there what it hid here.
#[tokio::test]
async fn an_imported_log_hides_what_it_hid_before() {
    let mut server = Server::start("", &[]).await;
    publish(&server).await;
    server.stop();
    let place = server.plugins_dir();
    let place = place.parent().unwrap();
    let run = |arguments: &[&str]| {
        let run = tidemill(place).arg("log").args(arguments).output().unwrap();
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        String::from_utf8(run.stdout).unwrap()
    };
    assert_eq!(run(&["export", "--data", "data", "--out", "events.jsonl"]), "exported 7 events\n");
    std::fs::remove_dir_all(place.join("data")).unwrap();
    let told = run(&["import", "events.jsonl", "--data", "data"]);
    assert!(told.starts_with("imported 7 events"), "{told}");
    server.start_again();
    let polled = server.get("/events/poll?types=t&since=earliest").await.1;
    assert_eq!(polled["events"].as_array().unwrap().len(), 2, "{polled}");
}
