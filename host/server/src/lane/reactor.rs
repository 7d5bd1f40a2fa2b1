//! One thread that carries many streams: it waits for sockets, for rooms that are called, and for heartbeats.

use std::collections::VecDeque;
use std::io;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use mio::event::Event;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use slab::Slab;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use crate::app::App;
use crate::lane::calls::{Arrival, Calls};
use crate::lane::rooms::Rooms;
use crate::lane::seat::{Seat, Shelf, Turn};
use crate::lane::wheel::Wheel;
use crate::limits::LANE_TURNS_MAX;
use crate::sse;

const WAKE: Token = Token(usize::MAX);
/// Events of sockets that are looked at at once.
const EVENTS_MAX: usize = 1024;

#[derive(Debug)]
pub(super) struct Reactor {
    poll: Poll,
    calls: Arc<Calls>,
    app: Arc<App>,
    places: Arc<Semaphore>,
    seats: Slab<Seat>,
    rooms: Rooms,
    wheel: Wheel,
    shelf: Shelf,
    /// Turns given so far.
    turns: u64,
    /// Seats for which there is more than fitted their turn.
    more: VecDeque<u32>,
    /// For what is read and thrown away.
    scratch: Box<[u8]>,
}

impl Reactor {
    pub(super) fn new(app: Arc<App>, places: Arc<Semaphore>, seats_max: usize) -> io::Result<Self> {
        let poll = Poll::new()?;
        let calls = Arc::new(Calls::new(mio::Waker::new(poll.registry(), WAKE)?));
        // Reserved, not used: growing would copy everything now and then, and take twice the room while it does.
        let seats = Slab::with_capacity(seats_max);
        let (rooms, wheel) = (Rooms::default(), Wheel::new());
        let (shelf, more, scratch) = (Shelf::default(), VecDeque::new(), Box::new([0; 4096]));
        Ok(Self { poll, calls, app, places, seats, rooms, wheel, shelf, turns: 0, more, scratch })
    }

    pub(super) const fn calls(&self) -> &Arc<Calls> {
        &self.calls
    }

    /// Carries streams until it is told to stop and the last one is over.
    pub(super) fn run(mut self, runtime: &Handle) {
        // Cursors that catch up use the runtime's timers.
        let _runtime = runtime.enter();
        let mut events = Events::with_capacity(EVENTS_MAX);
        let mut members = Vec::new();
        loop {
            let wait = if self.more.is_empty() { self.wheel.next() } else { Some(Duration::ZERO) };
            if let Err(error) = self.poll.poll(&mut events, wait)
                && error.kind() != io::ErrorKind::Interrupted
            {
                tracing::error!("a thread of the light lane cannot wait for its sockets: {error}");
            }
            events.iter().for_each(|event| self.look_at_socket(event));
            let told = self.calls.take();
            told.arrivals.into_iter().for_each(|arrival| self.seat(arrival));
            for room in told.rooms {
                self.rooms.answer(room, &mut members);
                members.iter().for_each(|key| self.give_turn(*key));
            }
            told.seats.into_iter().for_each(|key| self.give_turn(key));
            for key in std::mem::take(&mut self.more) {
                self.give_turn(key);
            }
            while let Some((tick, keys)) = self.wheel.due() {
                self.shelf.clear();
                for key in keys {
                    if self.seats.get(key as usize).is_some_and(|seat| seat.timer == tick) {
                        self.beat(key);
                    }
                }
            }
            if told.stop && self.seats.is_empty() {
                return;
            }
        }
    }

    fn seat(&mut self, arrival: Arrival) {
        let entry = self.seats.vacant_entry();
        // There are fewer seats than file descriptors.
        let key = u32::try_from(entry.key()).unwrap_or(u32::MAX);
        // Before it is asked for the first time, so that nothing comes in between unseen.
        let place = self.rooms.join(key, arrival.feed.selection(), &self.calls);
        let timer = self.wheel.set(key, arrival.feed.due_in());
        let seat = entry.insert(Seat::new(arrival, place, timer));
        let both = Interest::READABLE | Interest::WRITABLE;
        let registered = seat.socket().and_then(|socket| {
            self.poll.registry().register(&mut SourceFd(&socket.as_raw_fd()), Token(key as usize), both)
        });
        match registered {
            Ok(()) => self.give_turn(key),
            Err(error) => self.remove(key, Some(&error)),
        }
    }

    fn look_at_socket(&mut self, event: &Event) {
        let Some(seat) = self.seats.get_mut(event.token().0) else { return };
        let key = u32::try_from(event.token().0).unwrap_or(u32::MAX);
        if event.is_readable() || event.is_read_closed() || event.is_error() {
            match seat.discard(&mut self.scratch) {
                Ok(true) => {}
                Ok(false) => return self.remove(key, None),
                Err(error) => return self.remove(key, Some(&error)),
            }
        }
        // An answer of TLS to what came may wait to be written, too.
        if (event.is_writable() && seat.unblock()) || seat.answers() {
            self.give_turn(key);
        }
    }

    fn give_turn(&mut self, key: u32) {
        // Whoever was called may be gone.
        let Some(seat) = self.seats.get_mut(key as usize) else { return };
        self.turns += 1;
        // Publishing on the same core would otherwise wait for the end of a slice, milliseconds.
        if self.turns.is_multiple_of(LANE_TURNS_MAX) {
            thread::yield_now();
        }
        match seat.take_turn(&self.app, &mut self.shelf, || self.calls.seat_waker(key)) {
            Turn::Done => {}
            Turn::More => self.more.push_back(key),
            Turn::Over(error) => self.remove(key, error.as_ref()),
        }
    }

    fn beat(&mut self, key: u32) {
        self.give_turn(key);
        let Some(seat) = self.seats.get_mut(key as usize) else { return };
        match seat.beat(&self.app) {
            // A stuck one is looked at again as if it had got one.
            Ok(()) => seat.timer = self.wheel.set(key, seat.feed().due_in().max(Duration::from_secs(1))),
            Err(error) => self.remove(key, Some(&error)),
        }
    }

    fn remove(&mut self, key: u32, error: Option<&io::Error>) {
        let Some(seat) = self.seats.try_remove(key as usize) else { return };
        let connection = seat.feed().connection();
        if let Some(error) = error {
            // The kernel gave it up, see `set_up` of connections.
            if error.kind() == io::ErrorKind::TimedOut && self.app.connections.count_evicted(connection.carrier.evict())
            {
                let id = connection.id;
                tracing::info!(id, reason = "stuck", "a subscriber is disconnected: its connection took nothing");
            } else {
                tracing::debug!("a connection ended: {error}");
            }
        }
        if let Ok(socket) = seat.socket() {
            // It may be held a little longer by somebody who lists connections. Fails only if it never was registered.
            let _ = self.poll.registry().deregister(&mut SourceFd(&socket.as_raw_fd()));
        }
        if let Some(moved) = self.rooms.leave(seat.place)
            && let Some(other) = self.seats.get_mut(moved as usize)
        {
            other.place = seat.place;
        }
        sse::leave(&self.app, connection);
        self.places.add_permits(1);
    }
}

impl Drop for Reactor {
    /// Should it panic, its streams end and their clients come back.
    fn drop(&mut self) {
        self.calls.go();
        let keys: Vec<usize> = self.seats.iter().map(|(key, _)| key).collect();
        keys.into_iter().for_each(|key| self.remove(u32::try_from(key).unwrap_or(u32::MAX), None));
    }
}
