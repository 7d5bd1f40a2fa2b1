//! What a load came to, as figures: completeness, rates, latencies, the server's use of the machine.
//! Plain data with the counting that makes it; must not know hubs or print anything.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use serde::Serialize;

use super::progress::Progress;
use super::published::Published;
use super::spec::LoadSpec;
use super::subscribers::Received;
use crate::clock::SECOND;
use crate::process::Usage;

/// The figures of a load that published.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Outcome {
    /// Subscribers asked for.
    pub subscribers: usize,
    /// Threads that read them.
    pub readers: usize,
    /// Subscribers that got a stream.
    pub connected: u64,
    /// Subscribers that got none.
    pub failed: u64,
    /// The status with which the first of them was refused, if any answered.
    pub refused_with: Option<u16>,
    /// Every subscriber had all warm-up events before the measured part began.
    pub warm: bool,
    /// Events sent in the measured part.
    pub sent: u64,
    /// Events the server acknowledged.
    pub acknowledged: u64,
    /// Events answered with an error, or not at all.
    pub errors: u64,
    /// The first error, as the server put it.
    pub first_error: Option<String>,
    /// The first good answer, as the server put it.
    pub first_answer: Option<String>,
    /// Connections opened anew after the server closed them.
    pub reconnects: u64,
    /// Acknowledged events per second of publishing.
    pub published_per_s: f64,
    /// Deliveries, without duplicates.
    pub delivered: u64,
    /// Deliveries per second, until the last one.
    pub delivered_per_s: f64,
    /// Everything acknowledged arrived at every subscriber.
    pub complete: bool,
    /// Deliveries of acknowledged events that never came.
    pub missing: u64,
    /// Deliveries that came again.
    pub duplicated: u64,
    /// Deliveries that came after one with a higher number.
    pub out_of_order: u64,
    /// Deliveries to subscribers that did not ask for them.
    pub unwanted: u64,
    /// Deliveries of events that were never acknowledged.
    pub unacknowledged: u64,
    /// Different orders in which complete subscribers saw the events; 1 when all agree.
    pub distinct_orders: usize,
    /// Subscriptions that the server ended.
    pub disconnected: u64,
    /// How often the window gave up on missing deliveries.
    pub stalls: u64,
    /// Comment lines seen.
    pub comments: u64,
    /// Events without a marker seen.
    pub other_events: u64,
    /// Milliseconds from when an event was due until a subscriber had it.
    pub latency_ms: Quantiles,
    /// Milliseconds from sending a request to its answer.
    pub answer_ms: Quantiles,
    /// Processor seconds of the server in user mode.
    pub server_user_s: f64,
    /// Processor seconds of the server in the kernel.
    pub server_system_s: f64,
    /// Cores the server kept busy.
    pub server_cores: f64,
    /// Processor microseconds of the server per delivery.
    pub server_us_per_delivery: f64,
    /// Processor microseconds of the server per acknowledged event.
    pub server_us_per_event: f64,
    /// Processor seconds by thread name.
    pub server_threads_s: BTreeMap<String, f64>,
    /// The highest resident memory of the server so far.
    pub server_peak_bytes: u64,
    /// What its resident memory at the highest was above that before its subscribers connected.
    pub server_growth_bytes: u64,
    /// Cores the generator itself kept busy: near one for each reader, it is the generator that limits.
    pub generator_cores: f64,
    /// Cores that everything else on this machine kept busy: above 0, the figures are disturbed.
    pub other_cores: f64,
}

/// Points of a distribution.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Quantiles {
    /// The median.
    pub p50: f64,
    /// Nine of ten are below.
    pub p90: f64,
    /// 99 of 100 are below.
    pub p99: f64,
    /// 999 of 1,000 are below.
    pub p999: f64,
    /// The largest.
    pub max: f64,
}

/// The figures of connections that were only held.
#[derive(Debug, Clone, Default, Serialize)]
pub struct IdleOutcome {
    /// Subscribers that got a stream.
    pub connected: u64,
    /// Subscribers that got none.
    pub failed: u64,
    /// Subscriptions that the server ended.
    pub disconnected: u64,
    /// Connections made per second.
    pub connected_per_s: f64,
    /// Resident memory of the server with all connections.
    pub resident_bytes: u64,
    /// Resident memory that the connections added, for each.
    pub resident_bytes_per_connection: f64,
    /// Cores the server kept busy while nothing happened.
    pub idle_cores: f64,
    /// Comment lines seen.
    pub comments: u64,
}

/// What was measured around a load.
#[derive(Debug)]
pub(super) struct Measured {
    pub(super) warm: bool,
    pub(super) drained: bool,
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) server: Usage,
    /// Resident memory of the server before its subscribers connected.
    pub(super) resident_before: u64,
    pub(super) own_cpu: Duration,
    /// Core seconds of the whole machine, and the time they were counted over.
    pub(super) busy_s: f64,
    pub(super) wall: Duration,
}

