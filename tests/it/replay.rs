//! Resuming: `Last-Event-ID`, `since`, and what is said when something is gone.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;

use crate::support::{Server, Subscriber, eventually};

/// Invariant I3: however often a subscriber is cut off, and at any rate, it sees every event once and in order.
#[tokio::test]
async fn i3_replay_joins_live_without_gap_or_duplicate() {
    const EVENTS: u64 = 3000;
    // A ring so small that most of it is read from the log.
    let server = std::sync::Arc::new(Server::start("[subscribe]\nring-max = \"1MiB\"\n", &[]).await);
    let publisher = std::sync::Arc::clone(&server);
    let first = Subscriber::open(&server, "types=n").await;
    let mut last = first.begins_after.clone();
    drop(first);
    let publishing = tokio::spawn(async move {
        let mut n = 0;
        while n < EVENTS {
            let burst = 1 + (n * 7) % 60;
            let lines: Vec<String> = (n..(n + burst).min(EVENTS))
                .map(|n| json!({"type": "n", "data": {"n": n, "filler": "x".repeat(1000)}}).to_string())
                .collect();
            n += lines.len() as u64;
            publisher.post("application/x-ndjson", lines.join("\n")).await;
            tokio::time::sleep(Duration::from_millis(n % 5)).await;
        }
    });
    let mut seen = 0;
    let mut connections = 0;
    while seen < EVENTS {
        let mut stream = Subscriber::resume(&server, "types=n", Some(&last)).await;
        connections += 1;
        let share = (connections * 37) % 200;
        for _ in 0..share.min(EVENTS - seen) {
            let message = stream.next().await;
            assert_eq!((message.event.as_str(), message.json()["n"].as_u64()), ("n", Some(seen)));
            seen += 1;
            last = message.id;
        }
    }
    assert!(connections > 20, "{connections}");
    publishing.await.unwrap();
    Subscriber::resume(&server, "types=n", Some(&last)).await.expect_silence().await;
}

#[tokio::test]
async fn since_takes_positions_times_and_ends() {
    let server = Server::start("", &[]).await;
    let mut positions = Vec::new();
    for n in 0..3 {
        positions.push(server.publish("a", json!(n)).await.1["position"].as_str().unwrap().to_owned());
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    let first = async |query: &str| Subscriber::open(&server, query).await.next().await.data;
    assert_eq!(first("types=a&since=earliest").await, "0");
    assert_eq!(first(&format!("since={}", positions[0])).await, "1");
    let whole = Subscriber::open(&server, "types=a&since=earliest&envelope=cloudevents").await.take(3).await;
    let time = whole[2].json()["time"].as_str().unwrap().to_owned();
    assert_eq!(first(&format!("since={time}")).await, "2");
    let mut live = Subscriber::open(&server, "since=latest").await;
    live.expect_silence().await;
}

#[tokio::test]
async fn what_retention_removed_is_told_once_and_the_rest_follows() {
    let server = Server::start("[log]\nmax-events = 10\n[subscribe]\nring-max = \"1MiB\"\n", &[]).await;
    let begin = Subscriber::open(&server, "").await.begins_after;
    let filler = "x".repeat(100_000);
    for n in 0..30 {
        server.publish("a", json!({"n": n, "filler": filler})).await;
    }
    // Retention works in the background.
    eventually("ten events are left", async || server.get("/events/stats").await.1["log"]["events"] == 10).await;
    let mut stream = Subscriber::resume(&server, "", Some(&begin)).await;
    let gap = stream.next().await;
    assert_eq!(gap.event, "tidemill.gap");
    assert_eq!((gap.json()["reason"].as_str(), gap.json()["missed"].as_u64()), (Some("retention"), Some(20)));
    assert_eq!(gap.json()["from"], begin);
    let rest: Vec<u64> = stream.take(10).await.iter().map(|message| message.json()["n"].as_u64().unwrap()).collect();
    assert_eq!(rest, (20..30).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_position_of_another_log_is_told_and_everything_of_this_one_follows() {
    let server = Server::start("", &[]).await;
    server.publish("a", json!(1)).await;
    let mut stream = Subscriber::resume(&server, "types=a", Some("1.500")).await;
    let gap = stream.next().await;
    assert_eq!((&*gap.event, gap.json()["reason"].as_str()), ("tidemill.gap", Some("epoch")));
    assert_eq!(stream.next().await.data, "1");
}

#[tokio::test]
async fn a_heartbeat_moves_the_place_of_a_subscriber_whom_nothing_concerns() {
    let server = Server::start("", &[]).await;
    let quiet = server.http.get(server.url("/events?types=never&heartbeat=1s")).send().await.unwrap();
    for n in 0..5 {
        server.publish("a", json!(n)).await;
    }
    let mut text = String::new();
    let mut quiet = quiet;
    while !text.contains("heartbeat") {
        text += std::str::from_utf8(&quiet.chunk().await.unwrap().unwrap()).unwrap();
    }
    let ids: BTreeSet<&str> = text.lines().filter_map(|line| line.strip_prefix("id: ")).collect();
    assert_eq!(ids.len(), 2, "{text}");
}
