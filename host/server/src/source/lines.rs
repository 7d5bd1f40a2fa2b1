//! Lines of a pipe, each of bounded length. What is longer is passed over and told, and the next line is read as ever.

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio_util::codec::{AnyDelimiterCodec, Decoder};

use crate::limits::SOURCE_READ_BYTES;

/// A pipe that is read by lines.
pub(super) struct Lines<R> {
    /// None at its end.
    from: Option<R>,
    codec: AnyDelimiterCodec,
    buffer: BytesMut,
    /// Nothing more comes.
    done: bool,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Line {
    /// Without its end.
    Text(Bytes),
    /// Longer than lines may be.
    TooLong,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(super) fn new(from: R, line_max: usize) -> Self {
        let codec = AnyDelimiterCodec::new_with_max_length(b"\n".to_vec(), Vec::new(), line_max);
        Self { from: Some(from), codec, buffer: BytesMut::new(), done: false }
    }

    /// Whether there will be no more lines.
    pub(super) fn is_done(&self) -> bool {
        self.done
    }

    /// The next line; none at the end. Nothing is lost if it is not awaited to its end.
    pub(super) async fn next(&mut self) -> Option<Line> {
        loop {
            let found = match self.from {
                Some(_) => self.codec.decode(&mut self.buffer),
                None => self.codec.decode_eof(&mut self.buffer),
            };
            match found {
                // A copy: a short line must not keep the buffer of a long one.
                Ok(Some(line)) => return Some(Line::Text(Bytes::copy_from_slice(&line))),
                Err(_) => return Some(Line::TooLong),
                Ok(None) => {}
            }
            let Some(from) = &mut self.from else {
                self.done = true;
                return None;
            };
            self.buffer.reserve(SOURCE_READ_BYTES);
            // One that cannot be read any more is at its end.
            if from.read_buf(&mut self.buffer).await.unwrap_or(0) == 0 {
                self.from = None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn lines(bytes: &[u8], line_max: usize) -> Vec<Line> {
        let mut lines = Lines::new(bytes, line_max);
        let mut found = Vec::new();
        while let Some(line) = lines.next().await {
            found.push(line);
        }
        assert!(lines.is_done());
        found
    }

    #[tokio::test]
    async fn long_lines_are_passed_over_and_the_others_are_there() {
        let text = |text: &'static [u8]| Line::Text(Bytes::from_static(text));
        assert_eq!(lines(b"a\n\nbc", 2).await, [text(b"a"), text(b""), text(b"bc")]);
        assert_eq!(lines(b"a\nbcd\ne\n", 2).await, [text(b"a"), Line::TooLong, text(b"e")]);
        assert_eq!(lines(b"bcd", 2).await, [Line::TooLong]);
        assert_eq!(lines(b"", 2).await, []);
        let long = [vec![b'x'; 10 << 20], b"\nnext\n".to_vec()].concat();
        assert_eq!(lines(&long, 1 << 10).await, [Line::TooLong, text(b"next")]);
    }
}