impl Outcome {
    pub(super) fn new(
        spec: &LoadSpec,
        progress: &Progress,
        measured: &Measured,
        published: &Published,
        received: &Received,
    ) -> Self {
        let seconds = (measured.end - measured.start) as f64 / SECOND as f64;
        let cpu_us = measured.server.cpu_s() * 1e6;
        let others = measured.busy_s - measured.server.cpu_s() - measured.own_cpu.as_secs_f64();
        let sum = |figure: fn(&super::tally::Tally) -> u64| received.tallies.iter().map(figure).sum::<u64>();
        let missing_from = |tally: &super::tally::Tally| published.numbers.minus(&tally.received);
        let delivered = sum(|tally| tally.count);
        let listeners = || received.tallies.iter().filter(|tally| tally.wants);
        let missing = listeners().map(missing_from).sum();
        let complete = listeners().filter(|tally| missing_from(tally) == 0);
        Self {
            subscribers: spec.subscribers,
            readers: spec.readers,
            connected: progress.connected(),
            failed: progress.failed(),
            refused_with: received.refused_with,
            warm: measured.warm,
            sent: published.sent,
            acknowledged: published.acknowledged,
            errors: published.errors,
            first_error: published.first_error.clone(),
            first_answer: published.first_answer.clone(),
            reconnects: published.reconnects,
            published_per_s: published.acknowledged as f64 / published.seconds,
            delivered,
            delivered_per_s: delivered as f64 / seconds,
            complete: measured.drained && missing == 0,
            missing,
            duplicated: sum(|tally| tally.duplicated),
            out_of_order: sum(|tally| tally.out_of_order),
            unwanted: sum(|tally| tally.unwanted),
            unacknowledged: received.tallies.iter().map(|tally| tally.received.minus(&published.numbers)).sum(),
            distinct_orders: complete.map(|tally| tally.order).collect::<HashSet<_>>().len(),
            disconnected: sum(|tally| u64::from(tally.closed)),
            stalls: published.stalls,
            comments: received.comments,
            other_events: received.other_events,
            latency_ms: Quantiles::of(&received.latency),
            answer_ms: Quantiles::of(&published.answer_time),
            server_user_s: measured.server.user_s,
            server_system_s: measured.server.system_s,
            server_cores: measured.server.cpu_s() / seconds,
            server_us_per_delivery: cpu_us / delivered.max(1) as f64,
            server_us_per_event: cpu_us / published.acknowledged.max(1) as f64,
            server_threads_s: measured.server.threads.clone(),
            server_peak_bytes: measured.server.peak_resident_bytes,
            server_growth_bytes: measured.server.peak_resident_bytes.saturating_sub(measured.resident_before),
            generator_cores: measured.own_cpu.as_secs_f64() / seconds,
            other_cores: (others / measured.wall.as_secs_f64()).max(0.0),
        }
    }

    /// How much was wrong; 0 when everything went as it should.
    #[must_use]
    pub fn wrong(&self) -> u64 {
        self.wrongs().iter().map(|(count, _)| count).sum()
    }

    fn wrongs(&self) -> [(u64, &'static str); 8] {
        [
            (self.failed, "subscriptions refused"),
            (self.missing, "missing"),
            (self.duplicated, "duplicated"),
            (self.errors, "errors"),
            (self.disconnected, "disconnected"),
            (self.unwanted, "came unasked"),
            (self.distinct_orders.saturating_sub(1) as u64, "other orders"),
            (u64::from(!self.warm), "warm-up incomplete"),
        ]
    }

    /// Everything that was wrong, in words.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let mut faults: Vec<_> = self
            .wrongs()
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        if let Some(error) = &self.first_error {
            faults.push(format!("the first error: {error:?}"));
        } else if self.missing > 0 {
            faults.push(format!("an answer: {:?}", self.first_answer.as_deref().unwrap_or("none")));
        }
        faults
    }
}

impl Quantiles {
    fn of(histogram: &super::histogram::Histogram) -> Self {
        let milliseconds = |nanoseconds: u64| nanoseconds as f64 / 1e6;
        let at = |share| milliseconds(histogram.quantile(share));
        Self { p50: at(0.5), p90: at(0.9), p99: at(0.99), p999: at(0.999), max: milliseconds(histogram.largest()) }
    }
}

impl IdleOutcome {
    /// `samples` are the server's use before the connections, with them, and after holding them.
    pub(super) fn new(
        progress: &Progress,
        connecting: Duration,
        held: Duration,
        samples: [&Usage; 3],
        received: &Received,
    ) -> Self {
        let [before, idle, after] = samples;
        let connected = progress.connected();
        let added = after.resident_bytes.saturating_sub(before.resident_bytes);
        Self {
            connected,
            failed: progress.failed(),
            disconnected: received.tallies.iter().filter(|tally| tally.closed).count() as u64,
            connected_per_s: connected as f64 / connecting.as_secs_f64(),
            resident_bytes: after.resident_bytes,
            resident_bytes_per_connection: added as f64 / connected.max(1) as f64,
            idle_cores: after.since(idle).cpu_s() / held.as_secs_f64(),
            comments: received.comments,
        }
    }
}
