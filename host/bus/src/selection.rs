//! A wish in use. Subscribers with equal wishes share one selection, and so the work of finding, joining and waking.

use std::sync::Arc;
use std::task::Waker;

use crate::Wanted;
use crate::tail::Tail;
use crate::wish::Wish;

/// What subscribers want to see, for as long as one of them holds it.
pub struct Selection {
    tail: Arc<Tail>,
    key: u64,
    wish: Arc<Wish>,
}

impl std::fmt::Debug for Selection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Selection").field("wanted", self.wanted()).finish_non_exhaustive()
    }
}

impl Selection {
    pub(crate) const fn new(tail: Arc<Tail>, key: u64, wish: Arc<Wish>) -> Self {
        Self { tail, key, wish }
    }

    pub(crate) const fn tail(&self) -> &Arc<Tail> {
        &self.tail
    }

    /// What tells it from others in use.
    pub(crate) const fn key(&self) -> u64 {
        self.key
    }

    pub(crate) fn wish(&self) -> &Wish {
        &self.wish
    }

    /// What is wanted.
    pub fn wanted(&self) -> &Wanted {
        self.wish.filter.wanted()
    }

    /// Where a subscriber stands that got as far as `after`: further on, if nothing that it wants was stored since.
    pub fn standing(&self, after: u64) -> u64 {
        let last = self.tail.last();
        self.wish.standing(after, last)
    }

    /// The newest sequence that can be had.
    pub fn last(&self) -> u64 {
        self.tail.last()
    }

    /// Has a waker woken whenever something that is wanted can be had, or the bus stops, for as long as the watch is held.
    /// For whoever serves many cursors with [`Cursor::poll_ready`](crate::Cursor::poll_ready). The waker only notes that it was
    /// woken: it must not come back to the bus.
    pub fn watch(self: &Arc<Self>, waker: Waker) -> Watch {
        Watch { key: self.wish.waiting.watch(waker), selection: Arc::clone(self) }
    }
}

impl Drop for Selection {
    fn drop(&mut self) {
        self.tail.forget(self.key, self.wish.filter.wanted());
    }
}

/// See [`Selection::watch`].
#[derive(Debug)]
pub struct Watch {
    selection: Arc<Selection>,
    key: usize,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.selection.wish.waiting.forget(self.key);
    }
}
