//! What tools cost: `tidemill-bench tools`. A call by MCP without a session against plain requests of the same host
//! ([`exchange`]), and what a publisher notices of 200 calls that go on and tell how far they are ([`crowd`]).

mod crowd;
mod exchange;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde::Serialize;

use crate::cases::Chain;
use crate::cpu;
use crate::hub::{self, Setup};
use crate::runner::{append, only_one, say, turns};
pub use crowd::Start;

use crowd::Crowd;
use exchange::{Exchange, call, get, publish};

/// Memory, so that disks say nothing; all calls at once.
const CONFIG: &str = "[log]\nstore = \"memory\"\n\n[limits]\ntool-concurrency = 256\n\n\
    [plugins.notification-server.grants]\npublish = [\"notification.*\"]\nfigures = true\n";

/// Between two events of the publisher that is looked at.
const PAUSE: Duration = Duration::from_millis(5);

/// What to run, and with what.
#[derive(Debug, Clone)]
pub struct Plan {
    /// How the host is started.
    pub setup: Setup,
    /// How often everything is measured.
    pub repetitions: usize,
    /// Requests of each kind.
    pub requests: usize,
    /// Calls that go on while events are published.
    pub calls: usize,
    /// How long events are published.
    pub duration: Duration,
    /// A file that gets one JSON line per figure.
    pub json: Option<PathBuf>,
}

/// What came of one load.
#[derive(Debug, Clone, Serialize)]
pub struct Record {
    /// What was asked for.
    pub what: String,
    /// The median, in microseconds.
    pub p50_us: f64,
    /// The 99th percentile, in microseconds.
    pub p99_us: f64,
}

/// Runs a plan.
///
/// # Errors
///
/// When the host does not start or answers otherwise than it should, or another bench runs.
pub fn run(plan: &Plan) -> Result<Vec<Record>> {
    let _lock = only_one()?;
    let mut records = Vec::new();
    for repetition in 0..plan.repetitions {
        say(&format!("tools: run {}", repetition + 1));
        let host = hub::host(&plan.setup, Chain::NotificationServer, CONFIG)?;
        cpu::pin(plan.setup.cores.as_ref().map_or(&[], |cores| &cores.generator))?;
        let requests = [
            ("GET /livez", get("/livez")),
            ("POST /events", publish()),
            ("tools/call of the host (`list_event_types`)", call("list_event_types")),
            ("tools/call of a plugin (`connection_status`)", call("connection_status")),
        ];
        for (what, request) in turns(&requests, repetition) {
            let mut exchange = Exchange::open(host.address)?;
            for _ in 0..plan.requests / 10 {
                exchange.send(&request)?;
            }
            let times: Result<Vec<f64>> = (0..plan.requests).map(|_| timed(&mut exchange, &request)).collect();
            records.push(record(what, times?));
        }
        let crowds = [(0, Start::Apart), (plan.calls, Start::Apart), (plan.calls, Start::Together)];
        for (calls, start) in turns(&crowds, repetition) {
            let crowd = Crowd::start(host.address, calls, start)?;
            let times = published(host.address, plan.duration)?;
            crowd.stop()?;
            records.push(record(&beside(calls, start), times));
        }
    }
    records.iter().try_for_each(|record| append(plan.json.as_deref(), record))?;
    Ok(records)
}

/// The name of a publisher beside so many calls.
#[must_use]
pub fn beside(calls: usize, start: Start) -> String {
    let how = match (calls, start) {
        (0, _) => "",
        (_, Start::Apart) => " that began apart",
        (_, Start::Together) => " in step",
    };
    format!("POST /events every {} ms, beside {calls} calls{how}", PAUSE.as_millis())
}

/// Publishes at a steady pace; what each event took.
fn published(address: SocketAddr, duration: Duration) -> Result<Vec<f64>> {
    let (mut exchange, request, end) = (Exchange::open(address)?, publish(), Instant::now() + duration);
    let (mut times, mut due) = (Vec::new(), Instant::now());
    while due < end {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        exchange.send(&request)?;
        // From when it was due: one that is late makes the next ones late.
        times.push(due.elapsed().as_secs_f64() * 1e6);
        due += PAUSE;
    }
    Ok(times)
}

fn timed(exchange: &mut Exchange, request: &[u8]) -> Result<f64> {
    let begin = Instant::now();
    exchange.send(request)?;
    Ok(begin.elapsed().as_secs_f64() * 1e6)
}

fn record(what: &str, mut times: Vec<f64>) -> Record {
    times.sort_by(f64::total_cmp);
    let at = |part: f64| times[((times.len() as f64 * part) as usize).min(times.len() - 1)];
    Record { what: what.to_owned(), p50_us: at(0.5), p99_us: at(0.99) }
}
