//! The live end of the log: what was just stored becomes frames, and whoever waits is woken.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use tidemill_log::{Log, Record};

use crate::archive::Archive;
use crate::pace::Pace;
use crate::ring::{Look, Ring, Segment};
use crate::wakers::Wakers;

pub(crate) struct Tail {
    log: Arc<dyn Log>,
    epoch: u32,
    ring: RwLock<Ring>,
    wakers: Wakers,
    archive: Arc<Archive>,
    pace: Pace,
    /// The newest sequence in the ring, to be looked at without its lock.
    last: AtomicU64,
    closed: AtomicBool,
}

impl std::fmt::Debug for Tail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tail").field("epoch", &self.epoch).finish_non_exhaustive()
    }
}

impl Tail {
    /// Follows a log. Those who catch up get so many bytes per second together; 0: as many as come.
    pub(crate) fn follow(log: &Arc<dyn Log>, ring_bytes: usize, replay_rate: u64) -> Arc<Self> {
        let info = log.info();
        let ring = RwLock::new(Ring::new(info.last, ring_bytes));
        let tail = Arc::new(Self {
            archive: Arc::new(Archive::new(Arc::clone(log), info.epoch)),
            pace: Pace::new(replay_rate),
            log: Arc::clone(log),
            epoch: info.epoch,
            ring,
            wakers: Wakers::default(),
            last: AtomicU64::new(info.last),
            closed: AtomicBool::new(false),
        });
        let follower = Arc::downgrade(&tail);
        log.follow(Box::new(move |records| {
            if let Some(tail) = follower.upgrade() {
                tail.push(records);
                tail.wakers.wake_all();
            }
        }));
        tail
    }

    /// Takes what the log stored. Calls come in the order of positions, which [`Log::follow`] promises.
    fn push(&self, records: Vec<Arc<Record>>) {
        if let Some(newest) = records.last().map(Arc::clone) {
            let segment = Segment::new(records);
            self.ring.write().unwrap_or_else(PoisonError::into_inner).push(segment);
            self.last.store(newest.position.sequence, Ordering::Release);
        }
    }

    pub(crate) fn look(&self, after: u64) -> Look {
        self.ring.read().unwrap_or_else(PoisonError::into_inner).look(after)
    }

    pub(crate) fn last(&self) -> u64 {
        self.last.load(Ordering::Acquire)
    }

    pub(crate) const fn epoch(&self) -> u32 {
        self.epoch
    }

    pub(crate) const fn log(&self) -> &Arc<dyn Log> {
        &self.log
    }

    pub(crate) const fn archive(&self) -> &Arc<Archive> {
        &self.archive
    }

    pub(crate) const fn pace(&self) -> &Pace {
        &self.pace
    }

    pub(crate) const fn wakers(&self) -> &Wakers {
        &self.wakers
    }

    /// Ends all cursors.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.wakers.wake_all();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }
}
