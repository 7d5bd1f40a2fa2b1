//! What a view said of a run of events, and the latest of that, for all views.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::sync::Cache;
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};

use crate::limits::JUDGEMENTS_BYTES_MAX;

/// What one class sees of a run of events. About those outside of it nothing is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Judgement {
    /// The run begins after this sequence.
    after: u64,
    /// And ends with this one.
    pub(crate) to: u64,
    /// What is seen, in order.
    seen: Box<[u64]>,
}

impl Judgement {
    pub(crate) fn new(after: u64, to: u64, seen: Vec<u64>) -> Self {
        Self { after, to, seen: seen.into() }
    }

    /// One of runs that follow each other, beginning with what comes after a sequence.
    pub(super) fn join(after: u64, runs: &[Arc<Self>]) -> Option<Self> {
        let (first, last) = (runs.first()?, runs.last()?);
        let seen = runs.iter().flat_map(|run| &run.seen).copied().collect();
        Some(Self { after: after.min(first.after), to: last.to, seen })
    }

    /// Whether it says something of an event.
    pub(crate) const fn covers(&self, sequence: u64) -> bool {
        self.after < sequence && sequence <= self.to
    }

    /// Whether an event is seen; not if nothing is said of it.
    pub(crate) fn shows(&self, sequence: u64) -> bool {
        self.seen.binary_search(&sequence).is_ok()
    }
}

/// A class of one judge, and the first sequence of a run.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Place {
    judge: u64,
    class: Arc<str>,
    first: u64,
}

#[derive(Debug, Clone)]
struct ByBytes;

impl Weighter<Place, Arc<Judgement>> for ByBytes {
    fn weight(&self, place: &Place, judgement: &Arc<Judgement>) -> u64 {
        // The class may be kept by nothing else any more.
        (place.class.len() + 8 * judgement.seen.len()) as u64 + 160
    }
}

/// The latest judgements. One that is gone is made again.
pub(crate) struct Judgements {
    runs: Cache<Place, Arc<Judgement>, ByBytes>,
    judges: AtomicU64,
}

impl Judgements {
    pub(crate) fn new() -> Self {
        // Few shards: each bounds its own part.
        let mut bounds = OptionsBuilder::new();
        bounds.weight_capacity(JUDGEMENTS_BYTES_MAX).estimated_items_capacity(16 << 10).shards(4);
        // Fails only if one of these two is missing.
        let bounds = bounds.build().unwrap_or_else(|_| unreachable!("both bounds are given"));
        let runs = Cache::with_options(bounds, ByBytes, DefaultHashBuilder::default(), Default::default());
        Self { runs, judges: AtomicU64::new(0) }
    }

    /// A number for a judge. None is given out twice: judgements are kept by it, and may outlive their judge.
    pub(crate) fn number(&self) -> u64 {
        self.judges.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn find(&self, judge: u64, class: &Arc<str>, first: u64) -> Option<Arc<Judgement>> {
        self.runs.get(&Place { judge, class: Arc::clone(class), first })
    }

    pub(super) fn keep(&self, judge: u64, class: &Arc<str>, first: u64, judgement: Arc<Judgement>) {
        self.runs.insert(Place { judge, class: Arc::clone(class), first }, judgement);
    }
}
