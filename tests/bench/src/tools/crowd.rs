//! Clients whose calls go on: each makes the next one when the one before has ended.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Result, anyhow};

use super::exchange::{Exchange, long_call};

/// How long a call takes, and in how many steps.
const SECONDS: u64 = 2;
const STEPS: u64 = 10;
/// Until all calls are under way.
const SETTLED: Duration = Duration::from_secs(2);

/// Clients that call.
pub(super) struct Crowd {
    over: Arc<AtomicBool>,
    clients: Vec<JoinHandle<Result<()>>>,
}

impl Crowd {
    /// Begins so many calls.
    pub(super) fn start(address: SocketAddr, calls: usize) -> Result<Self> {
        let over = Arc::new(AtomicBool::new(false));
        let request = Arc::new(long_call(SECONDS, STEPS));
        let mut clients = Vec::with_capacity(calls);
        for _ in 0..calls {
            let (over, request, mut exchange) = (Arc::clone(&over), Arc::clone(&request), Exchange::open(address)?);
            clients.push(thread::spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    exchange.send(&request)?;
                }
                Ok(())
            }));
        }
        thread::sleep(SETTLED);
        Ok(Self { over, clients })
    }

    /// Waits for the end of those that go on. All of them must have been good.
    pub(super) fn stop(self) -> Result<()> {
        self.over.store(true, Ordering::Relaxed);
        let ended = self.clients.into_iter().map(|client| client.join().map_err(|_| anyhow!("a client panicked"))?);
        ended.collect()
    }
}
