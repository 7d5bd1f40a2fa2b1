//! The case `reconnect`: everybody comes back at once with much to catch up, while somebody publishes to somebody else.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::Result;

use super::host::{EVENT_BYTES, Store, Subscribe, fill, start};
use super::{Bench, Sheet, Unit};
use crate::load::{self, LoadSpec, OTHERS, Pace, Subscription};
use crate::payload::Payload;

/// Catching up takes at most so long.
const LIMIT: Duration = Duration::from_secs(300);

/// Until the live load has its subscriber and its warm-up behind it.
const LIVE_START: Duration = Duration::from_millis(500);

pub(super) fn measure(bench: &Bench, sheet: &mut Sheet) -> Result<()> {
    let subscribe = Subscribe { ring_max: Some(&bench.ring_max), replay_rate: bench.replay_rate.as_deref() };
    let host = start(bench, Store::Fsync, subscribe)?;
    let live = LoadSpec {
        subscribers: 1,
        publishers: 1,
        pace: Pace::Rate(50.0),
        duration: bench.sizes.live,
        warmup_requests: 5,
        first: OTHERS,
        ..host.load(&Payload::ping_event(EVENT_BYTES)?, 1)?
    };
    let before = load::publish(&live)?;
    sheet.check("before", &before);

    let since = host.last_position()?;
    let missed = (bench.sizes.events / 100).next_multiple_of(100);
    fill(&host, missed)?;
    let crowd = LoadSpec {
        subscriptions: vec![Subscription::to(format!("/events?since={since}"))],
        subscribers: bench.sizes.subscribers,
        drain_quiet: Duration::from_secs(10),
        drain_limit: LIMIT,
        ..live.clone()
    };
    let stop = Arc::new(AtomicBool::new(false));
    let live = LoadSpec { duration: LIMIT, stop: Arc::clone(&stop), ..live };
    let (storm, during) = thread::scope(|scope| {
        let live = scope.spawn(|| load::publish(&live));
        thread::sleep(LIVE_START);
        let storm = load::replay(&crowd, missed);
        stop.store(true, Ordering::Relaxed);
        let during = live.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        anyhow::Ok((storm?, during?))
    })?;
    sheet.check_replay("reconnected", &storm);
    sheet.check("during", &during);

    sheet.add("until all are live", Unit::Seconds, storm.seconds);
    sheet.add("caught up, all together", Unit::PerSecond, storm.delivered_per_s);
    for (name, load) in [("before", &before), ("during", &during)] {
        sheet.add(&format!("live {name}, p50"), Unit::Milliseconds, load.latency_ms.p50);
        sheet.add(&format!("live {name}, p99"), Unit::Milliseconds, load.latency_ms.p99);
    }
    sheet.add("live, p99 during ÷ before", Unit::Times, during.latency_ms.p99 / before.latency_ms.p99);
    sheet.add("server memory, peak", Unit::Megabytes, during.server_peak_bytes as f64 / 1e6);
    Ok(())
}
