//! Messages for one connection alone: words of its process, answers to what was sent for it. Not stored, and gone with the
//! connection. Must not know who posts them.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tidemill_bus::Shown;
use tokio::sync::Notify;

use crate::limits::{MAILBOX_BYTES_MAX, MAILBOX_MESSAGES_MAX, MESSAGE_BYTES_MAX};

/// A bounded queue of messages. Its connection takes them while its socket takes bytes.
#[derive(Debug, Default)]
pub(crate) struct Mailbox {
    inner: Mutex<Inner>,
    /// Told when there may be room again, or never more.
    room: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    messages: VecDeque<Shown>,
    bytes: usize,
    closed: bool,
    /// Whoever waits for the next message.
    reader: Option<Waker>,
}

/// Why a message was not posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NotPosted {
    /// The client reads slower than this comes.
    Full,
    /// The connection is over, or will be.
    Closed,
    /// It cannot be a message: why.
    Unfit(String),
}

impl Mailbox {
    /// The same, if there is room.
    #[cfg(test)]
    pub(crate) fn post(&self, name: Option<&str>, data: &[u8]) -> Result<(), NotPosted> {
        self.put(&message(name, data)?)
    }

    /// Puts a message in when there is room: one line of JSON, under a name for framings that have one.
    pub(crate) async fn post_wait(&self, name: Option<&str>, data: &[u8]) -> Result<(), NotPosted> {
        let message = message(name, data)?;
        loop {
            let mut room = std::pin::pin!(self.room.notified());
            // Before looking: what is told in between counts.
            room.as_mut().enable();
            match self.put(&message) {
                Err(NotPosted::Full) => room.await,
                posted => return posted,
            }
        }
    }

    /// Waits until it takes no more.
    pub(crate) async fn closed(&self) {
        loop {
            let mut told = std::pin::pin!(self.room.notified());
            told.as_mut().enable();
            if self.lock().closed {
                return;
            }
            told.await;
        }
    }

    fn put(&self, message: &Shown) -> Result<(), NotPosted> {
        let mut inner = self.lock();
        let length = message.data().len();
        let fits = inner.messages.len() < MAILBOX_MESSAGES_MAX && inner.bytes + length <= MAILBOX_BYTES_MAX;
        if inner.closed {
            return Err(NotPosted::Closed);
        }
        if !fits && !inner.messages.is_empty() {
            return Err(NotPosted::Full);
        }
        inner.bytes += length;
        inner.messages.push_back(message.clone());
        wake(inner);
        Ok(())
    }

    /// Takes no more; the stream ends after what is in it.
    pub(crate) fn close(&self) {
        let mut inner = self.lock();
        inner.closed = true;
        wake(inner);
        self.room.notify_waiters();
    }

    /// Throws away what is in it as well: the connection is gone.
    pub(crate) fn abandon(&self) {
        let mut inner = self.lock();
        (inner.messages, inner.bytes) = (VecDeque::new(), 0);
        drop(inner);
        self.close();
    }

    /// The next message. None: there will be no more.
    pub(super) fn poll_next(&self, cx: &Context<'_>) -> Poll<Option<Shown>> {
        let mut inner = self.lock();
        if let Some(message) = inner.messages.pop_front() {
            inner.bytes -= message.data().len();
            drop(inner);
            self.room.notify_waiters();
            return Poll::Ready(Some(message));
        }
        if inner.closed {
            return Poll::Ready(None);
        }
        inner.reader = Some(cx.waker().clone());
        Poll::Pending
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn message(name: Option<&str>, data: &[u8]) -> Result<Shown, NotPosted> {
    if data.len() > MESSAGE_BYTES_MAX {
        let length = data.len();
        return Err(NotPosted::Unfit(format!("it has {length} bytes, at most {MESSAGE_BYTES_MAX} are possible")));
    }
    Shown::new(name.map(str::to_owned), data.to_vec()).map_err(NotPosted::Unfit)
}

/// Wakes whoever waits, without the lock.
fn wake(mut inner: MutexGuard<'_, Inner>) {
    let reader = inner.reader.take();
    drop(inner);
    if let Some(reader) = reader {
        reader.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn next(mailbox: &Mailbox) -> Option<Option<Vec<u8>>> {
        match mailbox.poll_next(&Context::from_waker(Waker::noop())) {
            Poll::Pending => None,
            Poll::Ready(message) => Some(message.map(|message| message.data().to_vec())),
        }
    }

    #[test]
    fn messages_come_in_order_and_then_the_end() {
        let mailbox = Mailbox::default();
        assert_eq!(next(&mailbox), None);
        mailbox.post(Some("tool-result"), b"1").unwrap();
        mailbox.post(None, b"2").unwrap();
        mailbox.close();
        assert_eq!(mailbox.post(None, b"3"), Err(NotPosted::Closed));
        let all = [next(&mailbox), next(&mailbox), next(&mailbox)];
        assert_eq!(all, [Some(Some(b"1".to_vec())), Some(Some(b"2".to_vec())), Some(None)]);
    }

    #[test]
    fn it_is_bounded_and_takes_one_long_message_alone() {
        let mailbox = Mailbox::default();
        let posted = (0..).take_while(|_| mailbox.post(None, b"1").is_ok()).count();
        assert_eq!((posted, mailbox.post(None, b"1")), (MAILBOX_MESSAGES_MAX, Err(NotPosted::Full)));
        let mailbox = Mailbox::default();
        let long = vec![b'1'; MAILBOX_BYTES_MAX + 1];
        mailbox.post(None, &long).unwrap();
        assert_eq!(mailbox.post(None, b"1"), Err(NotPosted::Full));
        assert!(next(&mailbox).is_some() && mailbox.post(None, b"1").is_ok());
        assert_eq!(mailbox.post(None, &long), Err(NotPosted::Full));
        let unfit = |name, data: &[u8]| matches!(mailbox.post(name, data), Err(NotPosted::Unfit(_)));
        assert!(unfit(None, &vec![b'1'; MESSAGE_BYTES_MAX + 1]) && unfit(Some("error"), b"1") && unfit(None, b"1\n2"));
    }

    #[tokio::test]
    async fn who_waits_for_room_gets_it_or_is_told_that_there_will_be_none() {
        let mailbox = Arc::new(Mailbox::default());
        (0..MAILBOX_MESSAGES_MAX).for_each(|_| mailbox.post(None, b"1").unwrap());
        let wait = |mailbox: Arc<Mailbox>| tokio::spawn(async move { mailbox.post_wait(None, b"2").await });
        let waiting = wait(Arc::clone(&mailbox));
        tokio::task::yield_now().await;
        assert!(next(&mailbox).is_some());
        assert_eq!(waiting.await.unwrap(), Ok(()));
        let waiting = wait(Arc::clone(&mailbox));
        tokio::task::yield_now().await;
        mailbox.abandon();
        assert_eq!(waiting.await.unwrap(), Err(NotPosted::Closed));
        assert_eq!(next(&mailbox), Some(None));
    }
}
