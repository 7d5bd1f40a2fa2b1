//! Plugins that are harmless for a while: they leak, or turn after a thousand events.

use serde_json::{Value, json};

use super::harm::{largest_resident_bytes, start_with};
use crate::support::{Server, Subscriber, eventually, guest, publish_lines};

fn lines(event_type: &str, numbers: std::ops::Range<u64>) -> Vec<String> {
    numbers.map(|n| json!({"type": event_type, "data": {"n": n}}).to_string()).collect()
}

async fn figures(server: &Server) -> Value {
    server.get("/plugins/hostile").await.1["figures"].clone()
}

fn faults(figures: &Value) -> u64 {
    figures["faults"].as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum()
}

async fn all_are_stored(server: &Server, lines: &[String]) {
    for (n, result) in publish_lines(server, lines).await.iter().enumerate() {
        assert_eq!(result["outcome"], "stored", "event {n}: {result}");
    }
}

/// Its memory is too small for what it leaks: it fails all the time, and no event is to blame.
#[tokio::test]
async fn a_leak_costs_no_event_when_the_memory_is_full() {
    let server = start_with("[limits]\nmemory = \"4MiB\"\n", &guest("leaky")).await;
    let mut stream = Subscriber::open(&server, "").await;
    for part in 0..20 {
        all_are_stored(&server, &lines("leak", part * 1000..part * 1000 + 1000)).await;
    }
    for n in 0..20_000 {
        assert_eq!(stream.next().await.json()["n"], n);
    }
    let figures = figures(&server).await;
    assert_eq!(faults(&figures), 0, "{figures}");
    // 20 MB were leaked: more than once every instance was full.
    assert!(
        server.log().contains("ready") && figures["calls"].as_u64() > figures["events_in"].as_u64().map(|n| n / 64)
    );
}

/// An instance that grew makes room for a new one, made on the side, before it fails.
#[tokio::test]
async fn a_leaking_instance_is_made_anew() {
    let server = start_with("[limits]\nrecycle-memory = \"3MiB\"\n", &guest("leaky")).await;
    let mut published = 0;
    let recycled = async || figures(&server).await["recycled"].as_u64().unwrap();
    let began = std::time::Instant::now();
    while recycled().await < 3 {
        all_are_stored(&server, &lines("leak", published..published + 500)).await;
        published += 500;
        assert!(began.elapsed() < crate::support::PATIENCE, "it is never made anew: {}", figures(&server).await);
    }
    let figures = figures(&server).await;
    assert_eq!((faults(&figures), &figures["events_in"]), (0, &json!(published)), "{figures}");
    let taken = largest_resident_bytes(&server);
    assert!(taken < 700 << 20, "the host took {taken} bytes for {published} events");
}

/// A fresh instance does not remember that it wanted to fail, so no event is to blame.
#[tokio::test]
async fn one_that_turns_by_its_own_count_costs_no_event() {
    let server = start_with("", &guest("turncoat")).await;
    let mut stream = Subscriber::open(&server, "").await;
    for part in 0..5 {
        all_are_stored(&server, &lines("turn.counted", part * 1000..part * 1000 + 1000)).await;
    }
    for n in 0..5000 {
        assert_eq!(stream.next().await.json()["n"], n);
    }
    assert_eq!(faults(&figures(&server).await), 0);
}

/// One that fails on every event from the thousandth on is taken out; what others are asked about goes on throughout.
#[tokio::test]
async fn one_that_turns_for_good_is_taken_out_and_the_others_go_on() {
    let config = "[plugins.hostile]\nbreaker = { faults = 10, rate = 0.05, rest = \"1h\" }\n";
    let server = start_with(config, &guest("turncoat")).await;
    let mut stream = Subscriber::open(&server, "types=good&envelope=cloudevents").await;
    all_are_stored(&server, &lines("turn.told", 0..1000)).await;
    let results = publish_lines(&server, &lines("turn.told", 1000..1100)).await;
    assert!(results.iter().all(|result| result["outcome"] == "failed" || result["outcome"] == "retry"), "{results:?}");
    eventually("its breaker opens", async || server.get("/plugins/hostile").await.1["breaker"]["state"] == "open")
        .await;
    let results = publish_lines(&server, &lines("turn.told", 1100..1200)).await;
    assert!(results.iter().all(|result| result["outcome"] == "retry" && result["by"] == "hostile"), "{results:?}");
    all_are_stored(&server, &lines("good", 0..1000)).await;
    for n in 0..1000 {
        let event = stream.next().await.json();
        assert_eq!((&event["data"]["n"], &event["stamp"]), (&json!(n), &json!("v1")));
    }
    let failed = faults(&figures(&server).await);
    assert!((10..=100).contains(&failed), "{failed}");
}
