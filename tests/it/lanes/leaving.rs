//! Clients that leave, politely or not: what they held is given back soon.

use std::time::Duration;

use serde_json::json;

use super::{all_have_left, connections, did_not_panic, publish, serves_others};
use crate::support::{Lane, Server, Subscriber, Wire, descriptors, eventually};

async fn a_half_closed_client_has_left(lane: Lane) {
    let server = lane.server("").await;
    // While it listens.
    let mut wire = Wire::subscribe(server.address(), "types=a").await;
    publish(&server, "a", 1).await;
    assert_eq!(wire.data().await, "1");
    wire.half_close().await;
    assert_eq!(wire.until_closed().await, b"", "it is told nothing more");
    all_have_left(&server).await;
    // At once. Whether there is an answer depends on which is seen first, but nothing other than one is sent.
    for _ in 0..20 {
        let mut wire = Wire::open(server.address()).await;
        wire.ask("types=a").await;
        wire.half_close().await;
        if let Some(head) = wire.head().await {
            assert_eq!((head.status, head.get("content-type")), (200, Some("text/event-stream")), "{head:?}");
            let (text, _) = wire.rest().await;
            assert!(text.is_empty() || text.starts_with("retry: ") && text.ends_with("\n\n"), "{text}");
        }
    }
    all_have_left(&server).await;
    did_not_panic(&server);
}

async fn a_client_that_half_closes_before_its_head_is_whole_is_let_go(lane: Lane) {
    let server = lane.server("").await;
    publish(&server, "a", 1).await;
    let before = descriptors(server.pid());
    let all = async {
        for part in ["", "G", "GET /events HTTP/1.1\r\n", "GET /events HTTP/1.1\r\nHost: x\r\n"] {
            let mut wire = Wire::open(server.address()).await;
            wire.send(part).await;
            wire.half_close().await;
            let told = String::from_utf8(wire.until_closed().await).unwrap();
            assert!(told.is_empty() || told.starts_with("HTTP/1.1 400 "), "{part:?}: {told}");
        }
    };
    // Long before the time limit of heads, with which it would end in any case.
    tokio::time::timeout(Duration::from_secs(20), all).await.expect("it waits for more, although nothing will come");
    eventually("their descriptors are free", async || descriptors(server.pid()) <= before).await;
    assert_eq!(connections(&server).await.len(), 0);
    did_not_panic(&server);
}

async fn a_client_that_resets_its_connection_within_a_chunk_leaves_nothing_behind(lane: Lane) {
    let server = lane.server("").await;
    let mut other = Subscriber::open(&server, "types=large").await;
    // What is opened once and kept is opened in the first round.
    resets_within_a_chunk(&server, &mut other).await;
    let before = descriptors(server.pid());
    for _ in 0..3 {
        resets_within_a_chunk(&server, &mut other).await;
        eventually("their descriptors are free", async || descriptors(server.pid()) <= before).await;
    }
    did_not_panic(&server);
}

/// Many get large events, of which the kernel holds a part, and leave in the middle. One more stays.
async fn resets_within_a_chunk(server: &Server, other: &mut Subscriber) {
    const LEAVING: usize = 20;
    const EVENTS: u64 = 8;
    let mut wires = Vec::new();
    for _ in 0..LEAVING {
        let mut wire = Wire::open_small(server.address()).await;
        wire.ask("types=large").await;
        wire.greeting().await;
        wires.push(wire);
    }
    let data = |n: u64| json!({"n": n, "filler": "x".repeat(900_000)});
    for n in 0..EVENTS {
        assert_eq!(server.publish("large", data(n)).await.0, 200);
    }
    let lagging = async || connections(server).await.iter().filter(|one| one["lag"].as_u64() > Some(0)).count();
    for n in 0..EVENTS {
        assert_eq!(other.next().await.json(), data(n));
    }
    eventually("all have a part of it", async || lagging().await == LEAVING).await;
    for mut wire in wires {
        assert!(wire.sip(5000).await);
        wire.reset();
    }
    eventually("all but one have left", async || connections(server).await.len() == 1).await;
}

async fn clients_that_just_close_leave_nothing_behind(lane: Lane) {
    let server = lane.server("").await;
    publish(&server, "a", 1).await;
    let before = descriptors(server.pid());
    for _ in 0..3 {
        let mut wires = Vec::new();
        for _ in 0..50 {
            wires.push(Wire::subscribe(server.address(), "types=never").await);
        }
        assert_eq!(connections(&server).await.len(), 50);
        assert!(descriptors(server.pid()) >= before + 50);
        drop(wires);
        // Without anything being sent to them.
        all_have_left(&server).await;
        eventually("their descriptors are free", async || descriptors(server.pid()) <= before).await;
    }
}

async fn whoever_leaves_gives_the_place_back(lane: Lane) {
    // Of which 1,024 are for others than streams (`OTHER_CONNECTIONS_MAX` in host/server/src/limits.rs).
    const PLACES: usize = 10 + 1024;
    let server = lane.server("[subscribe]\nconnections-max = 10\n").await;
    for visit in 0..PLACES + 100 {
        let wire = Wire::subscribe(server.address(), "types=a").await;
        match visit % 3 {
            0 => drop(wire),
            1 => wire.reset(),
            _ => {
                let mut wire = wire;
                wire.half_close().await;
                wire.until_closed().await;
            }
        }
        if visit % 8 == 7 {
            all_have_left(&server).await;
        }
    }
    serves_others(&server).await;
    did_not_panic(&server);
}

super::on_both_lanes! {
    a_half_closed_client_has_left,
    a_client_that_half_closes_before_its_head_is_whole_is_let_go,
    a_client_that_resets_its_connection_within_a_chunk_leaves_nothing_behind,
    clients_that_just_close_leave_nothing_behind,
    whoever_leaves_gives_the_place_back,
}
