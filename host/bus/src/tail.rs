//! The live end of the log: what was just stored becomes frames, and whoever waits is woken.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use tidemill_log::{Log, Record};

use crate::archive::Archive;
use crate::chunk::Chunks;
use crate::interest::Interest;
use crate::pace::Pace;
use crate::ring::{Look, Ring, Segment};
use crate::view::{Judge, Judgements};
use crate::wish::Wish;
use crate::{Selection, Wanted};

pub(crate) struct Tail {
    log: Arc<dyn Log>,
    epoch: u32,
    ring: RwLock<Ring>,
    interest: Mutex<Interest>,
    cursors: AtomicUsize,
    archive: Arc<Archive>,
    chunks: Chunks,
    /// Whoever puts a chunk of everything together.
    everything: Mutex<()>,
    judgements: Judgements,
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
            chunks: Chunks::new(),
            everything: Mutex::default(),
            judgements: Judgements::new(),
            pace: Pace::new(replay_rate),
            log: Arc::clone(log),
            epoch: info.epoch,
            ring,
            interest: Mutex::default(),
            cursors: AtomicUsize::new(0),
            last: AtomicU64::new(info.last),
            closed: AtomicBool::new(false),
        });
        let follower = Arc::downgrade(&tail);
        log.follow(Box::new(move |records| {
            if let Some(tail) = follower.upgrade() {
                let matched = tail.push(records);
                matched.iter().for_each(|wish| wish.waiting.wake());
            }
        }));
        tail
    }

    /// Takes what the log stored; the wishes that want some of it. Calls come in the order of positions, which
    /// [`Log::follow`] promises.
    fn push(&self, records: Vec<Arc<Record>>) -> Vec<Arc<Wish>> {
        let Some(newest) = records.last().map(|record| record.position.sequence) else { return Vec::new() };
        // Held until the records can be had: a selection that comes in now either is told of them or begins after them.
        let interest = self.interest();
        let matched = interest.note(&records);
        self.ring.write().unwrap_or_else(PoisonError::into_inner).push(Segment::new(records));
        self.last.store(newest, Ordering::Release);
        matched
    }

    /// The selection for a wish.
    pub(crate) fn select(self: &Arc<Self>, wanted: Wanted) -> Arc<Selection> {
        let mut interest = self.interest();
        if let Some(selection) = interest.find(&wanted) {
            return selection;
        }
        let last = self.last();
        interest.insert(wanted, last, |key, wish| Arc::new(Selection::new(Arc::clone(self), key, wish)))
    }

    /// Forgets a selection that nobody uses any more.
    pub(crate) fn forget(&self, key: u64, wanted: &Wanted) {
        self.interest().remove(key, wanted);
    }

    fn interest(&self) -> MutexGuard<'_, Interest> {
        self.interest.lock().unwrap_or_else(PoisonError::into_inner)
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

    pub(crate) const fn chunks(&self) -> &Chunks {
        &self.chunks
    }

    /// The turn of whoever puts a chunk of everything together.
    pub(crate) const fn everything(&self) -> &Mutex<()> {
        &self.everything
    }

    pub(crate) const fn judgements(&self) -> &Judgements {
        &self.judgements
    }

    pub(crate) const fn pace(&self) -> &Pace {
        &self.pace
    }

    /// How many cursors there are.
    pub(crate) const fn cursors(&self) -> &AtomicUsize {
        &self.cursors
    }

    /// Wakes everybody who sees events through a view.
    pub(crate) fn wake_view(&self, judge: &Arc<Judge>) {
        let all = self.interest().all();
        let own = |wish: &&Arc<Wish>| {
            let view = wish.filter.wanted().view.as_ref();
            view.is_some_and(|view| Arc::ptr_eq(view.judge(), judge))
        };
        all.iter().filter(own).for_each(|wish| wish.waiting.wake());
    }

    /// Ends all cursors.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        let all = self.interest().all();
        all.iter().for_each(|wish| wish.waiting.wake());
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }
}
