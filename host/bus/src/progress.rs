//! How far a subscriber got, for others to look at while it is served.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwapOption;

use crate::{Cursor, Delivery, Skip};

/// How far a subscriber got. Written while its cursor is asked, read by anybody. Small, as there are many.
#[derive(Debug)]
pub struct Progress {
    /// Where it stands, times two, and one if it ever had everything: no log gives out 2⁶³ sequences.
    place: AtomicU64,
    events: AtomicU64,
    bytes: AtomicU64,
    /// By reason. Most subscribers miss nothing.
    skipped: ArcSwapOption<[AtomicU64; Skip::ALL.len()]>,
}

impl Progress {
    /// The progress of a cursor that was not asked yet.
    pub fn of(cursor: &Cursor) -> Self {
        Self {
            place: AtomicU64::new(cursor.stood() << 1),
            events: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            skipped: ArcSwapOption::empty(),
        }
    }

    /// The sequence up to which everything was handed over or is not wanted.
    pub fn after(&self) -> u64 {
        self.place.load(Ordering::Relaxed) >> 1
    }

    /// Events handed over.
    pub fn events(&self) -> u64 {
        self.events.load(Ordering::Relaxed)
    }

    /// Bytes of their frames.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Whether it ever had everything there was.
    pub fn was_live(&self) -> bool {
        self.place.load(Ordering::Relaxed) & 1 == 1
    }

    /// Events that were skipped for a reason. For a gap of unknown length, one.
    pub fn skipped(&self, reason: Skip) -> u64 {
        self.skipped.load().as_ref().map_or(0, |skipped| skipped[reason as usize].load(Ordering::Relaxed))
    }

    /// Where the cursor stands now.
    pub(crate) fn stand(&self, after: u64, live: bool) {
        self.place.store(after << 1 | u64::from(live), Ordering::Relaxed);
    }

    /// What it was handed.
    pub(crate) fn count(&self, delivery: &Delivery) {
        match delivery {
            Delivery::Frames { bytes, events, left_out, .. } => {
                self.events.fetch_add(*events, Ordering::Relaxed);
                self.bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
                if let Some((reason, left_out)) = left_out {
                    self.skip(*reason, *left_out);
                }
            }
            Delivery::Gap(gap) => self.skip(gap.reason, gap.missed.unwrap_or(1)),
        }
    }

    fn skip(&self, reason: Skip, events: u64) {
        // Nobody else writes.
        if self.skipped.load().is_none() {
            self.skipped.store(Some(Arc::default()));
        }
        if let Some(skipped) = &*self.skipped.load() {
            skipped[reason as usize].fetch_add(events, Ordering::Relaxed);
        }
    }
}
