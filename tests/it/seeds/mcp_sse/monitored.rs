//! What operators see: statistics, log lines, health, heartbeats.

use serde_json::{Value, json};

use super::{Listener, example, get, start, token};
use crate::support::eventually;

#[tokio::test]
async fn s3_13_15_statistics_are_those_of_the_document() {
    let server = start(&[]).await;
    let boss = token("master", &[]);
    let (_, none) = get(&server, "/mcp/sse/stats", &boss).await;
    assert_eq!((&none["totalConnections"], &none["oldestConnection"]), (&json!(0), &Value::Null));
    let mut listeners = Vec::new();
    for kind in ["master", "team", "team", "team", "readonly"] {
        listeners.push(Listener::open(&server, &token(kind, &[])).await);
    }
    let (_, stats) = get(&server, "/mcp/sse/stats", &boss).await;
    assert_eq!(stats["totalConnections"], 5, "{stats}");
    assert_eq!(stats["connectionsByType"], json!({"master": 1, "team": 3, "readonly": 1}));
    let [oldest, newest] = ["oldestConnection", "newestConnection"].map(|name| stats[name].as_str().unwrap());
    assert!(oldest.ends_with('Z') && oldest <= newest, "{stats}");
    assert!(stats["averageConnectionAge"].as_f64().unwrap() >= 0.0, "{stats}");
    let (_, connections) = get(&server, "/connections", &boss).await;
    for listener in &listeners {
        assert!(connections.to_string().contains(&listener.connection), "{connections}");
    }
}

#[tokio::test]
async fn s3_16_streams_that_begin_and_end_are_in_the_log() {
    let server = start(&[]).await;
    let listener = Listener::open(&server, &token("team", &[])).await;
    let connection = listener.connection.clone();
    drop(listener);
    let lines = || {
        let log = server.log();
        let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.filter(|line| line.to_string().contains(&connection)).collect::<Vec<_>>()
    };
    eventually("the stream has ended", async || lines().len() >= 2).await;
    let member = |line: &Value, name: &str| line.get(name).or_else(|| line["fields"].get(name)).cloned();
    for (line, message) in lines().iter().zip(["SSE Connection Added", "SSE Connection Removed"]) {
        for (name, value) in [
            ("message", json!(message)),
            ("connectionId", json!(connection)),
            ("tokenId", json!("team-1")),
            ("tokenType", json!("team")),
            ("clientIP", json!("127.0.0.1")),
        ] {
            assert_eq!(line.get(name), Some(&value), "{name}: {line}");
        }
        assert!(member(line, "level").unwrap().as_str().unwrap().eq_ignore_ascii_case("info"), "{line}");
        assert!(line["totalConnections"].is_u64(), "{line}");
        assert_eq!(line.get("duration").is_some(), message.ends_with("Removed"), "{line}");
    }
}

#[tokio::test]
async fn s3_14_heartbeats_have_a_name_and_come_every_thirty_seconds() {
    let server = start(&[("HEARTBEAT_INTERVAL", "1s")]).await;
    let mut listener = Listener::open(&server, &token("readonly", &[])).await;
    for _ in 0..2 {
        listener.next("heartbeat").await;
    }
    let config = std::fs::read_to_string(example("tidemill.toml")).unwrap();
    assert!(config.contains("every = \"${HEARTBEAT_INTERVAL:-30s}\"") && config.contains("write-timeout = \"1m\""));
}

#[tokio::test]
async fn s3_22_23_30_health_needs_no_token_streams_may_be_packed_and_figures_are_there() {
    let server = start(&[]).await;
    let (status, health) = server.get("/health").await;
    assert_eq!((status, &health["status"]), (200, &json!("healthy")), "{health}");
    let asked = server.http.get(server.url("/mcp/sse")).bearer_auth(token("team", &[]));
    let packed = asked.header("accept-encoding", "gzip").send().await.unwrap();
    assert_eq!(packed.headers()["content-encoding"], "gzip");
    let metrics = server.http.get(server.url("/metrics")).bearer_auth(token("master", &[])).send().await.unwrap();
    assert!(metrics.text().await.unwrap().contains("tidemill_mount_streams{mount=\"/mcp/sse\"} 1"));
}
