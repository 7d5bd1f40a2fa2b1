//! The same fan-out over each transport that the host speaks: `tidemill-bench transport`. Subscribers are tasks with hyper's
//! client whatever the transport, so that only what the host spends differs.
//!
//! Reading order: [`run`] (in which order), [`crowd`] (subscribers), [`publisher`] (what they get, and how fast).

mod crowd;
mod publisher;

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use clap::ValueEnum;
use serde::Serialize;

use crate::cases::Chain;
use crate::cpu::{self, Cores};
use crate::hub::{self, Running, Setup};
use crate::payload::Payload;
use crate::process::ProcessTree;
use crate::runner::{REST, connections, only_one, say, turns};
use crowd::Crowd;

/// Bytes of an event's data.
const BYTES: usize = 200;

/// The longest wait for the last deliveries.
const DRAIN: Duration = Duration::from_secs(15);

/// How streams are carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Transport {
    /// HTTP/1.1, what others are compared with.
    Http1,
    /// HTTP/1.1 over TLS.
    Http1Tls,
    /// HTTP/2 over TLS, a connection for each stream, as if each were another browser.
    Http2Tls,
    /// HTTP/2 over TLS, a hundred streams on each connection, as if a gateway were in between.
    Http2TlsShared,
}

/// What to run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The transports; the first is what others are compared with.
    pub transports: Vec<Transport>,
    /// Streams.
    pub subscribers: usize,
    /// How long events are published.
    pub duration: Duration,
    /// How often everything is measured.
    pub repetitions: usize,
}

/// What one run came to.
#[derive(Debug, Clone, Serialize)]
pub struct Record {
    /// How streams were carried.
    pub transport: Transport,
    /// Deliveries per second.
    pub delivered_per_s: f64,
    /// The host's processor time for each delivery, in microseconds.
    pub server_us_per_delivery: f64,
    /// Cores that the host kept busy.
    pub server_cores: f64,
    /// Deliveries that did not come.
    pub missing: u64,
}

impl Transport {
    /// Its name in the report.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Http1 => "HTTP/1.1",
            Self::Http1Tls => "HTTP/1.1 + TLS",
            Self::Http2Tls => "HTTP/2 + TLS",
            Self::Http2TlsShared => "HTTP/2 + TLS, 100 streams each",
        }
    }

    const fn is_secure(self) -> bool {
        !matches!(self, Self::Http1)
    }

    const fn is_http2(self) -> bool {
        matches!(self, Self::Http2Tls | Self::Http2TlsShared)
    }

    /// Streams on one connection.
    const fn streams(self) -> usize {
        match self {
            Self::Http1 | Self::Http1Tls | Self::Http2Tls => 1,
            Self::Http2TlsShared => 100,
        }
    }
}

/// Runs a plan; every run's record, in order.
///
/// # Errors
///
/// When the host does not start or subscribers cannot connect.
pub fn run(plan: &Plan, setup: &Setup) -> Result<Vec<Record>> {
    let _lock = only_one()?;
    let cores = Cores::split(&cpu::allowed(), 1);
    let mut records = Vec::new();
    for repetition in 0..plan.repetitions {
        for transport in turns(&plan.transports, repetition) {
            let record = measure(transport, plan, setup, cores.clone())
                .with_context(|| format!("measuring {}", transport.name()))?;
            let (rate, cost) = (record.delivered_per_s, record.server_us_per_delivery);
            say(&format!("#{} {}: {rate:.0} deliveries/s, {cost:.2} µs each", repetition + 1, transport.name()));
            records.push(record);
        }
    }
    Ok(records)
}

fn measure(transport: Transport, plan: &Plan, setup: &Setup, cores: Option<Cores>) -> Result<Record> {
    cpu::pin(cores.as_ref().map_or(&[][..], |cores| &cores.generator))?;
    let setup = Setup { cores, tls: transport.is_secure(), ..setup.clone() };
    let host = hub::host(&setup, setup.chain.unwrap_or(Chain::None), "[subscribe]\nconnections-max = 65000\n")?;
    thread::sleep(REST);
    // Its threads stay on the generator's cores, as this one does.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let subscribers = connections(&setup, plan.subscribers);
    runtime.block_on(fan_out(transport, &host, subscribers, plan.duration))
}

async fn fan_out(transport: Transport, host: &Running, subscribers: usize, duration: Duration) -> Result<Record> {
    let crowd = Arc::new(Crowd::connect(transport, host, subscribers).await?);
    let server = ProcessTree::of(host.process());
    let (before, began) = (server.usage(), Instant::now());
    let published = publisher::publish(host, &Payload::ping(BYTES), &crowd, duration).await?;
    let wanted = published * subscribers as u64;
    while crowd.delivered() < wanted && began.elapsed() < duration + DRAIN {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let (elapsed, used) = (began.elapsed().as_secs_f64(), server.usage().since(&before).cpu_s());
    let delivered = crowd.delivered();
    Ok(Record {
        transport,
        delivered_per_s: delivered as f64 / elapsed,
        server_us_per_delivery: used * 1e6 / delivered.max(1) as f64,
        server_cores: used / elapsed,
        missing: wanted.saturating_sub(delivered),
    })
}
