//! What subscribers can ask for, and what they can rely on.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::json;

use crate::support::{Server, Subscriber, eventually, resident_bytes};

#[tokio::test]
async fn a_subscriber_sees_the_types_it_asked_for() {
    let server = Server::start("", &[]).await;
    let mut orders = Subscriber::open(&server, "types=order.*,stock.low").await;
    for event_type in ["order.created", "stock.high", "stock.low", "orders.created", "order.item.added"] {
        server.publish(event_type, json!(null)).await;
    }
    let seen: Vec<String> = orders.take(3).await.into_iter().map(|message| message.event).collect();
    assert_eq!(seen, ["order.created", "stock.low", "order.item.added"]);
    orders.expect_silence().await;
}

#[tokio::test]
async fn a_limit_ends_the_stream() {
    let server = Server::start("", &[]).await;
    for n in 0..5 {
        server.publish("a", json!(n)).await;
    }
    let mut stream = Subscriber::open(&server, "since=earliest&limit=3&types=a").await;
    assert_eq!(stream.take(3).await.len(), 3);
    assert_eq!(stream.next_or_end().await, None);
}

#[tokio::test]
async fn the_head_and_the_greeting_come_at_once_and_heartbeats_follow() {
    let server = Server::start("[subscribe]\nretry = \"3s\"\n", &[]).await;
    let text = raw(&server, "GET /events?heartbeat=1s HTTP/1.1\r\nHost: x\r\n\r\n", Duration::from_millis(1700));
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let head = head.to_ascii_lowercase();
    assert!(head.starts_with("http/1.1 200"), "{head}");
    for line in ["content-type: text/event-stream", "cache-control: no-cache, no-transform", "x-accel-buffering: no"] {
        assert!(head.contains(line), "{line} in {head}");
    }
    assert!(body.contains("retry: 3000\nid: "), "{body}");
    assert!(body.contains(": heartbeat\nid: "), "{body}");
}

/// Sends bytes on a connection of its own and returns what came back in some time.
fn raw(server: &Server, request: &str, wait: Duration) -> String {
    let mut socket = TcpStream::connect(server.address()).unwrap();
    socket.write_all(request.as_bytes()).unwrap();
    std::thread::sleep(wait);
    socket.set_nonblocking(true).unwrap();
    let mut bytes = Vec::new();
    let _ = socket.read_to_end(&mut bytes);
    String::from_utf8(bytes).unwrap()
}

/// Invariant I4: a subscriber that never reads holds up nobody and costs a bounded amount of memory.
#[tokio::test]
async fn i4_a_stuck_subscriber_slows_nobody() {
    let server = Server::start("[log]\nmax-bytes = \"4MiB\"\n[subscribe]\nring-max = \"4MiB\"\n", &[]).await;
    let stuck: Vec<TcpStream> = (0..50)
        .map(|_| {
            let mut socket = TcpStream::connect(server.address()).unwrap();
            socket.write_all(b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
            socket
        })
        .collect();
    eventually("all are subscribed", async || server.get("/readyz").await.1["subscribers"] == 50).await;
    let mut reader = Subscriber::open(&server, "framing=message").await;
    let before = resident_bytes(server.pid());
    let filler = "x".repeat(10_000);
    for round in 0..60 {
        let lines: Vec<String> = (0..50)
            .map(|n| json!({"type": "a", "data": {"n": round * 50 + n, "filler": filler}}).to_string())
            .collect();
        let (status, answer) = server.post("application/x-ndjson", lines.join("\n")).await;
        assert_eq!((status, &answer["stored"]), (200, &json!(50)));
        for (n, message) in reader.take(50).await.iter().enumerate() {
            assert_eq!(message.json()["n"], round * 50 + n);
        }
    }
    // 30 MB passed by fifty readers who took none of it: 1.5 GB if it were kept for each.
    let growth = resident_bytes(server.pid()).saturating_sub(before);
    assert!(growth < 100 << 20, "the server grew by {} MiB", growth >> 20);
    drop(stuck);
}

#[tokio::test]
async fn too_many_subscribers_are_told_so() {
    let server = Server::start("[subscribe]\nconnections-max = 2\n", &[]).await;
    let _first = Subscriber::open(&server, "").await;
    let second = Subscriber::open(&server, "").await;
    let answer = server.http.get(server.url("/events")).send().await.unwrap();
    assert_eq!(answer.status(), 503);
    assert!(answer.headers()["retry-after"].to_str().unwrap().parse::<u64>().unwrap() >= 30);
    drop(second);
    eventually("a place comes free", async || server.get("/readyz").await.1["subscribers"] == 1).await;
    Subscriber::open(&server, "").await;
}
