//! The head of an answer as bytes (RFC 9112, section 4), as hyper would write it.

use std::io::Write;
use std::time::SystemTime;

use axum::body::Body;
use axum::http::{Response, header};

/// The status line and all headers, for a body in chunked coding.
pub(super) fn write(response: &Response<Body>) -> Vec<u8> {
    let status = response.status();
    let mut head = Vec::with_capacity(256);
    // Writing to a Vec does not fail.
    let _ = write!(head, "HTTP/1.1 {} {}\r\n", status.as_str(), status.canonical_reason().unwrap_or_default());
    for (name, value) in response.headers() {
        if name != header::TRANSFER_ENCODING && name != header::CONTENT_LENGTH {
            head.extend_from_slice(name.as_str().as_bytes());
            head.extend_from_slice(b": ");
            head.extend_from_slice(value.as_bytes());
            head.extend_from_slice(b"\r\n");
        }
    }
    head.extend_from_slice(b"transfer-encoding: chunked\r\n");
    if !response.headers().contains_key(header::DATE) {
        let _ = write!(head, "date: {}\r\n", httpdate::fmt_http_date(SystemTime::now()));
    }
    head.extend_from_slice(b"\r\n");
    head
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_go_out_as_they_are_and_the_body_is_chunked() {
        let response = Response::builder().header("set-cookie", "a").header("set-cookie", "b").header("date", "x");
        let head = write(&response.header("content-length", "0").body(Body::empty()).unwrap());
        let expected =
            "HTTP/1.1 200 OK\r\nset-cookie: a\r\nset-cookie: b\r\ndate: x\r\ntransfer-encoding: chunked\r\n\r\n";
        assert_eq!(String::from_utf8(head).unwrap(), expected);
    }
}
