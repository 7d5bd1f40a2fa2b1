//! How the head of a request arrives: in pieces, large, or with more behind it.

use std::time::Duration;

use futures_util::future::join_all;

use super::{all_have_left, connections, did_not_panic, publish};
use crate::support::{Lane, Wire};

const HEAD: &[u8] = b"GET /events?types=a HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n";

/// A head of so many bytes.
fn head_of(length: usize) -> Vec<u8> {
    let (begin, end) = ("GET /events?types=a HTTP/1.1\r\nHost: x\r\nX-Filler: ", "\r\n\r\n");
    format!("{begin}{}{end}", "x".repeat(length - begin.len() - end.len())).into_bytes()
}

async fn a_head_may_come_byte_by_byte(lane: Lane) {
    let server = lane.server("").await;
    let mut wire = Wire::open(server.address()).await;
    for byte in HEAD {
        wire.send([*byte]).await;
        // Long enough for each to be seen alone, most of the time.
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    wire.greeting().await;
    publish(&server, "b", 1).await;
    publish(&server, "a", 2).await;
    assert_eq!(wire.data().await, "2");
}

async fn a_head_may_come_in_two_parts_wherever_it_is_cut(lane: Lane) {
    let server = lane.server("").await;
    let cut_at = async |cut: usize| {
        let mut wire = Wire::open(server.address()).await;
        wire.send(&HEAD[..cut]).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        wire.send(&HEAD[cut..]).await;
        wire.greeting().await;
        wire
    };
    let mut wires = join_all((0..HEAD.len()).map(cut_at)).await;
    assert_eq!(connections(&server).await.len(), HEAD.len());
    publish(&server, "b", 1).await;
    publish(&server, "a", 2).await;
    for wire in &mut wires {
        assert_eq!(wire.data().await, "2");
    }
}

async fn a_head_may_be_large(lane: Lane) {
    let server = lane.server("").await;
    let mut wires = Vec::new();
    // 8 KiB is where a first read may end.
    for length in [4096, 8190, 8191, 8192, 8193, 8194, 16_384, 60_000] {
        for parts in [1, 3] {
            let mut wire = Wire::open(server.address()).await;
            for part in head_of(length).chunks(length.div_ceil(parts)) {
                wire.send(part).await;
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            wire.greeting().await;
            wires.push(wire);
        }
    }
    publish(&server, "a", 1).await;
    for wire in &mut wires {
        assert_eq!(wire.data().await, "1");
    }
}

async fn a_head_that_is_too_large_is_refused(lane: Lane) {
    let server = lane.server("").await;
    let address = format!("GET /events?types={} HTTP/1.1\r\nHost: x\r\n\r\n", "a,".repeat(40_000));
    let fields = |count| format!("GET /events HTTP/1.1\r\nHost: x\r\n{}\r\n", "A: b\r\n".repeat(count));
    let heads = [
        (head_of(200_000), 431),
        (fields(100).into_bytes(), 431),
        (address.into_bytes(), 414),
        // Without an end, so that it is refused for its length and for nothing else.
        (head_of(200_000)[..199_000].to_vec(), 431),
    ];
    for (head, status) in heads {
        let mut wire = Wire::open(server.address()).await;
        // It may be refused before all of it was sent.
        let _ = wire.try_send(head).await;
        let answer = wire.head().await.expect("it is refused, not dropped");
        assert_eq!((answer.status, answer.get("content-length")), (status, Some("0")), "{answer:?}");
        assert_eq!(wire.until_closed().await, b"");
    }
    assert_eq!(connections(&server).await.len(), 0);
    let mut wire = Wire::open(server.address()).await;
    wire.send(fields(99)).await;
    wire.greeting().await;
    did_not_panic(&server);
}

async fn more_in_the_same_segment_as_the_head_does_no_harm(lane: Lane) {
    let server = lane.server("").await;
    let mut wires = Vec::new();
    for more in [&b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"[..], b"\x00\xff garbage", b"\r\n", b"x", HEAD] {
        let mut wire = Wire::open(server.address()).await;
        wire.send([HEAD, more].concat()).await;
        wire.greeting().await;
        wires.push(wire);
    }
    for number in 0..3 {
        publish(&server, "a", number).await;
        for wire in &mut wires {
            // And nothing else in between, which would be no chunk.
            assert_eq!(wire.data().await, number.to_string());
        }
    }
    drop(wires);
    // What is not read keeps a server from seeing that its client is gone; writing tells.
    publish(&server, "a", 3).await;
    publish(&server, "a", 4).await;
    all_have_left(&server).await;
    did_not_panic(&server);
}

async fn a_request_behind_one_for_a_stream_is_answered_when_the_stream_has_ended(lane: Lane) {
    let server = lane.server("").await;
    let mut wire = Wire::open(server.address()).await;
    wire.send("GET /events?types=a&limit=1 HTTP/1.1\r\nHost: x\r\n\r\nGET /livez HTTP/1.1\r\nHost: x\r\n\r\n").await;
    wire.greeting().await;
    publish(&server, "a", 1).await;
    assert_eq!(wire.data().await, "1");
    let (_, whole) = wire.rest().await;
    assert!(whole, "the body has no end");
    assert_eq!(wire.head().await.unwrap().status, 200);
    assert_eq!(wire.rest().await, ("{\"status\":\"live\"}".to_owned(), true));
}

async fn a_head_request_is_answered_without_a_stream(lane: Lane) {
    let server = lane.server("").await;
    let mut wire = Wire::open(server.address()).await;
    for _ in 0..2 {
        wire.send("HEAD /events?types=a HTTP/1.1\r\nHost: x\r\n\r\n").await;
        let head = wire.head().await.unwrap();
        assert_eq!((head.status, head.get("content-type")), (200, Some("text/event-stream")), "{head:?}");
        // A body would stand where the next answer begins.
        wire.send("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n").await;
        assert_eq!(wire.head().await.unwrap().status, 200);
        assert_eq!(wire.rest().await, ("{\"status\":\"live\"}".to_owned(), true));
        assert_eq!(connections(&server).await.len(), 0, "nobody listens");
    }
    wire.ask("types=a").await;
    wire.greeting().await;
    publish(&server, "a", 1).await;
    assert_eq!(wire.data().await, "1");
}

async fn a_stream_may_be_the_second_request_of_a_connection(lane: Lane) {
    let server = lane.server("").await;
    let mut wire = Wire::open(server.address()).await;
    wire.send("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert_eq!(wire.head().await.unwrap().status, 200);
    assert_eq!(wire.rest().await, ("{\"status\":\"live\"}".to_owned(), true));
    wire.ask("types=a").await;
    wire.greeting().await;
    publish(&server, "a", 1).await;
    assert_eq!(wire.data().await, "1");
    drop(wire);
    all_have_left(&server).await;
}

super::on_both_lanes! {
    a_head_may_come_byte_by_byte,
    a_head_may_come_in_two_parts_wherever_it_is_cut,
    a_head_may_be_large,
    a_head_that_is_too_large_is_refused,
    more_in_the_same_segment_as_the_head_does_no_harm,
    a_request_behind_one_for_a_stream_is_answered_when_the_stream_has_ended,
    a_head_request_is_answered_without_a_stream,
    a_stream_may_be_the_second_request_of_a_connection,
}
