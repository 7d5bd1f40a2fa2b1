//! A look at a fresh connection: whether it begins with a plain request for a stream.

use std::io;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Method, Request, Uri, Version, header};
use bytes::BytesMut;
use rustix::net::RecvFlags;
use tokio::io::{AsyncRead, AsyncReadExt, Interest};
use tokio::net::TcpStream;

/// Bytes of a head that is looked at; a longer one is hyper's.
const HEAD_MAX: usize = 8 << 10;
/// Bytes of most heads.
const HEAD_USUAL: usize = 1 << 10;
/// Headers of a request that is looked at.
const HEADERS_MAX: usize = 64;
/// What makes a request more than a plain one: another protocol, a body, or an answer before it.
const NOT_PLAIN: [HeaderName; 4] = [header::UPGRADE, header::EXPECT, header::CONTENT_LENGTH, header::TRANSFER_ENCODING];

/// What a fresh connection begins with.
#[derive(Debug)]
pub(crate) enum Look {
    /// A plain request for a stream, its head so many bytes long, and nothing after it.
    Stream(Box<Request<Body>>, usize),
    /// Something else, or nothing that can be told.
    Other,
}

/// Looks until it can be told, and reads nothing. The caller bounds the time.
/// `is_stream` knows the paths of streams.
pub(crate) async fn look(socket: &TcpStream, is_stream: &(dyn Fn(&str) -> bool + Sync)) -> io::Result<Look> {
    Ok(peek(socket, |bytes| judge(bytes, is_stream)).await?.unwrap_or(Look::Other))
}

