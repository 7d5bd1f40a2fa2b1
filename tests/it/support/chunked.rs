//! The chunked coding of HTTP/1.1, read strictly: whatever a server may not write is a failed test.

/// Where in the coding a reader is.
#[derive(Debug, Default)]
pub(crate) enum Chunked {
    /// Before the line that says how long the next chunk is.
    #[default]
    Size,
    /// So many bytes of the chunk are still to come.
    Data(usize),
    /// Before the line end that follows a chunk, or the empty line that ends the body.
    End { last: bool },
    /// After the body.
    Over,
}

impl Chunked {
    /// Moves what is understood from one buffer to the other.
    pub(crate) fn decode(&mut self, raw: &mut Vec<u8>, body: &mut Vec<u8>) {
        loop {
            match self {
                Self::Size => {
                    let Some(end) = raw.windows(2).position(|two| two == b"\r\n") else {
                        assert!(raw.len() < 16, "no size of a chunk: {}", String::from_utf8_lossy(raw));
                        return;
                    };
                    let line = std::str::from_utf8(&raw[..end]).unwrap();
                    // `from_str_radix` would take a sign.
                    assert!(line.bytes().all(|byte| byte.is_ascii_hexdigit()), "the size of a chunk is {line:?}");
                    let size = usize::from_str_radix(line, 16).unwrap_or_else(|_| panic!("a chunk of {line:?} bytes"));
                    raw.drain(..end + 2);
                    *self = if size == 0 { Self::End { last: true } } else { Self::Data(size) };
                }
                Self::Data(left) => {
                    let count = raw.len().min(*left);
                    body.extend(raw.drain(..count));
                    *left -= count;
                    if *left > 0 {
                        return;
                    }
                    *self = Self::End { last: false };
                }
                Self::End { last } => {
                    if raw.len() < 2 {
                        return;
                    }
                    let end: Vec<u8> = raw.drain(..2).collect();
                    assert_eq!(end, b"\r\n", "a chunk is longer than it said");
                    *self = if *last { Self::Over } else { Self::Size };
                }
                Self::Over => return,
            }
        }
    }

    pub(crate) fn is_over(&self) -> bool {
        matches!(self, Self::Over)
    }
}

#[test]
fn a_chunked_body_is_read_wherever_it_is_cut() {
    let whole = b"3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\nnext";
    for cut in 0..=whole.len() {
        let (mut chunked, mut raw, mut body) = (Chunked::default(), whole[..cut].to_vec(), Vec::new());
        chunked.decode(&mut raw, &mut body);
        raw.extend_from_slice(&whole[cut..]);
        chunked.decode(&mut raw, &mut body);
        assert_eq!((body.as_slice(), raw.as_slice(), chunked.is_over()), (&b"abc0123456789"[..], &b"next"[..], true));
    }
}
