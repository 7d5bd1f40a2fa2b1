//! Clients that never finish their request: each holds a descriptor for the time limit of heads, and nothing else.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::gives_everything_back;
use crate::lanes::{did_not_panic, on_both_lanes, serves_others};
use crate::support::{Lane, Wire, descriptors, processor_time, resident_bytes};

const CLIENTS: usize = 1000;
/// `HEAD_TIME_MAX` in `host/server/src/limits.rs`, less what clocks may differ.
const HEAD_TIME: Duration = Duration::from_secs(29);
/// Beyond it nobody is there any more.
const LATEST: Duration = Duration::from_secs(55);

/// Sends a part of a head, or a head very slowly, until the server has enough of it; how long that took.
async fn linger(address: &str, number: usize) -> Duration {
    let start = Instant::now();
    let mut wire = Wire::open(address).await;
    let sent = match number % 5 {
        0 => "",
        1 => "GET /ev",
        2 => "GET /events HTTP/1.1\r\nHost: x\r\n",
        3 => "GET /events HTTP/1.1\r\nHost: x\r\n\r",
        _ => "POST /events HTTP/1.1\r\nHost: x\r\n",
    };
    wire.send(sent).await;
    let dripping = number % 10 == 2;
    while dripping && start.elapsed() < LATEST {
        tokio::time::sleep(Duration::from_secs(1)).await;
        if wire.try_send("a").await.is_err() {
            return start.elapsed();
        }
    }
    let told = String::from_utf8(wire.until_closed().await).unwrap();
    assert!(told.is_empty() || told.starts_with("HTTP/1.1 408 "), "{told}");
    start.elapsed()
}

async fn half_heads_are_given_up_at_the_time_limit_and_hinder_nobody(lane: Lane) {
    let server = lane.server("").await;
    serves_others(&server).await;
    let (open, memory, computed) =
        (descriptors(server.pid()), resident_bytes(server.pid()), processor_time(server.pid()));
    let left = Arc::new(AtomicUsize::new(CLIENTS));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let (address, left) = (server.address().to_owned(), Arc::clone(&left));
            tokio::spawn(async move {
                let time = linger(&address, number).await;
                left.fetch_sub(1, Ordering::Relaxed);
                time
            })
        })
        .collect();
    let mut most = 0;
    while left.load(Ordering::Relaxed) > 0 {
        serves_others(&server).await;
        most = most.max(resident_bytes(server.pid()));
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    for (number, client) in clients.into_iter().enumerate() {
        let time = client.await.unwrap();
        assert!(time > HEAD_TIME, "client {number} was given up after {time:?}");
        assert!(time < LATEST, "client {number} was there for {time:?}");
    }
    gives_everything_back(&server, open).await;
    let growth = most.saturating_sub(memory);
    assert!(growth < 64 << 20, "the server grew by {} MiB", growth >> 20);
    // Half a head that waits must not be looked at over and over: that would be 30 s and more.
    let computed = processor_time(server.pid()) - computed;
    assert!(computed < Duration::from_secs(15), "it computed for {computed:?}");
    did_not_panic(&server);
}

on_both_lanes! { half_heads_are_given_up_at_the_time_limit_and_hinder_nobody }
