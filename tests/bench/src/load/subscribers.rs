//! The subscribers of one reader: non-blocking sockets on one epoll, read by one thread. Owns their connections and
//! tallies. Must not know publishing, nor other readers.

use std::io::{ErrorKind, Read as _, Write as _};
use std::ops::Range;
use std::thread;

use anyhow::Result;
use rustix::event::{Timespec, epoll};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, connect, socket_with};

use super::histogram::Histogram;
use super::marker::Marker;
use super::progress::{Phase, Progress};
use super::spec::{LoadSpec, Subscription};
use super::sse::Receiver;
use super::stream::EventStream;
use super::tally::Tally;
use crate::clock::now_ns;
use crate::wire::Wire;

/// Connections under way at a time, of all readers: below any listen queue.
const CONNECTING_AT_ONCE: usize = 128;

/// One read takes at most so much.
const READ_BUFFER: usize = 256 << 10;

/// How long a sweep waits for something to read before it looks at the phase again.
const SWEEP_WAIT: Timespec = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };

/// What subscribers got.
#[derive(Debug, Default)]
pub(super) struct Received {
    pub(super) tallies: Vec<Tally>,
    /// Nanoseconds from when an event was due until it was read.
    pub(super) latency: Histogram,
    /// When the first measured event was read.
    pub(super) first_ns: Option<u64>,
    pub(super) comments: u64,
    pub(super) other_events: u64,
    /// The status of the first subscription that was refused.
    pub(super) refused_with: Option<u16>,
}

impl Received {
    /// Adds what another reader's subscribers got.
    pub(super) fn add_all(&mut self, other: Self) {
        self.tallies.extend(other.tallies);
        self.latency.add_all(&other.latency);
        self.first_ns = [self.first_ns, other.first_ns].into_iter().flatten().min();
        self.comments += other.comments;
        self.other_events += other.other_events;
        self.refused_with = self.refused_with.or(other.refused_with);
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    Connecting,
    AwaitsHead,
    Open,
    Closed,
}

struct Subscriber<'a> {
    subscription: &'a Subscription,
    socket: Option<Wire>,
    state: State,
    stream: EventStream,
    tally: Tally,
}

/// Connects one reader's share of the subscribers, then reads until the phase is [`Phase::Stop`].
pub(super) fn run(spec: &LoadSpec, progress: &Progress, reader: usize) -> Result<Received> {
    let mut reader = Reader {
        spec,
        progress,
        share: spec.share(reader),
        epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
        subscribers: Vec::with_capacity(spec.subscribers / spec.readers + 1),
        connecting: 0,
        received: Received::default(),
    };
    let mut events = Vec::with_capacity(spec.subscribers.clamp(64, 16_384));
    let mut buffer = vec![0; READ_BUFFER];
    loop {
        match progress.phase() {
            Phase::Connect => reader.connect_more()?,
            Phase::Publish if !spec.read_rest.is_zero() => thread::sleep(spec.read_rest),
            Phase::Publish => {}
            Phase::Stop => break,
        }
        events.clear();
        match epoll::wait(&reader.epoll, rustix::buffer::spare_capacity(&mut events), Some(&SWEEP_WAIT)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let mut sweep = Sweep::default();
        for event in &events {
            let data = event.data; // the record is packed
            reader.serve(data.u64() as usize, &mut buffer, &mut sweep)?;
        }
        progress.count(sweep.warm, sweep.measured, sweep.now);
    }
    reader.received.tallies = reader.subscribers.into_iter().map(|subscriber| subscriber.tally).collect();
    Ok(reader.received)
}

/// What one pass over the sockets found.
#[derive(Debug, Default)]
struct Sweep {
    now: u64,
    warm: u64,
    measured: u64,
}

struct Reader<'a> {
    spec: &'a LoadSpec,
    progress: &'a Progress,
    epoll: OwnedFd,
    /// Which subscribers are still to be connected.
    share: Range<usize>,
    subscribers: Vec<Subscriber<'a>>,
    connecting: usize,
    received: Received,
}

