//! One keep-alive connection of the publisher: at most one request in flight, partial writes kept.
//! Must not know when to send or what an event is.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::SocketAddr;

use rustix::event::epoll;
use rustix::fd::OwnedFd;

use super::response::Response;
use crate::wire::{Secure, Wire};

/// One read takes at most so much.
const READ_BUFFER: usize = 16 << 10;

/// The events of one request on their way.
#[derive(Debug, Clone, Copy)]
pub(super) struct InFlight {
    pub(super) first: u64,
    pub(super) events: u64,
    pub(super) sent_ns: u64,
}

/// A connection, or the place of one that was lost.
#[derive(Debug)]
pub(super) struct Connection {
    index: u64,
    socket: Option<Wire>,
    unsent: Vec<u8>,
    received: Vec<u8>,
    in_flight: Option<InFlight>,
    waits_for_room: bool,
}

impl Connection {
    /// A place without a connection; `index` is what the epoll reports.
    pub(super) fn vacant(index: u64) -> Self {
        Self { index, socket: None, unsent: Vec::new(), received: Vec::new(), in_flight: None, waits_for_room: false }
    }

    pub(super) fn connect(&mut self, address: SocketAddr, secure: Option<&Secure>, epoll: &OwnedFd) -> io::Result<()> {
        let socket = Wire::connect(address, secure)?;
        socket.socket().set_nodelay(true)?;
        socket.socket().set_nonblocking(true)?;
        epoll::add(epoll, &socket, epoll::EventData::new_u64(self.index), epoll::EventFlags::IN)?;
        self.socket = Some(socket);
        Ok(())
    }

    pub(super) fn is_connected(&self) -> bool {
        self.socket.is_some()
    }

    pub(super) fn is_busy(&self) -> bool {
        self.in_flight.is_some()
    }

    /// Sends a request, as much of it as the socket takes now.
    pub(super) fn send(&mut self, request: &[u8], in_flight: InFlight, epoll: &OwnedFd) -> io::Result<()> {
        self.in_flight = Some(in_flight);
        let written = match self.socket.as_mut().map(|socket| socket.write(request)) {
            Some(Ok(written)) => written,
            Some(Err(error)) if error.kind() == ErrorKind::WouldBlock => 0,
            Some(Err(error)) => return Err(error),
            None => return Err(ErrorKind::NotConnected.into()),
        };
        self.unsent.extend_from_slice(&request[written..]);
        self.watch(epoll)
    }

    /// Sends what is left of a request.
    pub(super) fn flush(&mut self, epoll: &OwnedFd) -> io::Result<()> {
        while let Some(socket) = self.socket.as_mut()
            && !self.unsent.is_empty()
        {
            match socket.write(&self.unsent) {
                Ok(written) => drop(self.unsent.drain(..written)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        self.watch(epoll)
    }

    /// Reads what has come; the answer and what it answers, once it is whole.
    pub(super) fn receive(&mut self) -> io::Result<Option<(Response, InFlight, Vec<u8>)>> {
        let mut buffer = [0; READ_BUFFER];
        let Some(socket) = self.socket.as_mut() else {
            return Ok(None);
        };
        match socket.read(&mut buffer) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(length) => self.received.extend_from_slice(&buffer[..length]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
            Err(error) => return Err(error),
        }
        let Some(response) = Response::read(&self.received) else {
            return Ok(None);
        };
        let answer = self.received.drain(..response.length).collect();
        Ok(self.in_flight.take().map(|in_flight| (response, in_flight, answer)))
    }

    /// Gives the connection up; answers what was in flight on it.
    pub(super) fn close(&mut self) -> Option<InFlight> {
        let lost = self.in_flight.take();
        *self = Self::vacant(self.index);
        lost
    }

    /// Asks the epoll for room to write exactly while something is unsent.
    fn watch(&mut self, epoll: &OwnedFd) -> io::Result<()> {
        let waits = !self.unsent.is_empty();
        if let Some(socket) = self.socket.as_ref()
            && waits != self.waits_for_room
        {
            let room = if waits { epoll::EventFlags::OUT } else { epoll::EventFlags::empty() };
            epoll::modify(epoll, socket, epoll::EventData::new_u64(self.index), epoll::EventFlags::IN | room)?;
            self.waits_for_room = waits;
        }
        Ok(())
    }
}
