//! The floor: the least that a server of Server-Sent Events has to do. One thread, one topic, bytes encoded once,
//! nothing checked, nothing kept. Whatever a hub reaches is a share of this.
//!
//! `GET` subscribes to everything, `POST` publishes its body, with `application/x-ndjson` each line of it. Events are
//! acknowledged before they are written. With a [`Fault`] it spoils every Nth event, which the generator must find.

mod connection;
mod fault;

use std::io::{ErrorKind, Read as _};
use std::net::TcpListener;
use std::time::{Duration, Instant};

use anyhow::Result;
use memchr::memchr;
use rustix::event::{Timespec, epoll};
use rustix::fd::OwnedFd;
use rustix::io::Errno;

use connection::{Connection, Kind, Request};
pub use fault::Fault;
use fault::Spoiler;

/// A subscriber that has so much unread is cut off.
const LONGEST_LAG: u64 = 64 << 20;

/// Written bytes that make it worth moving the rest of the log to the front.
const TRIM_AT: u64 = 4 << 20;

/// The epoll key of the listener.
const LISTENER: u64 = u64::MAX;

/// How events are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Mode {
    /// All events that are ready go out in one write per socket.
    Coalesce,
    /// One write per event and socket.
    Direct,
}

/// Serves for so long.
///
/// # Errors
///
/// When the system refuses an epoll. What single connections do is never an error.
pub fn serve(listener: &TcpListener, mode: Mode, fault: Option<Fault>, limit: Duration) -> Result<()> {
    listener.set_nonblocking(true)?;
    let mut floor = Floor {
        mode,
        epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
        connections: Vec::new(),
        free: Vec::new(),
        subscribers: Vec::new(),
        log: Vec::new(),
        base: 0,
        ends: Vec::new(),
        spoiler: Spoiler::new(fault),
    };
    epoll::add(&floor.epoll, listener, epoll::EventData::new_u64(LISTENER), epoll::EventFlags::IN)?;
    let begin = Instant::now();
    let mut events = Vec::with_capacity(512);
    let mut buffer = vec![0; 64 << 10];
    while begin.elapsed() < limit {
        events.clear();
        let timeout = Timespec { tv_sec: 0, tv_nsec: 200_000_000 };
        match epoll::wait(&floor.epoll, rustix::buffer::spare_capacity(&mut events), Some(&timeout)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        for event in &events {
            let (data, flags) = (event.data, event.flags); // the record is packed
            match data.u64() {
                LISTENER => floor.accept(listener)?,
                index => floor.serve(index as usize, flags, &mut buffer)?,
            }
        }
        floor.deliver();
    }
    Ok(())
}

struct Floor {
    mode: Mode,
    epoll: OwnedFd,
    connections: Vec<Option<Connection>>,
    /// Places in `connections` that can be used again.
    free: Vec<usize>,
    subscribers: Vec<usize>,
    /// The bytes of all events that someone has yet to get; `base` is where the first one stands in the whole stream.
    log: Vec<u8>,
    base: u64,
    /// Where the events that came since the last delivery end in the whole stream.
    ends: Vec<u64>,
    spoiler: Spoiler,
}

impl Floor {
    fn accept(&mut self, listener: &TcpListener) -> Result<()> {
        while let Ok((socket, _)) = listener.accept() {
            socket.set_nonblocking(true)?;
            socket.set_nodelay(true)?;
            let index = self.free.pop().unwrap_or(self.connections.len());
            if index == self.connections.len() {
                self.connections.push(None);
            }
            epoll::add(&self.epoll, &socket, epoll::EventData::new_u64(index as u64), epoll::EventFlags::IN)?;
            self.connections[index] = Some(Connection::new(socket));
        }
        Ok(())
    }

    fn serve(&mut self, index: usize, flags: epoll::EventFlags, buffer: &mut [u8]) -> Result<()> {
        let Some(connection) = self.connections[index].as_mut() else {
            return Ok(());
        };
        if flags.contains(epoll::EventFlags::OUT) && connection.blocked {
            connection.blocked = false;
            if !connection.push(&self.log, self.base, self.base + self.log.len() as u64) {
                self.close(index);
                return Ok(());
            }
        }
        if flags == epoll::EventFlags::OUT {
            return Ok(());
        }
        let length = match connection.socket.read(buffer) {
            Ok(length) => length,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(_) => 0,
        };
        if length == 0 {
            self.close(index);
            return Ok(());
        }
        if connection.kind == Kind::Subscriber {
            return Ok(());
        }
        connection.received.extend_from_slice(&buffer[..length]);
        let (mut used, mut published) = (0, 0);
        while let Some(request) = Request::read(&connection.received[used..]) {
            let end = request.length();
            match request {
                Request::Subscribe { .. } => {
                    connection.subscribe(self.base + self.log.len() as u64);
                    self.subscribers.push(index);
                    // Edge-triggered: no system call when a socket fills up or empties.
                    let flags = epoll::EventFlags::IN | epoll::EventFlags::OUT | epoll::EventFlags::ET;
                    let data = epoll::EventData::new_u64(index as u64);
                    epoll::modify(&self.epoll, &connection.socket, data, flags)?;
                    return Ok(());
                }
                Request::Publish { body, lines, .. } => {
                    let mut rest = &connection.received[used..][body];
                    while let Some(at) = memchr(b'\n', rest).filter(|_| lines) {
                        append(&mut self.log, &mut self.spoiler, &rest[..at]);
                        self.ends.push(self.base + self.log.len() as u64);
                        rest = &rest[at + 1..];
                    }
                    if !rest.is_empty() {
                        append(&mut self.log, &mut self.spoiler, rest);
                        self.ends.push(self.base + self.log.len() as u64);
                    }
                    published += 1;
                }
            }
            used += end;
        }
        connection.received.drain(..used);
        connection.answer(published);
        Ok(())
    }

    /// Writes what is new to every subscriber, then forgets what everybody has.
    fn deliver(&mut self) {
        if self.ends.is_empty() {
            return;
        }
        let end = self.base + self.log.len() as u64;
        let steps = match self.mode {
            Mode::Coalesce => &self.ends[self.ends.len() - 1..],
            Mode::Direct => &self.ends[..],
        };
        let (mut gone, mut oldest) = (Vec::new(), end);
        for to in steps {
            for index in &self.subscribers {
                if let Some(connection) = self.connections[*index].as_mut()
                    && !connection.blocked
                    && !connection.push(&self.log, self.base, *to)
                {
                    gone.push(*index);
                }
            }
        }
        for index in &self.subscribers {
            match &self.connections[*index] {
                Some(connection) if connection.blocked && end - connection.offset > LONGEST_LAG => gone.push(*index),
                Some(connection) => oldest = oldest.min(connection.offset),
                None => {}
            }
        }
        gone.into_iter().for_each(|index| self.close(index));
        self.ends.clear();
        if oldest == end {
            self.log.clear();
            self.base = end;
        } else if oldest - self.base > TRIM_AT {
            self.log.drain(..(oldest - self.base) as usize);
            self.base = oldest;
        }
    }

    fn close(&mut self, index: usize) {
        if let Some(connection) = self.connections[index].take() {
            self.free.push(index);
            if connection.kind == Kind::Subscriber {
                self.subscribers.retain(|subscriber| *subscriber != index);
            }
        }
    }
}

/// Writes one event to the log, or what the fault makes of it.
fn append(log: &mut Vec<u8>, spoiler: &mut Spoiler, data: &[u8]) {
    let at = log.len();
    log.extend_from_slice(b"data: ");
    log.extend_from_slice(data);
    log.extend_from_slice(b"\n\n");
    spoiler.spoil(log, at);
}
