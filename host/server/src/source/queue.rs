//! A queue that is bounded by bytes as well as by number. Whoever puts something in waits for room, or is told that there is
//! none.

use std::sync::Arc;

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use crate::limits::{SOURCE_MESSAGE_OVERHEAD, SOURCE_MESSAGES_MAX};

#[derive(Debug)]
pub(super) struct Sender<T> {
    queue: mpsc::Sender<(T, OwnedSemaphorePermit)>,
    room: Arc<Semaphore>,
    most: u32,
}

#[derive(Debug)]
pub(super) struct Receiver<T>(mpsc::Receiver<(T, OwnedSemaphorePermit)>);

/// Nobody takes anything out of it any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Closed;

/// Why something was not put in at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotNow {
    Full,
    Closed,
}

/// A queue for so many bytes. Something larger has all of it for itself.
pub(super) fn bounded<T>(bytes: usize) -> (Sender<T>, Receiver<T>) {
    with_items(bytes, SOURCE_MESSAGES_MAX)
}

/// The same for so many items.
pub(super) fn with_items<T>(bytes: usize, items: usize) -> (Sender<T>, Receiver<T>) {
    let most = u32::try_from(bytes).unwrap_or(u32::MAX);
    let (queue, receiver) = mpsc::channel(items);
    (Sender { queue, room: Arc::new(Semaphore::new(most as usize)), most }, Receiver(receiver))
}

impl<T> Sender<T> {
    /// Puts something in, once there is room.
    pub(super) async fn put(&self, item: T, bytes: usize) -> Result<(), Closed> {
        let put = async {
            let room = Arc::clone(&self.room).acquire_many_owned(self.weight(bytes)).await.map_err(|_| Closed)?;
            self.queue.send((item, room)).await.map_err(|_| Closed)
        };
        tokio::select! {
            biased;
            () = self.queue.closed() => Err(Closed),
            done = put => done,
        }
    }

    /// Puts something in if there is room now.
    pub(super) fn try_put(&self, item: T, bytes: usize) -> Result<(), NotNow> {
        if self.queue.is_closed() {
            return Err(NotNow::Closed);
        }
        let room = Arc::clone(&self.room).try_acquire_many_owned(self.weight(bytes)).map_err(|_| NotNow::Full)?;
        self.queue.try_send((item, room)).map_err(|error| match error {
            TrySendError::Full(_) => NotNow::Full,
            TrySendError::Closed(_) => NotNow::Closed,
        })
    }

    /// Waits until nobody takes anything any more.
    pub(super) async fn closed(&self) {
        self.queue.closed().await;
    }

    /// Whether nobody takes anything any more.
    pub(super) fn is_closed(&self) -> bool {
        self.queue.is_closed()
    }

    fn weight(&self, bytes: usize) -> u32 {
        u32::try_from(bytes.saturating_add(SOURCE_MESSAGE_OVERHEAD)).unwrap_or(u32::MAX).min(self.most)
    }
}

impl<T> Receiver<T> {
    /// The next one; none once all senders are gone.
    pub(super) async fn take(&mut self) -> Option<T> {
        self.0.recv().await.map(|(item, _room)| item)
    }

    /// One that is there already.
    pub(super) fn take_now(&mut self) -> Option<T> {
        self.0.try_recv().ok().map(|(item, _room)| item)
    }
}
