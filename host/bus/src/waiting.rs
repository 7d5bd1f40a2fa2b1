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

    /// Whom to wake every time. Waking must not come back here: the lock is held.
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
        // In place: of a thousand wishes with a watch each, copies would cost more than the waking.
        inner.watches.iter().for_each(|(_, waker)| waker.wake_by_ref());
        if inner.cursors.is_empty() {
            return;
        }
        let woken: Vec<Waker> = inner.cursors.iter_mut().filter_map(|(_, place)| place.take()).collect();
        drop(inner);
        woken.into_iter().for_each(Waker::wake);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn a_watch_is_woken_every_time_and_a_cursor_once_for_each_time_that_it_waits() {
        let (waiting, counts) = (Waiting::default(), [(); 3].map(|()| Arc::<Count>::default()));
        let [one, other, cursor] = counts.each_ref().map(|count| Waker::from(Arc::clone(count)));
        let woken = || counts.each_ref().map(|count| count.0.load(Ordering::SeqCst));
        let (watch, _) = (waiting.watch(one), waiting.watch(other));
        waiting.wake();
        assert_eq!(woken(), [1, 1, 0]);
        let slot = waiting.join();
        waiting.wait(slot, &cursor);
        waiting.wake();
        waiting.wake();
        assert_eq!(woken(), [3, 3, 1]);
        waiting.forget(watch);
        waiting.wait(slot, &cursor);
        waiting.wake();
        assert_eq!(woken(), [3, 4, 2]);
        waiting.wait(slot, &cursor);
        waiting.leave(slot);
        waiting.wake();
        assert_eq!(woken(), [3, 5, 2]);
    }
}
