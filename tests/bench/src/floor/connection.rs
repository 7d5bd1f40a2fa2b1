//! One connection of the floor: its socket, how far it got, and just enough HTTP. Must not know other connections.

use std::io::{ErrorKind, Write as _};
use std::net::TcpStream;
use std::ops::Range;

use memchr::memmem;

const STREAM_HEAD: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n\r\n";
const ANSWER: &[u8] = b"HTTP/1.1 204 No Content\r\n\r\n";

/// What a connection turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing was asked yet, or it publishes.
    Publisher,
    /// It gets events.
    Subscriber,
}

/// A connection.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) socket: TcpStream,
    pub(super) kind: Kind,
    pub(super) received: Vec<u8>,
    /// What it has got, as a place in the whole stream.
    pub(super) offset: u64,
    /// Its socket takes no more; the epoll says when it does.
    pub(super) blocked: bool,
}

impl Connection {
    pub(super) fn new(socket: TcpStream) -> Self {
        Self { socket, kind: Kind::Publisher, received: Vec::new(), offset: 0, blocked: false }
    }

    /// Makes it a subscriber from here on.
    pub(super) fn subscribe(&mut self, offset: u64) {
        self.kind = Kind::Subscriber;
        self.received = Vec::new();
        self.offset = offset;
        // The first write on a socket always fits; a broken one shows at the next.
        self.socket.write_all(STREAM_HEAD).ok();
    }

    /// Answers so many requests.
    pub(super) fn answer(&mut self, requests: usize) {
        match requests {
            0 => {}
            1 => drop(self.socket.write_all(ANSWER)),
            _ => drop(self.socket.write_all(&ANSWER.repeat(requests))),
        }
    }

    /// Writes the log up to a place in the whole stream; false when the connection is gone.
    pub(super) fn push(&mut self, log: &[u8], base: u64, to: u64) -> bool {
        while self.offset < to {
            match self.socket.write(&log[(self.offset - base) as usize..(to - base) as usize]) {
                // A short write says that the buffer is full; the next attempt arms the edge.
                Ok(written) => self.offset += written as u64,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.blocked = true;
                    return true;
                }
                Err(_) => return false,
            }
        }
        true
    }
}

/// A whole request at the start of a buffer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Request {
    Subscribe { end: usize },
    Publish { body: Range<usize>, lines: bool },
}

impl Request {
    /// The first request, once all of it is there.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let start = memmem::find(bytes, b"\r\n\r\n")? + 4;
        if bytes.starts_with(b"GET") {
            return Some(Self::Subscribe { end: start });
        }
        let (mut length, mut lines) = (0, false);
        for field in bytes[..start].split(|byte| *byte == b'\n') {
            if let Some(value) = field_value(field, b"content-length:") {
                length = value.trim().parse().ok()?;
            } else if let Some(value) = field_value(field, b"content-type:") {
                lines = value.contains("ndjson");
            }
        }
        (bytes.len() >= start + length).then_some(Self::Publish { body: start..start + length, lines })
    }

    /// Its length.
    pub(super) fn length(&self) -> usize {
        match self {
            Self::Subscribe { end } => *end,
            Self::Publish { body, .. } => body.end,
        }
    }
}

fn field_value<'a>(field: &'a [u8], name: &[u8]) -> Option<&'a str> {
    let (start, value) = field.split_at_checked(name.len())?;
    start.eq_ignore_ascii_case(name).then(|| std::str::from_utf8(value).ok())?
}
