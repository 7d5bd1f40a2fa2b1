//! What one plugin did since the host started, over all its versions and workers, as numbers that anybody may read at
//! any time. Must not know what they are shown with.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use crate::{FaultKind, HttpFigures, Meter, Verdict};

/// Upper bounds of the buckets: 1 µs, and on by factors of two up to 16.8 s.
const BUCKETS: usize = 25;

/// The figures of one plugin. Counters only grow.
#[derive(Debug, Default)]
pub struct Figures {
    /// Calls with a batch, probes and repetitions included.
    pub calls: AtomicU64,
    /// Events that it was asked about.
    pub events_in: AtomicU64,
    /// Events that went on after it, those that it made included.
    pub events_out: AtomicU64,
    /// Events that it dropped.
    pub dropped: AtomicU64,
    /// Events that it refused.
    pub rejected: AtomicU64,
    /// Events that it wanted to see again later.
    pub retried: AtomicU64,
    /// Events on which it failed, and subscribers that it failed to classify, in the order of [`FaultKind::ALL`].
    pub faults: [AtomicU64; FaultKind::ALL.len()],
    /// Events that it published beside those that passed through it.
    pub published: AtomicU64,
    /// Those that it wanted to publish and could not.
    pub unpublished: AtomicU64,
    /// Events that did not reach it because it was out.
    pub passed_over: AtomicU64,
    /// How often it was taken out.
    pub opened: AtomicU64,
    /// Instances that were made in place of one that had served its time or grown too large.
    pub recycled: AtomicU64,
    /// Instances at this moment.
    pub instances: AtomicI64,
    /// Bytes of linear memory of all instances at this moment.
    pub memory: AtomicI64,
    /// Requests that it sent, by outcome.
    pub http: HttpFigures,
    /// What it counts itself.
    pub own: Meter,
    /// Time of calls.
    pub call_time: Histogram,
    /// The same for each event of a call.
    pub event_time: Histogram,
    /// Calls by clients (tools, prompts, resources), in the order of [`CallEnd::ALL`].
    pub client_calls: [AtomicU64; CallEnd::ALL.len()],
    /// Those that go on at this moment.
    pub client_calls_running: AtomicI64,
    /// Their time, waiting included, for a turn not.
    pub client_call_time: Histogram,
}

/// How calls by clients end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallEnd {
    /// With a result.
    Complete,
    /// With a result that is an error, wrong arguments among them.
    Error,
    /// With a question to the client's side.
    InputRequired,
    /// The plugin failed, or could not do it.
    Failed,
    /// Nobody waited for it any more.
    Cancelled,
    /// It did not get a turn.
    Busy,
}

impl CallEnd {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Complete, Self::Error, Self::InputRequired, Self::Failed, Self::Cancelled, Self::Busy];

    /// The name used in answers and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Error => "error",
            Self::InputRequired => "input-required",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Busy => "busy",
        }
    }
}

/// A call by a client, as long as it goes on.
pub(crate) struct ClientCallRuns<'a>(&'a Figures);

impl Drop for ClientCallRuns<'_> {
    fn drop(&mut self) {
        self.0.client_calls_running.fetch_sub(1, Relaxed);
    }
}

/// How often something took how long.
#[derive(Debug, Default)]
pub struct Histogram {
    buckets: [AtomicU64; BUCKETS],
    sum_ns: AtomicU64,
}

/// A histogram at one moment.
#[derive(Debug, Clone)]
pub struct Distribution {
    /// Upper bound of each bucket in seconds, and how many are in it; the last bound is infinite.
    pub buckets: Vec<(f64, u64)>,
    /// All together, in seconds.
    pub sum: f64,
    /// How many.
    pub count: u64,
}

impl Figures {
    /// Notes one call.
    pub(crate) fn note_call(&self, took: Duration, events: usize) {
        self.calls.fetch_add(1, Relaxed);
        self.call_time.note(took, 1);
        self.event_time.note(took / u32::try_from(events).unwrap_or(u32::MAX).max(1), events as u64);
    }

    /// Notes what was decided about events.
    pub(crate) fn note_verdicts(&self, verdicts: &[Verdict]) {
        self.events_in.fetch_add(verdicts.len() as u64, Relaxed);
        let (mut out, mut dropped, mut rejected, mut retried) = (0, 0, 0, 0);
        for verdict in verdicts {
            match verdict {
                Verdict::Keep => out += 1,
                Verdict::Emit(changes) => out += changes.len() as u64,
                Verdict::Drop => dropped += 1,
                Verdict::Reject(_) => rejected += 1,
                Verdict::Retry(_) | Verdict::Later(_) => retried += 1,
                Verdict::Fault(fault) => {
                    self.faults[fault.kind as usize].fetch_add(1, Relaxed);
                }
            }
        }
        for (counter, count) in
            [(&self.events_out, out), (&self.dropped, dropped), (&self.rejected, rejected), (&self.retried, retried)]
        {
            if count > 0 {
                counter.fetch_add(count, Relaxed);
            }
        }
    }

