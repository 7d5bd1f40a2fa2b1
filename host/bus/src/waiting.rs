//! Who waits for the next event of one selection.
//!
//! A cursor has one slot however often it waits, and is woken once for each time. A watch is woken every time, for
//! whoever serves many cursors.

use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use slab::Slab;

#[derive(Debug, Default)]
pub(crate) struct Waiting(Mutex<Inner>);

/// A cursor's slot.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slot(NonZeroU32);

impl Slot {
    const fn key(self) -> usize {
        self.0.get() as usize - 1
    }
}

#[derive(Debug, Default)]
struct Inner {
    cursors: Slab<Option<Waker>>,
    watches: Slab<Waker>,
}

impl Waiting {
    /// A slot for a cursor.
    pub(crate) fn join(&self) -> Slot {
        // There are fewer cursors than file descriptors.
        Slot(NonZeroU32::MIN.saturating_add(u32::try_from(self.lock().cursors.insert(None)).unwrap_or(u32::MAX)))
    }

    /// Gives the slot back.
    pub(crate) fn leave(&self, slot: Slot) {
        self.lock().cursors.try_remove(slot.key());
    }

    /// Whom to wake next time, for this slot.
    pub(crate) fn wait(&self, slot: Slot, waker: &Waker) {
        if let Some(place) = self.lock().cursors.get_mut(slot.key()) {
            match place {
                Some(known) if known.will_wake(waker) => {}
                place => *place = Some(waker.clone()),
            }
        }
    }

    /// Whom to wake every time.
    pub(crate) fn watch(&self, waker: Waker) -> usize {
        self.lock().watches.insert(waker)
    }

    /// Ends a watch.
    pub(crate) fn forget(&self, watch: usize) {
        self.lock().watches.try_remove(watch);
    }

    /// Wakes everybody who waits.
    pub(crate) fn wake(&self) {
        let mut inner = self.lock();
        let mut woken: Vec<Waker> = inner.watches.iter().map(|(_, waker)| waker.clone()).collect();
        woken.extend(inner.cursors.iter_mut().filter_map(|(_, place)| place.take()));
        drop(inner);
        woken.into_iter().for_each(Waker::wake);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
