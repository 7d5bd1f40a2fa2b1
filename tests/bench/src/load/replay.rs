//! What catching up came to, as figures. Plain data; must not know hubs or print anything.

use serde::Serialize;

use super::progress::Progress;
use super::subscribers::Received;
use crate::clock::SECOND;

/// The figures of subscribers that caught up.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ReplayOutcome {
    /// Everybody got everything.
    pub complete: bool,
    /// Subscribers that got a stream.
    pub connected: u64,
    /// Subscribers that got none.
    pub failed: u64,
    /// Subscriptions that the server ended.
    pub disconnected: u64,
    /// Events that came for the first time.
    pub delivered: u64,
    /// Events that came again.
    pub duplicated: u64,
    /// Milliseconds from the first connection attempt until the first event was there.
    pub first_event_ms: f64,
    /// Seconds from the first connection attempt until the last event was there.
    pub seconds: f64,
    /// Events per second over that time.
    pub delivered_per_s: f64,
}

impl ReplayOutcome {
    pub(super) fn new(start: u64, complete: bool, progress: &Progress, received: &Received) -> Self {
        let seconds = progress.last_delivery().saturating_sub(start) as f64 / SECOND as f64;
        let first = received.first_ns.map_or(f64::NAN, |first| first.saturating_sub(start) as f64);
        Self {
            complete,
            connected: progress.connected(),
            failed: progress.failed(),
            disconnected: received.tallies.iter().filter(|tally| tally.closed).count() as u64,
            delivered: progress.delivered(),
            duplicated: received.tallies.iter().map(|tally| tally.duplicated).sum(),
            first_event_ms: first / 1e6,
            seconds,
            delivered_per_s: progress.delivered() as f64 / seconds.max(1e-9),
        }
    }
}
