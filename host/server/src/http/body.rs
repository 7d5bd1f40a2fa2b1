//! Reads a request's body within its bounds.

use axum::body::Body;
use axum::http::{HeaderMap, header};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;

use crate::limits::{BODY_TIME_MAX, DISCARDED_BYTES_MAX};
use crate::problem::{Kind, Problem};

/// The whole body, or why not.
pub(crate) async fn read(headers: &HeaderMap, body: Body, max: usize) -> Result<Bytes, Problem> {
    // Never unpacked: a few bytes could become as many as there is memory for.
    if let Some(encoding) = headers.get(header::CONTENT_ENCODING).filter(|encoding| *encoding != "identity") {
        let detail = format!("the body is encoded as {encoding:?}; send it as it is, without `Content-Encoding`");
        return Err(Problem::new(Kind::UnsupportedMediaType, detail).at("content-encoding"));
    }
    match tokio::time::timeout(BODY_TIME_MAX, read_all(headers, body, max)).await {
        Ok(read) => read,
        Err(_) => Err(Problem::new(Kind::RequestTimeout, format!("the body did not arrive within {BODY_TIME_MAX:?}"))),
    }
}

async fn read_all(headers: &HeaderMap, mut body: Body, max: usize) -> Result<Bytes, Problem> {
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let mut fits = announced.is_none_or(|length| length <= max as u64);
    let (mut first, mut all, mut length) = (Bytes::new(), BytesMut::new(), 0);
    while let Some(frame) = body.frame().await {
        let frame =
            frame.map_err(|error| Problem::new(Kind::BadRequest, format!("the body did not arrive whole: {error}")))?;
        let Ok(data) = frame.into_data() else { continue };
        length += data.len();
        fits &= length <= max;
        if !fits && length > DISCARDED_BYTES_MAX {
            break;
        }
        match (fits, first.is_empty()) {
            // Read to its end all the same: a client that is still sending does not see an answer.
            (false, _) => {}
            // Most bodies come in one piece, which needs no copy.
            (true, true) => first = data,
            (true, false) => {
                if all.is_empty() {
                    all.extend_from_slice(&first);
                }
                all.extend_from_slice(&data);
            }
        }
    }
    if !fits {
        let detail = format!("the body has more than {max} bytes, which is the most; send fewer events at a time");
        return Err(Problem::new(Kind::TooLarge, detail));
    }
    Ok(if all.is_empty() { first } else { all.freeze() })
}
