//! What other threads tell a reactor: who comes, whom to ask again. However much it is before the reactor looks, it is
//! woken once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};

use rustls::ServerConnection;

use crate::sse::Feed;

/// A stream that comes.
#[derive(Debug)]
pub(super) struct Arrival {
    pub(super) feed: Feed,
    /// Boxed: most have none.
    pub(super) tls: Option<Box<ServerConnection>>,
    /// The head of the answer.
    pub(super) head: Vec<u8>,
}

/// What was told since the last look. Bounded by the number of connections: each arrives once, each room is told of once
/// between two looks, and each seat has one waker at a time.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) arrivals: Vec<Arrival>,
    pub(super) rooms: Vec<u32>,
    pub(super) seats: Vec<u32>,
    pub(super) stop: bool,
}

#[derive(Debug)]
pub(super) struct Calls {
    waker: mio::Waker,
    awake: AtomicBool,
    gone: AtomicBool,
    told: Mutex<Told>,
}

impl Calls {
    pub(super) fn new(waker: mio::Waker) -> Self {
        Self { waker, awake: AtomicBool::new(false), gone: AtomicBool::new(false), told: Mutex::default() }
    }

    /// What was told since the last time.
    pub(super) fn take(&self) -> Told {
        // Before looking: what is told from now on wakes again.
        self.awake.store(false, Ordering::SeqCst);
        let mut told = self.lock();
        let stop = told.stop;
        std::mem::replace(&mut told, Told { stop, ..Told::default() })
    }

    pub(super) fn arrive(&self, arrival: Arrival) {
        self.lock().arrivals.push(arrival);
        self.wake();
    }

    /// Nobody answers any more.
    pub(super) fn go(&self) {
        self.gone.store(true, Ordering::SeqCst);
    }

    /// Whether nobody answers any more.
    pub(super) fn is_gone(&self) -> bool {
        self.gone.load(Ordering::SeqCst)
    }

    /// Everybody is on the way out, and nobody comes any more.
    pub(super) fn stop(&self) {
        self.lock().stop = true;
        self.wake();
    }

    /// Wakes for everybody in a room.
    pub(super) fn room_waker(self: &Arc<Self>, room: u32) -> (Waker, Arc<RoomCall>) {
        let call = Arc::new(RoomCall { calls: Arc::clone(self), room, told: AtomicBool::new(false) });
        (Waker::from(Arc::clone(&call)), call)
    }

    /// Wakes for one seat.
    pub(super) fn seat_waker(self: &Arc<Self>, seat: u32) -> Waker {
        Waker::from(Arc::new(SeatCall { calls: Arc::clone(self), seat }))
    }

    fn wake(&self) {
        if !self.awake.swap(true, Ordering::SeqCst)
            && let Err(error) = self.waker.wake()
        {
            tracing::error!("cannot wake a thread of the light lane: {error}");
        }
    }

    fn lock(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// See [`Calls::room_waker`].
#[derive(Debug)]
pub(super) struct RoomCall {
    calls: Arc<Calls>,
    room: u32,
    told: AtomicBool,
}

impl RoomCall {
    /// Before the room is looked at: what comes from now on is told again.
    pub(super) fn answer(&self) {
        self.told.store(false, Ordering::SeqCst);
    }
}

impl Wake for RoomCall {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.told.swap(true, Ordering::SeqCst) {
            self.calls.lock().rooms.push(self.room);
            self.calls.wake();
        }
    }
}

#[derive(Debug)]
struct SeatCall {
    calls: Arc<Calls>,
    seat: u32,
}

impl Wake for SeatCall {
    fn wake(self: Arc<Self>) {
        self.calls.lock().seats.push(self.seat);
        self.calls.wake();
    }
}