impl Reader<'_> {
    fn connect_more(&mut self) -> Result<()> {
        while self.connecting < CONNECTING_AT_ONCE.div_ceil(self.spec.readers)
            && let Some(subscriber) = self.share.next()
        {
            let subscription = self.spec.subscription(subscriber);
            let socket = self.open();
            if let Some(socket) = &socket {
                let data = epoll::EventData::new_u64(self.subscribers.len() as u64);
                epoll::add(&self.epoll, socket, data, epoll::EventFlags::IN | epoll::EventFlags::OUT)?;
                self.connecting += 1;
            } else {
                self.progress.count_failed();
            }
            let state = if socket.is_some() { State::Connecting } else { State::Closed };
            let mut tally = Tally::new(subscription.wants);
            tally.closed = socket.is_none();
            self.subscribers.push(Subscriber { subscription, socket, state, stream: EventStream::default(), tally });
        }
        Ok(())
    }

    /// A socket on its way to the server; `None` when the system gives none.
    fn open(&self) -> Option<Wire> {
        if self.spec.secure.is_some() {
            let wire = Wire::connect(self.spec.address, self.spec.secure.as_ref()).ok()?;
            wire.socket().set_nonblocking(true).ok()?;
            return Some(wire);
        }
        let family = if self.spec.address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let socket = socket_with(family, SocketType::STREAM, flags, None).ok()?;
        match connect(&socket, &self.spec.address) {
            Ok(()) | Err(Errno::INPROGRESS) => Some(Wire::Plain(socket.into())),
            Err(_) => None,
        }
    }

    fn serve(&mut self, index: usize, buffer: &mut [u8], sweep: &mut Sweep) -> Result<()> {
        let subscriber = &mut self.subscribers[index];
        let Some(socket) = subscriber.socket.as_mut() else {
            return Ok(());
        };
        if subscriber.state == State::Connecting {
            let request = format!(
                "GET {} HTTP/1.1\r\nHost: {}\r\n{}Accept: text/event-stream\r\n\r\n",
                subscriber.subscription.path, self.spec.address, subscriber.subscription.headers
            );
            if socket.write(request.as_bytes()).is_ok_and(|written| written == request.len()) {
                subscriber.state = State::AwaitsHead;
                epoll::modify(&self.epoll, &*socket, epoll::EventData::new_u64(index as u64), epoll::EventFlags::IN)?;
            } else {
                self.close(index);
            }
            return Ok(());
        }
        let length = match socket.read(buffer) {
            Ok(0) => 0,
            Ok(length) => length,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => return Ok(()),
            Err(_) => 0,
        };
        sweep.now = now_ns();
        let first_measured = self.progress.first_measured;
        let mut sink = Sink { tally: &mut subscriber.tally, received: &mut self.received, sweep, first_measured };
        let goes_on = length > 0 && subscriber.stream.feed(&buffer[..length], &mut sink);
        if goes_on && subscriber.state == State::AwaitsHead && subscriber.stream.is_open() {
            subscriber.state = State::Open;
            self.connecting -= 1;
            self.progress.count_connected(subscriber.tally.wants);
        }
        if !goes_on {
            let status = subscriber.stream.status();
            if status != 200 {
                self.received.refused_with.get_or_insert(status);
            }
            self.close(index);
        }
        Ok(())
    }

    fn close(&mut self, index: usize) {
        let subscriber = &mut self.subscribers[index];
        if matches!(subscriber.state, State::Connecting | State::AwaitsHead) {
            self.connecting -= 1;
            self.progress.count_failed();
        }
        subscriber.state = State::Closed;
        subscriber.tally.closed = true;
        subscriber.socket = None; // which also takes it off the epoll
    }
}

/// Where one subscriber's events go.
struct Sink<'a> {
    tally: &'a mut Tally,
    received: &'a mut Received,
    sweep: &'a mut Sweep,
    first_measured: u64,
}

impl Receiver for Sink<'_> {
    #[inline]
    fn event(&mut self, marker: Marker) {
        if !self.tally.wants {
            self.tally.unwanted += 1;
            return;
        }
        let Some(number) = marker.sequence.checked_sub(self.first_measured) else {
            self.sweep.warm += 1;
            return;
        };
        if self.tally.receive(number) {
            self.sweep.measured += 1;
            self.received.first_ns.get_or_insert(self.sweep.now);
            self.received.latency.add(self.sweep.now.saturating_sub(marker.due_ns));
        }
    }

    fn comment(&mut self) {
        self.received.comments += 1;
    }

    fn other_event(&mut self) {
        self.received.other_events += 1;
    }
}
