//! Who waits for the next event: one slot per cursor, all woken at once.
//!
//! A slot, not a list that grows: however often a cursor waits, it takes one place.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use slab::Slab;

#[derive(Debug, Default)]
pub(crate) struct Wakers(Mutex<Slab<Option<Waker>>>);

impl Wakers {
    /// A new slot.
    pub(crate) fn join(&self) -> usize {
        self.lock().insert(None)
    }

    /// Gives the slot back.
    pub(crate) fn leave(&self, slot: usize) {
        self.lock().try_remove(slot);
    }

    /// Whom to wake next time, for this slot.
    pub(crate) fn wait(&self, slot: usize, waker: &Waker) {
        if let Some(place) = self.lock().get_mut(slot) {
            match place {
                Some(known) if known.will_wake(waker) => {}
                place => *place = Some(waker.clone()),
            }
        }
    }

    /// Wakes everybody who waits.
    pub(crate) fn wake_all(&self) {
        let waiting: Vec<Waker> = self.lock().iter_mut().filter_map(|(_, place)| place.take()).collect();
        waiting.into_iter().for_each(Waker::wake);
    }

    /// How many slots there are.
    pub(crate) fn count(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, Slab<Option<Waker>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