/// The same for another judge, who says nothing while it takes more bytes. None: there are no more.
pub(crate) async fn peek<T>(socket: &TcpStream, judge: impl Fn(&[u8]) -> Option<T>) -> io::Result<Option<T>> {
    let mut seen = 0;
    loop {
        if socket.ready(Interest::READABLE).await?.is_read_closed() {
            return Ok(None);
        }
        let looked = socket.try_io(Interest::READABLE, || {
            let mut head = [0; HEAD_MAX];
            let (length, _) = rustix::net::recv(socket, &mut head, RecvFlags::PEEK)?;
            // Bytes that are only looked at leave the socket readable: to say that it is not waits for more of them.
            if length == seen {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            seen = length;
            Ok(judge(&head[..length]))
        });
        match looked {
            Ok(Some(told)) => return Ok(Some(told)),
            Ok(None) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

/// The same where nothing can be looked at without reading it: over TLS. What was read is there for whoever comes next.
pub(crate) async fn read(
    stream: &mut (impl AsyncRead + Unpin),
    is_stream: &(dyn Fn(&str) -> bool + Sync),
) -> io::Result<(Look, BytesMut)> {
    let mut head = BytesMut::with_capacity(HEAD_USUAL);
    while head.len() < HEAD_MAX {
        if stream.read_buf(&mut head).await? == 0 {
            break;
        }
        if let Some(look) = judge(&head, is_stream) {
            return Ok((look, head));
        }
    }
    Ok((Look::Other, head))
}

/// What a connection begins with; none if that takes more bytes.
fn judge(bytes: &[u8], is_stream: &dyn Fn(&str) -> bool) -> Option<Look> {
    let get = b"GET /";
    let known = bytes.len().min(get.len());
    if bytes.is_empty() || bytes[..known] != get[..known] {
        return Some(Look::Other);
    }
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut parsed = httparse::Request::new(&mut headers);
    let status = parsed.parse(bytes);
    if parsed.path.is_some_and(|target| !is_stream(target.split('?').next().unwrap_or_default())) {
        return Some(Look::Other);
    }
    match status {
        Ok(httparse::Status::Partial) if bytes.len() < HEAD_MAX => None,
        Ok(httparse::Status::Complete(length)) if length == bytes.len() => {
            Some(request(&parsed).map_or(Look::Other, |request| Look::Stream(Box::new(request), length)))
        }
        _ => Some(Look::Other),
    }
}

/// A parsed request, if it is plain.
fn request(parsed: &httparse::Request<'_, '_>) -> Option<Request<Body>> {
    let mut request = Request::new(Body::empty());
    *request.method_mut() = Method::GET;
    *request.uri_mut() = Uri::try_from(parsed.path?).ok()?;
    if parsed.version? != 1 {
        return None;
    }
    *request.version_mut() = Version::HTTP_11;
    for header in &*parsed.headers {
        let name = HeaderName::from_bytes(header.name.as_bytes()).ok()?;
        request.headers_mut().append(name, HeaderValue::from_bytes(header.value).ok()?);
    }
    let headers = request.headers();
    let stays = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"keep-alive");
    let plain = headers.contains_key(header::HOST)
        && headers.get_all(header::CONNECTION).iter().all(stays)
        && NOT_PLAIN.iter().all(|name| !headers.contains_key(name));
    plain.then_some(request)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sse;
    use proptest::prelude::*;

    const PLAIN: &str =
        "GET /events?types=a.* HTTP/1.1\r\nHost: x\r\nLast-Event-ID: 7.9\r\nConnection: Keep-Alive\r\n\r\n";

    fn judge(bytes: &[u8]) -> Option<Look> {
        super::judge(bytes, &|path| path == sse::PATH)
    }

    #[test]
    fn streams_are_where_they_are_said_to_be() {
        let other = PLAIN.replace("/events", "/sse");
        let look = |path: &'static str| super::judge(other.as_bytes(), &|own| own == path);
        assert!(matches!(look("/sse"), Some(Look::Stream(..))) && matches!(look("/events"), Some(Look::Other)));
    }

    #[test]
    fn a_plain_request_is_recognised_with_its_last_byte() {
        for length in 1..PLAIN.len() {
            assert!(judge(&PLAIN.as_bytes()[..length]).is_none(), "{length}");
        }
        let Some(Look::Stream(request, length)) = judge(PLAIN.as_bytes()) else { panic!("not recognised") };
        assert_eq!((length, request.uri().query()), (PLAIN.len(), Some("types=a.*")));
        assert_eq!((request.version(), request.headers()["last-event-id"].as_bytes()), (Version::HTTP_11, &b"7.9"[..]));
    }

    #[test]
    fn whatever_is_unusual_is_not() {
        let cases = [
            PLAIN.replace("GET", "HEAD"),
            PLAIN.replace("GET", "get"),
            PLAIN.replace("/events?", "/events/poll?"),
            PLAIN.replace("/events", "/"),
            PLAIN.replace("/events", "http://x/events"),
            PLAIN.replace("1.1", "1.0"),
            PLAIN.replace("Host", "Hose"),
            PLAIN.replace("Keep-Alive", "close"),
            PLAIN.replace("Keep-Alive", "keep-alive, upgrade"),
            PLAIN.replace("Last-Event-ID: 7.9", "Upgrade: h2c"),
            PLAIN.replace("Last-Event-ID: 7.9", "Expect: 100-continue"),
            PLAIN.replace("Last-Event-ID: 7.9", "Content-Length: 0"),
            PLAIN.replace("Last-Event-ID: 7.9", "Transfer-Encoding: chunked"),
            PLAIN.replace("Last-Event-ID", "Last Event ID"),
            PLAIN.replace("Host: x\r\n", &"A: b\r\n".repeat(HEADERS_MAX)),
            PLAIN.replace("7.9", &"9".repeat(HEAD_MAX)),
            format!("{PLAIN}GET / HTTP/1.1\r\n\r\n"),
            "\r\n".to_owned() + PLAIN,
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
            "\u{16}\u{3}\u{1}".to_owned(),
        ];
        for case in cases {
            let seen = &case.as_bytes()[..case.len().min(HEAD_MAX)];
            assert!(matches!(judge(seen), Some(Look::Other)), "{case}");
        }
    }

    #[test]
    fn other_paths_are_told_from_the_first_line() {
        assert!(matches!(judge(b"GET /plugins HTTP/1.1\r\n"), Some(Look::Other)));
        assert!(matches!(judge(b"POST /ev"), Some(Look::Other)));
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_strange(bytes in prop::collection::vec(any::<u8>(), 0..200), cut in 0_usize..PLAIN.len()) {
            let mixed = [&PLAIN.as_bytes()[..cut], &bytes].concat();
            let _ = judge(&mixed);
        }
    }
}
