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
const WHOLE: Duration = Duration::from_secs(SECONDS);
/// How far clients stand back for the publisher.
const NICENESS: i32 = 19;

/// When calls begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// One after the other, evenly over the time that a call takes.
    Apart,
    /// All at once: they report in step, which is the worst case.
    Together,
}

/// Clients that call.
pub(super) struct Crowd {
    over: Arc<AtomicBool>,
    clients: Vec<JoinHandle<Result<()>>>,
}

impl Crowd {
    /// Begins so many calls.
    pub(super) fn start(address: SocketAddr, calls: usize, start: Start) -> Result<Self> {
        let over = Arc::new(AtomicBool::new(false));
        let request = Arc::new(long_call(SECONDS, STEPS));
        let mut clients = Vec::with_capacity(calls);
        for index in 0..calls {
            let wait = if start == Start::Apart { WHOLE * index as u32 / calls as u32 } else { Duration::ZERO };
            let (over, request, mut exchange) = (Arc::clone(&over), Arc::clone(&request), Exchange::open(address)?);
            clients.push(thread::spawn(move || {
                step_back();
                thread::sleep(wait);
                while !over.load(Ordering::Relaxed) {
                    exchange.send(&request)?;
                }
                Ok(())
            }));
        }
        // Until all are under way.
        thread::sleep(WHOLE);
        Ok(Self { over, clients })
    }

    /// Waits for the end of those that go on. All of them must have been good.
    pub(super) fn stop(self) -> Result<()> {
        self.over.store(true, Ordering::Relaxed);
        let ended = self.clients.into_iter().map(|client| client.join().map_err(|_| anyhow!("a client panicked"))?);
        ended.collect()
    }
}

/// Lets the publisher go first on the cores that clients share with it: what it notices shall be the host's doing.
fn step_back() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICENESS);
}
