//! The lane of those who catch up: together they get so many bytes per second, so that a crowd that reconnects leaves
//! room for live traffic. Who comes first is served first.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Bytes that may be handed out at once after a pause, as time at the set rate.
const BURST: Duration = Duration::from_millis(50);

/// Gives out times at which to go on. Each reservation begins where the one before ends (a leaky bucket as a meter,
/// ITU-T I.371), which is fair without a queue.
#[derive(Debug)]
pub(crate) struct Pace {
    start: Instant,
    nanos_per_kib: u64,
    /// When all that was reserved is through, in nanoseconds from the start.
    through: AtomicU64,
}

impl Pace {
    /// So many bytes per second; 0: as many as come.
    pub(crate) fn new(bytes_per_second: u64) -> Self {
        let nanos_per_kib = 1_000_000_000_u64.saturating_mul(1024).checked_div(bytes_per_second).unwrap_or(0);
        Self { start: Instant::now(), nanos_per_kib, through: AtomicU64::new(0) }
    }

    /// Reserves room for some bytes: how long to wait after them, if at all.
    pub(crate) fn reserve(&self, bytes: usize) -> Option<Duration> {
        if self.nanos_per_kib == 0 {
            return None;
        }
        let now = u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.reserve_at(bytes, now)
    }

    fn reserve_at(&self, bytes: usize, now: u64) -> Option<Duration> {
        let cost = (bytes as u64).saturating_mul(self.nanos_per_kib) / 1024;
        let burst = u64::try_from(BURST.as_nanos()).unwrap_or(0);
        let reserve = |through: u64| Some(through.max(now.saturating_sub(burst)) + cost);
        let through = self.through.fetch_update(Ordering::Relaxed, Ordering::Relaxed, reserve).unwrap_or(now);
        let end = through.max(now.saturating_sub(burst)) + cost;
        (end > now).then(|| Duration::from_nanos(end - now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_together_gets_the_rate_and_a_short_burst() {
        let pace = Pace::new(1 << 20);
        let second = 1_000_000_000;
        // After a pause of 10 seconds, 50 ms of burst: 51 KiB at 1 MiB/s.
        let mut handed = 0;
        while pace.reserve_at(10 << 10, 10 * second).is_none() {
            handed += 10;
        }
        assert_eq!(handed, 50);
        let waits: Vec<Duration> = (0..100).filter_map(|_| pace.reserve_at(10 << 10, 10 * second)).collect();
        assert!(waits.is_sorted(), "first come, first served");
        let last = waits.last().unwrap().as_secs_f64();
        assert!((last - 0.98).abs() < 0.05, "1 MiB takes about a second, {last}");
    }

    #[test]
    fn without_a_rate_nobody_waits() {
        assert_eq!(Pace::new(0).reserve(1 << 30), None);
    }
}