    /// Notes a failure on what is no event.
    pub(crate) fn note_fault(&self, kind: FaultKind) {
        self.faults[kind as usize].fetch_add(1, Relaxed);
    }

    pub(crate) fn note_passed_over(&self, events: usize) {
        self.passed_over.fetch_add(events as u64, Relaxed);
    }

    pub(crate) fn note_published(&self, events: usize) {
        self.published.fetch_add(events as u64, Relaxed);
    }

    pub(crate) fn note_unpublished(&self, events: usize) {
        self.unpublished.fetch_add(events as u64, Relaxed);
    }

    pub(crate) fn note_recycled(&self) {
        self.recycled.fetch_add(1, Relaxed);
    }

    pub(crate) fn note_client_call(&self, end: CallEnd) {
        self.client_calls[end as usize].fetch_add(1, Relaxed);
    }

    pub(crate) fn note_client_time(&self, took: Duration) {
        self.client_call_time.note(took, 1);
    }

    pub(crate) fn client_call_runs(&self) -> ClientCallRuns<'_> {
        self.client_calls_running.fetch_add(1, Relaxed);
        ClientCallRuns(self)
    }

    /// Calls by clients, by how they ended.
    pub fn client_calls(&self) -> impl Iterator<Item = (CallEnd, u64)> {
        CallEnd::ALL.into_iter().zip(self.client_calls.iter().map(|count| count.load(Relaxed)))
    }

    pub(crate) fn note_opened(&self) {
        self.opened.fetch_add(1, Relaxed);
    }

    /// Events on which it failed, by kind.
    pub fn faults(&self) -> impl Iterator<Item = (FaultKind, u64)> {
        FaultKind::ALL.into_iter().zip(self.faults.iter().map(|count| count.load(Relaxed)))
    }
}

impl Histogram {
    fn note(&self, took: Duration, times: u64) {
        let ns = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        // The bucket whose bound is the first power of two of microseconds that is not below.
        let bucket = ns.div_ceil(1_000).max(1).next_power_of_two().trailing_zeros() as usize;
        self.buckets[bucket.min(BUCKETS - 1)].fetch_add(times, Relaxed);
        self.sum_ns.fetch_add(ns.saturating_mul(times), Relaxed);
    }

    /// What it holds now.
    pub fn read(&self) -> Distribution {
        let bound = |bucket: usize| match bucket {
            bucket if bucket + 1 == BUCKETS => f64::INFINITY,
            bucket => (1_u64 << bucket) as f64 / 1e6,
        };
        let buckets: Vec<_> =
            self.buckets.iter().enumerate().map(|(bucket, count)| (bound(bucket), count.load(Relaxed))).collect();
        let count = buckets.iter().map(|(_, count)| count).sum();
        Distribution { buckets, sum: self.sum_ns.load(Relaxed) as f64 / 1e9, count }
    }
}

impl Distribution {
    /// The bound below which this share of all is, in seconds: never less than the true value, and less than twice it.
    /// None when there are none.
    pub fn quantile(&self, share: f64) -> Option<f64> {
        let wanted = share * self.count as f64;
        let mut seen = 0;
        let found = self.buckets.iter().find(|(_, count)| {
            seen += count;
            *count > 0 && seen as f64 >= wanted
        });
        found.map(|(bound, _)| *bound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Fault;

    #[test]
    fn verdicts_are_counted_by_what_becomes_of_events() {
        let figures = Figures::default();
        let change = tidemill_event::Change::default();
        let fault = Fault::new(FaultKind::Memory, "");
        let verdicts = [
            Verdict::Keep,
            Verdict::Emit(vec![change.clone(), change]),
            Verdict::Drop,
            Verdict::Reject(vec![]),
            Verdict::Retry(String::new()),
            Verdict::Fault(fault),
        ];
        figures.note_call(Duration::from_micros(60), 6);
        figures.note_verdicts(&verdicts);
        let counts = [&figures.calls, &figures.events_in, &figures.events_out, &figures.dropped, &figures.rejected];
        assert_eq!(counts.map(|count| count.load(Relaxed)), [1, 6, 3, 1, 1]);
        assert!(figures.faults().all(|(kind, count)| count == u64::from(kind == FaultKind::Memory)));
        assert_eq!((figures.event_time.read().count, figures.call_time.read().count), (6, 1));
        assert_eq!(figures.event_time.read().quantile(0.5), Some(16e-6));
    }

    #[test]
    fn quantiles_are_bounds_that_are_not_exceeded() {
        let histogram = Histogram::default();
        assert_eq!(histogram.read().quantile(0.5), None);
        for (micros, times) in [(1, 90), (100, 9), (5_000, 1)] {
            histogram.note(Duration::from_micros(micros), times);
        }
        let read = histogram.read();
        assert_eq!([0.5, 0.95, 1.0].map(|share| read.quantile(share)), [Some(1e-6), Some(128e-6), Some(8_192e-6)]);
        assert!((read.sum - 0.00599).abs() < 1e-9);
        histogram.note(Duration::from_secs(100), 1);
        assert_eq!(histogram.read().quantile(1.0), Some(f64::INFINITY));
    }
}
