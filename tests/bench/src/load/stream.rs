//! One subscription's HTTP response: the head, then the body plain or in chunks, passed on as Server-Sent Events.
//! Bytes may be cut anywhere. Must not know sockets.

use memchr::memmem;

use super::sse::{Receiver, SseParser};

/// A response head longer than this is none.
const LONGEST_HEAD: usize = 64 << 10;

/// A response to `GET` that does not end.
#[derive(Debug, Default)]
pub(super) struct EventStream {
    body: Body,
    head: Vec<u8>,
    status: u16,
    events: SseParser,
}

/// Where in the response the next byte stands.
#[derive(Debug, Default, PartialEq)]
enum Body {
    #[default]
    Head,
    Plain,
    Chunked(Chunk),
    Ended,
}

/// Where in a chunk the next byte stands.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Chunk {
    Size(usize),
    Extension(usize),
    Data(usize),
    /// The line end after a chunk's data.
    Close,
}

impl EventStream {
    /// Takes the next bytes; false when this is no event stream or no longer one.
    pub(super) fn feed(&mut self, mut bytes: &[u8], receiver: &mut impl Receiver) -> bool {
        if self.body == Body::Head {
            let before = self.head.len();
            self.head.extend_from_slice(bytes);
            let from = before.saturating_sub(3);
            let Some(at) = memmem::find(&self.head[from..], b"\r\n\r\n") else {
                return self.head.len() <= LONGEST_HEAD;
            };
            let end = from + at + 4;
            self.read_head(end);
            self.head = Vec::new();
            if self.status != 200 {
                return false;
            }
            bytes = &bytes[end - before..];
        }
        match self.body {
            Body::Plain => self.events.feed(bytes, receiver),
            Body::Chunked(chunk) => self.feed_chunks(chunk, bytes, receiver),
            Body::Head | Body::Ended => false,
        }
    }

    /// Whether the head has arrived.
    pub(super) fn is_open(&self) -> bool {
        self.body != Body::Head
    }

    /// The status of the response; 0 before the head has arrived.
    pub(super) fn status(&self) -> u16 {
        self.status
    }

    fn read_head(&mut self, end: usize) {
        let head = String::from_utf8_lossy(&self.head[..end]).to_ascii_lowercase();
        self.status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        let chunked = head.lines().any(|line| line.starts_with("transfer-encoding:") && line.contains("chunked"));
        self.body = if chunked { Body::Chunked(Chunk::Size(0)) } else { Body::Plain };
    }

    fn feed_chunks(&mut self, mut chunk: Chunk, mut bytes: &[u8], receiver: &mut impl Receiver) -> bool {
        while let Some((&byte, rest)) = bytes.split_first() {
            if let Chunk::Data(left) = chunk {
                let (data, rest) = bytes.split_at(left.min(bytes.len()));
                if !self.events.feed(data, receiver) {
                    return false;
                }
                bytes = rest;
                chunk = if data.len() == left { Chunk::Close } else { Chunk::Data(left - data.len()) };
                continue;
            }
            bytes = rest;
            chunk = match (chunk, byte) {
                (Chunk::Size(0) | Chunk::Extension(0), b'\n') => {
                    self.body = Body::Ended;
                    return false;
                }
                (Chunk::Size(size) | Chunk::Extension(size), b'\n') => Chunk::Data(size),
                (Chunk::Size(size), _) => match char::from(byte).to_digit(16) {
                    Some(digit) => Chunk::Size(size.saturating_mul(16).saturating_add(digit as usize)),
                    None => Chunk::Extension(size), // also the carriage return
                },
                (Chunk::Close, b'\n') => Chunk::Size(0),
                (other, _) => other,
            };
        }
        self.body = Body::Chunked(chunk);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::super::marker::{Marker, SLOT};
    use super::*;

    #[derive(Debug, Default, PartialEq)]
    struct Seen {
        markers: Vec<Marker>,
        comments: usize,
        others: usize,
    }

    impl Receiver for Seen {
        fn event(&mut self, marker: Marker) {
            self.markers.push(marker);
        }
        fn comment(&mut self) {
            self.comments += 1;
        }
        fn other_event(&mut self) {
            self.others += 1;
        }
    }

    const EVENTS: u64 = 50;

    fn marker(number: u64) -> Marker {
        Marker { sequence: number, due_ns: number * 7 }
    }

    fn slot(number: u64) -> String {
        let mut slot = SLOT.as_bytes().to_vec();
        marker(number).write(&mut slot);
        String::from_utf8(slot).unwrap()
    }

    /// Events as the host writes them, events with CRLF and two data lines, events of others, comments.
    fn body() -> Vec<u8> {
        let mut text = ":hi\n\n".to_owned();
        for number in 0..EVENTS {
            let slot = slot(number);
            text += &match number % 2 {
                0 => format!("id: 7.{number}\nevent: github.ping\ndata: {{\"zen\":\"{slot}\",\"pad\":\"a@b@@c\"}}\n\n"),
                _ => format!("id: {number}\r\ndata: first\r\ndata: {slot}\r\n\r\n"),
            };
            text += ": beat\n\nevent: x@@\ndata: y\n\n";
        }
        text.into_bytes()
    }

    fn expected() -> Seen {
        Seen { markers: (0..EVENTS).map(marker).collect(), comments: 51, others: 50 }
    }

    fn check(wire: &[u8], step: usize) {
        let (mut stream, mut seen) = (EventStream::default(), Seen::default());
        for piece in wire.chunks(step) {
            assert!(stream.feed(piece, &mut seen), "step {step}");
        }
        assert_eq!(seen, expected(), "step {step}");
        assert!(stream.is_open());
    }

    fn plain() -> Vec<u8> {
        [b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n".to_vec(), body()].concat()
    }

    fn chunked(size: usize) -> Vec<u8> {
        let mut wire = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n".to_vec();
        for (number, chunk) in body().chunks(size).enumerate() {
            let extension = if number % 3 == 0 { ";name=7" } else { "" };
            wire.extend(format!("{:X}{extension}\r\n", chunk.len()).bytes());
            wire.extend_from_slice(chunk);
            wire.extend_from_slice(b"\r\n");
        }
        wire
    }

    #[test]
    fn plain_and_chunked_streams_cut_at_every_step() {
        for step in 1..200 {
            check(&plain(), step);
            for size in [1, 7, 64, 1000] {
                check(&chunked(size), step);
            }
        }
    }

    #[test]
    fn every_single_cut() {
        let wire = chunked(97);
        for at in 0..wire.len() {
            let (mut stream, mut seen) = (EventStream::default(), Seen::default());
            assert!(stream.feed(&wire[..at], &mut seen) && stream.feed(&wire[at..], &mut seen));
            assert_eq!(seen, expected(), "cut at {at}");
        }
    }

    #[test]
    fn refusals_and_the_last_chunk_end_the_stream() {
        let (mut stream, mut seen) = (EventStream::default(), Seen::default());
        assert!(!stream.feed(b"HTTP/1.1 503 Busy\r\n\r\n", &mut seen));
        assert_eq!(stream.status(), 503);
        let mut stream = EventStream::default();
        let end = [chunked(64), b"0\r\n\r\n".to_vec()].concat();
        assert!(!stream.feed(&end, &mut seen));
        assert_eq!(seen, expected());
    }
}
