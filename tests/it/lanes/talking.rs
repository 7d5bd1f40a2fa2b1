//! Clients that say more than they should, or read less than they are told.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;

use super::{connections, did_not_panic, publish, serves_others};
use crate::support::{Lane, Subscriber, Wire, eventually, processor_time, publish_lines, resident_bytes};

async fn what_a_client_says_while_it_listens_is_ignored(lane: Lane) {
    let server = lane.server("").await;
    let mut wire = Wire::subscribe(server.address(), "types=a").await;
    let said =
        [&b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"[..], b"\r\n", b"\x00garbage", b"GET /events HTTP/1.1\r\n\r\n"];
    for (number, said) in (0..).zip(said) {
        wire.send(said).await;
        publish(&server, "a", number).await;
        assert_eq!(wire.data().await, number.to_string());
    }
    assert_eq!(connections(&server).await.len(), 1);
    did_not_panic(&server);
}

async fn a_client_that_sends_megabytes_while_it_listens_costs_nothing(lane: Lane) {
    const FLOODERS: usize = 10;
    const EACH: usize = 16 << 20;
    let server = lane.server("").await;
    serves_others(&server).await;
    let mut wires = Vec::new();
    for _ in 0..FLOODERS {
        wires.push(Wire::subscribe(server.address(), "types=never&heartbeat=1s").await);
    }
    let before = resident_bytes(server.pid());
    let floods = wires.into_iter().map(|wire| {
        tokio::spawn(async move {
            let (block, mut sent) = (vec![b'x'; 64 << 10], 0);
            // Until the server takes no more, has cut it off, or has thrown a lot away.
            while sent < EACH {
                let Some(count) = wire.push(&block, Duration::from_secs(2)).await else { break };
                sent += count;
            }
            (wire, sent)
        })
    });
    let mut sent = 0;
    let mut kept = Vec::new();
    for flood in floods.collect::<Vec<_>>() {
        let (wire, one) = flood.await.unwrap();
        sent += one;
        kept.push(wire);
    }
    assert!(sent > FLOODERS * 20_000, "only {sent} bytes were sent: nothing is tested");
    serves_others(&server).await;
    let growth = resident_bytes(server.pid()).saturating_sub(before);
    assert!(growth < 32 << 20, "{sent} bytes were sent, and the server grew by {} MiB", growth >> 20);
    // Bytes that nobody reads must not wake anybody over and over.
    let computed = processor_time(server.pid());
    tokio::time::sleep(Duration::from_secs(3)).await;
    let computed = processor_time(server.pid()) - computed;
    assert!(computed < Duration::from_millis(1500), "it computed for {computed:?} in 3 s with nothing to do");
    serves_others(&server).await;
    drop(kept);
    // Heartbeats find out, if nothing else does.
    eventually("all have left", async || connections(&server).await.is_empty()).await;
    did_not_panic(&server);
}

async fn whoever_sips_delays_nobody_and_gets_everything_in_order_once_it_drinks(lane: Lane) {
    const EVENTS: u64 = 400;
    const PER_REQUEST: u64 = 40;
    let server = lane.server("").await;
    let data = |n: u64| json!({"n": n, "filler": "x".repeat(20_000)});
    let mut slow = Wire::open_small(server.address()).await;
    slow.ask("types=n&heartbeat=1s").await;
    slow.greeting().await;
    let mut fast = Subscriber::open(&server, "types=n").await;
    let thirsty = Arc::new(AtomicBool::new(false));
    let sipping = tokio::spawn({
        let thirsty = Arc::clone(&thirsty);
        async move {
            while !thirsty.load(Ordering::Relaxed) {
                assert!(slow.sip(1).await, "the stream ended");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            slow
        }
    });
    for first in (0..EVENTS).step_by(usize::try_from(PER_REQUEST).unwrap()) {
        let lines: Vec<String> =
            (first..first + PER_REQUEST).map(|n| json!({"type": "n", "data": data(n)}).to_string()).collect();
        publish_lines(&server, &lines).await;
        for n in first..first + PER_REQUEST {
            assert_eq!(fast.next().await.json(), data(n), "whoever reads gets everything at once");
        }
    }
    let behind = async || connections(&server).await.iter().any(|one| one["lag"].as_u64() > Some(0));
    assert!(behind().await, "the socket took everything: nothing is tested; {:?}", connections(&server).await);
    thirsty.store(true, Ordering::Relaxed);
    let mut slow = sipping.await.unwrap();
    assert!(slow.received() < 100_000, "it sipped {} bytes", slow.received());
    for n in 0..EVENTS {
        assert_eq!(slow.data().await, data(n).to_string());
    }
    publish(&server, "n", EVENTS).await;
    assert_eq!(slow.data().await, EVENTS.to_string());
    did_not_panic(&server);
}

super::on_both_lanes! {
    what_a_client_says_while_it_listens_is_ignored,
    a_client_that_sends_megabytes_while_it_listens_costs_nothing,
    whoever_sips_delays_nobody_and_gets_everything_in_order_once_it_drinks,
}
