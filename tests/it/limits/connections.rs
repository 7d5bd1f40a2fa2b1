//! Bounds of streams and waiting polls beside the one of all of them.

use serde_json::Value;

use super::tokens;
use crate::lanes::{did_not_panic, on_both_lanes};
use crate::support::{Lane, Server, Wire, eventually};

/// A plain request for a stream with a token, or none, and one more line.
fn request(path: &str, token: &str, line: &str) -> String {
    let token = if token.is_empty() { String::new() } else { format!("Authorization: Bearer {token}\r\n") };
    format!("GET {path} HTTP/1.1\r\nHost: x\r\n{token}{line}\r\n")
}

async fn open(server: &Server, token: &str) -> Wire {
    let mut wire = Wire::open(server.address()).await;
    wire.send(request("/events", token, "")).await;
    wire.greeting().await;
    wire
}

/// One more is told by which bound it is too many: a new stream and a poll by an error, one that comes back by `retry:`.
async fn is_full(server: &Server, token: &str, setting: &str) {
    for path in ["/events", "/events/poll?wait=1s"] {
        let mut wire = Wire::open(server.address()).await;
        wire.send(request(path, token, "Connection: close\r\n")).await;
        let head = wire.head().await.unwrap();
        assert_eq!(head.status, 503, "{path}: {head:?}");
        assert!(head.get("retry-after").unwrap().parse::<u64>().unwrap() >= 30, "{head:?}");
        let problem: Value = serde_json::from_str(&wire.rest().await.0).unwrap();
        assert_eq!(problem["limit"], setting, "{problem}");
    }
    for (path, line) in [("/events", "Last-Event-ID: 1.1\r\n"), ("/events?lastEventId=1.1", "")] {
        let mut wire = Wire::open(server.address()).await;
        wire.send(request(path, token, line)).await;
        let head = wire.head().await.unwrap();
        assert_eq!((head.status, head.get("content-type")), (200, Some("text/event-stream")), "{head:?}");
        let (rest, whole) = wire.rest().await;
        let retry = rest.strip_prefix("retry: ").and_then(|rest| rest.strip_suffix("\n\n")?.parse::<u64>().ok());
        assert!(whole && retry.is_some_and(|retry| (30_000..60_000).contains(&retry)), "{rest:?}");
    }
    let figures = server.http.get(server.url("/metrics")).bearer_auth("master1").send().await.unwrap();
    let figures = figures.text().await.unwrap();
    assert!(figures.contains(&format!("tidemill_limited_total{{limit=\"{setting}\"}} 4")), "{figures}");
}

/// With a bound of two: two of one, nobody more, others all the same, and room again when one leaves.
async fn two_and_no_more(lane: Lane, setting: &str, holders: [&str; 2], another: &str, other: &str) {
    let server = lane.server(&format!("{}[subscribe]\n{setting} = 2\n", tokens())).await;
    let first = open(&server, holders[0]).await;
    let _second = open(&server, holders[1]).await;
    is_full(&server, another, &format!("subscribe.{setting}")).await;
    if !other.is_empty() {
        open(&server, other).await;
    }
    drop(first);
    eventually("a place comes free", async || {
        let mut wire = Wire::open(server.address()).await;
        wire.send(request("/events", another, "")).await;
        wire.head().await.unwrap().status == 200
    })
    .await;
    did_not_panic(&server);
}

async fn one_principal_has_so_many(lane: Lane) {
    two_and_no_more(lane, "connections-per-principal", ["team1", "team1"], "team1", "team2").await;
}

async fn all_tokens_of_a_type_have_so_many(lane: Lane) {
    two_and_no_more(lane, "connections-readonly", ["readonly1", "readonly2"], "readonly1", "team1").await;
    two_and_no_more(lane, "connections-team", ["team1", "team2"], "team1", "master1").await;
    two_and_no_more(lane, "connections-master", ["master1", "master2"], "master1", "").await;
}

async fn those_without_a_token_have_so_many(lane: Lane) {
    two_and_no_more(lane, "connections-anonymous", ["", ""], "", "team1").await;
}

async fn one_address_has_so_many(lane: Lane) {
    two_and_no_more(lane, "connections-per-address", ["team1", ""], "master1", "").await;
}

async fn a_waiting_poll_has_a_place_too(lane: Lane) {
    let server = lane.server(&format!("{}[subscribe]\nconnections-per-principal = 1\n", tokens())).await;
    let mut poll = Wire::open(server.address()).await;
    poll.send(request("/events/poll?wait=50s", "team1", "")).await;
    eventually("the poll waits", async || {
        let list = server.http.get(server.url("/connections")).bearer_auth("master1").send().await.unwrap();
        list.json::<Value>().await.unwrap()["connections"][0]["use"] == "poll"
    })
    .await;
    is_full(&server, "team1", "subscribe.connections-per-principal").await;
    drop(poll);
    eventually("its place comes free", async || {
        let mut wire = Wire::open(server.address()).await;
        wire.send(request("/events", "team1", "")).await;
        wire.head().await.unwrap().status == 200
    })
    .await;
}

on_both_lanes! {
    one_principal_has_so_many,
    all_tokens_of_a_type_have_so_many,
    those_without_a_token_have_so_many,
    one_address_has_so_many,
    a_waiting_poll_has_a_place_too,
}
