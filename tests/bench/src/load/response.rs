//! Answers to publish requests: where one ends, and what it says. Must not know connections.

use memchr::memmem;

/// A whole answer at the start of a buffer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Response {
    /// Its length, head and body.
    pub(super) length: usize,
    pub(super) status: u16,
    /// The server closes the connection after it.
    pub(super) closes: bool,
}

impl Response {
    /// The first answer, once all of it is there.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let body = memmem::find(bytes, b"\r\n\r\n")? + 4;
        let head = std::str::from_utf8(&bytes[..body]).ok()?;
        let status = head.get(9..12)?.parse().ok()?;
        let value = |name: &str| {
            let mut fields = head.lines().filter_map(|line| line.split_once(':'));
            fields.find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
        };
        let length = if matches!(status, 204 | 304) {
            body
        } else if value("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
            body + chunked_length(&bytes[body..])?
        } else {
            body + value("content-length").map_or(Some(0), |length| length.parse().ok())?
        };
        let closes = value("connection").is_some_and(|option| option.eq_ignore_ascii_case("close"));
        (bytes.len() >= length).then_some(Self { length, status, closes })
    }

    /// Whether the server took the events.
    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// The length of a chunked body without trailers.
fn chunked_length(body: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let line = memmem::find(body.get(at..)?, b"\r\n")?;
        let size = std::str::from_utf8(&body[at..at + line]).ok()?.split(';').next()?;
        let size = usize::from_str_radix(size.trim(), 16).ok()?;
        at = at.checked_add(line + 2 + 2)?.checked_add(size)?;
        if size == 0 {
            return Some(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_taken_only_when_whole() {
        let cases: [(&[u8], u16); 4] = [
            (b"HTTP/1.1 204 No Content\r\n\r\n", 204),
            (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", 200),
            (b"HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 202),
            (b"HTTP/1.1 429 Too Many\r\nContent-Length: 0\r\n\r\n", 429),
        ];
        for (bytes, status) in cases {
            let twice = [bytes, bytes].concat();
            let response = Response::read(&twice).unwrap();
            assert_eq!((response.length, response.status, response.closes), (bytes.len(), status, false));
            for cut in 0..bytes.len() {
                assert_eq!(Response::read(&bytes[..cut]), None, "{status} cut at {cut}");
            }
        }
        let closing = Response::read(b"HTTP/1.1 500 Oh\r\nConnection: Close\r\nContent-Length: 0\r\n\r\n").unwrap();
        assert!(closing.closes && !closing.is_success());
    }
}
