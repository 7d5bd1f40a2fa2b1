//! Many subscribers at once: idle ones, as many as there are descriptors for, those that come and go, those that a stop
//! sends home. cargo-nextest runs one of these at a time (`.config/nextest.toml`).

mod drain;
mod full_house;
mod half_heads;
mod storm;
mod views;

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Mutex, MutexGuard};

use crate::support::{PATIENCE, Server, eventually, resident_bytes};

/// One at a time where all tests share a process, as with `cargo test`.
async fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::const_new(());
    ONE.lock().await
}

/// Descriptors that this process may have, and a server that it starts, less what they need for other things.
fn room() -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum }).unwrap();
    limit.maximum.map_or(usize::MAX, |most| usize::try_from(most).unwrap()).saturating_sub(500)
}

/// At most what a test is about.
fn crowd() -> usize {
    room().min(10_000)
}

/// How many streams are open.
async fn subscribers(server: &Server) -> u64 {
    server.get("/readyz").await.1["subscribers"].as_u64().unwrap()
}

/// Waits until the server has given back everything: no streams, no more descriptors than before.
async fn gives_everything_back(server: &Server, descriptors: usize) {
    eventually("all streams are over", async || subscribers(server).await == 0).await;
    let open = async || crate::support::descriptors(server.pid());
    eventually("their descriptors are free", async || open().await <= descriptors).await;
}

async fn read_until(stream: &mut TcpStream, seen: &mut String, what: &str) {
    let mut buffer = [0; 2048];
    while !seen.contains(what) {
        let read = tokio::time::timeout(PATIENCE, stream.read(&mut buffer)).await;
        let count = read.unwrap_or_else(|_| panic!("{what:?} does not come: {seen:?}")).unwrap();
        assert_ne!(count, 0, "the stream ended: {seen:?}");
        seen.push_str(std::str::from_utf8(&buffer[..count]).unwrap());
    }
}

/// Invariant I4: whoever only listens costs little, hinders nobody, and is there when something happens.
#[tokio::test]
async fn i4_ten_thousand_idle_subscribers_get_the_next_event() {
    let _alone = alone().await;
    let crowd = crowd();
    let server = Server::start("[subscribe]\nheartbeat = \"5m\"\n", &[]).await;
    let before = resident_bytes(server.pid());
    let mut streams = Vec::with_capacity(crowd);
    for number in 0..crowd {
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        // Every hundredth wants what comes; the others want what never does.
        let types = if number % 100 == 0 { "news" } else { "never" };
        let request = format!("GET /events?types={types} HTTP/1.1\r\nhost: x\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        streams.push((stream, String::new()));
    }
    for (stream, seen) in &mut streams {
        read_until(stream, seen, "id: ").await;
    }
    let (_, stats) = server.get("/events/stats").await;
    assert_eq!(stats["subscribers"]["count"], crowd);
    // Twice what docs/benchmarks.md says of an optimised build.
    let each = resident_bytes(server.pid()).saturating_sub(before) / crowd as u64;
    assert!(each < 48 << 10, "{each} bytes for each subscriber");
    for n in 0..20 {
        assert_eq!(server.publish("news", json!(n)).await.0, 200);
    }
    for (number, (stream, seen)) in streams.iter_mut().enumerate() {
        if number % 100 == 0 {
            read_until(stream, seen, "data: 19\n").await;
        } else {
            let silent = tokio::time::timeout(Duration::ZERO, stream.readable()).await;
            assert!(silent.is_err(), "subscriber {number} was sent something");
        }
    }
}
