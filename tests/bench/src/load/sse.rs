//! Server-Sent Events on the receiving side: bytes to lines, lines to events, the marker out of `data` lines.
//! Must not know HTTP; bytes may be cut anywhere.

use memchr::memchr;

use super::marker::Marker;

/// A line longer than this is no event of ours (the largest has some 10 KB).
const LONGEST_LINE: usize = 4 << 20;

/// Takes what a stream consists of.
pub(super) trait Receiver {
    /// An event with a marker.
    fn event(&mut self, marker: Marker);
    /// A comment line.
    fn comment(&mut self);
    /// An event without a marker.
    fn other_event(&mut self);
}

/// The state between two pieces of one stream.
#[derive(Debug, Default)]
pub(super) struct SseParser {
    partial: Vec<u8>,
    marker: Option<Marker>,
    has_fields: bool,
}

impl SseParser {
    /// Takes the next bytes; false when a line has no end.
    #[inline]
    pub(super) fn feed(&mut self, mut bytes: &[u8], receiver: &mut impl Receiver) -> bool {
        if !self.partial.is_empty() {
            let Some(end) = memchr(b'\n', bytes) else {
                self.partial.extend_from_slice(bytes);
                return self.partial.len() <= LONGEST_LINE;
            };
            let mut line = std::mem::take(&mut self.partial);
            line.extend_from_slice(&bytes[..end]);
            self.line(&line, receiver);
            line.clear();
            self.partial = line; // keeps its allocation
            bytes = &bytes[end + 1..];
        }
        while let Some(end) = memchr(b'\n', bytes) {
            self.line(&bytes[..end], receiver);
            bytes = &bytes[end + 1..];
        }
        self.partial.extend_from_slice(bytes);
        self.partial.len() <= LONGEST_LINE
    }

    #[inline]
    fn line(&mut self, line: &[u8], receiver: &mut impl Receiver) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match line.first() {
            None => {
                match self.marker.take() {
                    Some(marker) => receiver.event(marker),
                    None if self.has_fields => receiver.other_event(),
                    None => {}
                }
                self.has_fields = false;
            }
            Some(b':') => receiver.comment(),
            Some(_) => {
                self.has_fields = true;
                if self.marker.is_none() && line.starts_with(b"data") {
                    self.marker = Marker::find(line);
                }
            }
        }
    }
}
