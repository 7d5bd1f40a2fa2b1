//! Bytes on their way to a socket that takes as many as it likes.

use std::io::{self, IoSlice, Write};

use bytes::Bytes;

use crate::limits::{LANE_FRAMED_BYTES_MAX, LANE_FRAMED_MAX};

/// Bytes as they are, or as one chunk of a body in chunked coding (RFC 9112, section 7.1).
#[derive(Debug)]
pub(super) struct Piece {
    bytes: Bytes,
    chunk: bool,
    sent: usize,
}

impl Piece {
    /// Bytes as they are.
    pub(super) const fn raw(bytes: Bytes) -> Self {
        Self { bytes, chunk: false, sent: 0 }
    }

    /// A chunk. One without bytes ends the body.
    pub(super) const fn chunk(bytes: Bytes) -> Self {
        Self { bytes, chunk: true, sent: 0 }
    }

    /// Writes until all is written or the socket takes no more; whether all is. With an edge-triggered poll only the
    /// latter means that there will be an event.
    pub(super) fn write(&mut self, mut socket: impl Write) -> io::Result<bool> {
        let mut line = [0; 18];
        let (line, end) =
            if self.chunk { (size_line(self.bytes.len(), &mut line), &b"\r\n"[..]) } else { (&[][..], &[][..]) };
        let length = line.len() + self.bytes.len() + end.len();
        while self.sent < length {
            let mut slices = [IoSlice::new(line), IoSlice::new(&self.bytes), IoSlice::new(end)];
            let mut left = &mut slices[..];
            IoSlice::advance_slices(&mut left, self.sent);
            match socket.write_vectored(left) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(sent) => self.sent += sent,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        match socket.flush() {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Small chunks that were written last, with what stands around them: many sockets get the same, and one run of bytes is
/// cheaper to write than three.
#[derive(Debug, Default)]
pub(super) struct Framed(Vec<(Bytes, Bytes)>);

impl Framed {
    /// A chunk, ready to be written.
    pub(super) fn chunk(&mut self, bytes: Bytes) -> Piece {
        if bytes.is_empty() || bytes.len() > LANE_FRAMED_BYTES_MAX {
            return Piece::chunk(bytes);
        }
        let same = |(known, _): &&(Bytes, Bytes)| known.as_ptr() == bytes.as_ptr() && known.len() == bytes.len();
        if let Some((_, framed)) = self.0.iter().find(same) {
            return Piece::raw(framed.clone());
        }
        let mut framed = Vec::with_capacity(bytes.len() + 20);
        framed.extend_from_slice(size_line(bytes.len(), &mut [0; 18]));
        framed.extend_from_slice(&bytes);
        framed.extend_from_slice(b"\r\n");
        let framed = Bytes::from(framed);
        if self.0.len() == LANE_FRAMED_MAX {
            self.0.remove(0);
        }
        // The bytes are held, so that no others can be in their place.
        self.0.push((bytes, framed.clone()));
        Piece::raw(framed)
    }

    /// Lets go of them.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

/// The line that says how long a chunk is.
fn size_line(size: usize, line: &mut [u8; 18]) -> &[u8] {
    let mut rest = &mut line[..];
    // 16 digits and the end of the line fit.
    let _ = write!(rest, "{size:x}\r\n");
    let left = rest.len();
    &line[..18 - left]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes so many bytes at a time, and then none once.
    struct Narrow(Vec<u8>, usize, bool);

    impl Write for Narrow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.2 = !self.2;
            if !self.2 {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            let taken = bytes.len().min(self.1);
            self.0.extend_from_slice(&bytes[..taken]);
            Ok(taken)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn pieces_arrive_whole_however_little_is_taken() {
        for width in 1..24 {
            let mut socket = Narrow(Vec::new(), width, false);
            let pieces = [
                Piece::raw(Bytes::from_static(b"head")),
                Piece::chunk(Bytes::from_static(b"id: 1.12345\n\n")),
                Piece::chunk(Bytes::new()),
            ];
            for mut piece in pieces {
                while !piece.write(&mut socket).unwrap() {}
            }
            assert_eq!(socket.0, b"headd\r\nid: 1.12345\n\n\r\n0\r\n\r\n", "{width} at a time");
        }
    }

    #[test]
    fn small_chunks_are_framed_once_and_alike() {
        let (mut framed, mut small, mut large) = (Framed::default(), Vec::new(), Vec::new());
        let bytes = Bytes::from_static(b"data: x\n\n");
        let (mut one, mut two) = (framed.chunk(bytes.clone()), framed.chunk(bytes.clone()));
        assert_eq!(one.bytes.as_ptr(), two.bytes.as_ptr());
        assert!(one.write(&mut small).unwrap() && two.write(&mut small).unwrap());
        let mut plain = Piece::chunk(bytes);
        assert!(plain.write(&mut large).unwrap());
        assert_eq!(small, [&large[..], &large[..]].concat());
        for n in 0..2 * LANE_FRAMED_MAX {
            framed.chunk(Bytes::from(n.to_string()));
        }
        framed.chunk(Bytes::from(vec![0; LANE_FRAMED_BYTES_MAX + 1]));
        assert_eq!(framed.0.len(), LANE_FRAMED_MAX);
    }

    #[test]
    fn sizes_are_hexadecimal() {
        assert_eq!(size_line(usize::MAX, &mut [0; 18]), b"ffffffffffffffff\r\n");
        assert_eq!(size_line(0x1a0, &mut [0; 18]), b"1a0\r\n");
    }
}
