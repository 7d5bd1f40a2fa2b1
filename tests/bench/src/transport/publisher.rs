//! Publishes over plain requests, no faster than subscribers get it. Must not know how they are connected.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use tokio::task::JoinSet;

use super::crowd::Crowd;
use crate::hub::Running;
use crate::payload::Payload;
use crate::wire::Wire;

/// Events that not every subscriber has yet.
const ON_THEIR_WAY: u64 = 64;

/// Connections, with one request at a time on each.
const PUBLISHERS: usize = 8;

/// Publishes for so long; how many events.
pub(super) async fn publish(host: &Running, payload: &Payload, crowd: &Arc<Crowd>, duration: Duration) -> Result<u64> {
    let body = payload.envelope()?;
    let request = format!(
        "POST /events HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        host.address,
        body.len()
    );
    let (published, end) = (Arc::new(AtomicU64::new(0)), Instant::now() + duration);
    let mut tasks = JoinSet::new();
    for _ in 0..PUBLISHERS {
        let (published, crowd, request) = (Arc::clone(&published), Arc::clone(crowd), request.clone());
        let (address, secure) = (host.address, host.secure.clone());
        tasks.spawn_blocking(move || {
            let mut wire = Wire::connect(address, secure.as_ref())?;
            while Instant::now() < end {
                if published.load(Ordering::Relaxed) >= crowd.least() + ON_THEIR_WAY {
                    std::thread::sleep(Duration::from_micros(200));
                    continue;
                }
                published.fetch_add(1, Ordering::Relaxed);
                send(&mut wire, request.as_bytes())?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(published.load(Ordering::Relaxed))
}

/// One request, and its answer, which is short.
fn send(wire: &mut Wire, request: &[u8]) -> Result<()> {
    use std::io::{Read as _, Write as _};
    wire.write_all(request)?;
    wire.flush()?;
    let mut answer = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let length = wire.read(&mut piece)?;
        ensure!(length > 0, "the host closed the connection");
        answer.extend_from_slice(&piece[..length]);
        if let Some(head) = memchr::memmem::find(&answer, b"\r\n\r\n") {
            ensure!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
            // The answer to one event is one JSON object.
            if answer.len() > head + 4 && answer.ends_with(b"}") {
                return Ok(());
            }
        }
    }
}
