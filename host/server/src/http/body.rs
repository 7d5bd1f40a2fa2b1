//! Reads a request's body within its bounds.

use std::fs::File;

use axum::body::Body;
use axum::http::{HeaderMap, header};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use tokio::io::AsyncWriteExt;

use crate::limits::{BODY_TIME_MAX, DISCARDED_BYTES_MAX, UPLOAD_PIECE_TIME_MAX, UPLOAD_TIME_MAX};
use crate::problem::{Kind, Problem};

/// The whole body, or why not.
pub(crate) async fn read(headers: &HeaderMap, body: Body, max: usize) -> Result<Bytes, Problem> {
    check_encoding(headers)?;
    match tokio::time::timeout(BODY_TIME_MAX, read_all(headers, body, max)).await {
        Ok(read) => read,
        Err(_) => Err(Problem::new(Kind::RequestTimeout, format!("the body did not arrive within {BODY_TIME_MAX:?}"))),
    }
}

/// The whole body into a file. It may take longer than others, as long as something comes.
pub(crate) async fn store(headers: &HeaderMap, body: Body, max: u64, to: File) -> Result<(), Problem> {
    check_encoding(headers)?;
    match tokio::time::timeout(UPLOAD_TIME_MAX, store_all(headers, body, max, to.into())).await {
        Ok(stored) => stored,
        Err(_) => {
            Err(Problem::new(Kind::RequestTimeout, format!("the body did not arrive within {UPLOAD_TIME_MAX:?}")))
        }
    }
}

async fn store_all(headers: &HeaderMap, mut body: Body, max: u64, mut to: tokio::fs::File) -> Result<(), Problem> {
    let too_large = || {
        let detail = format!("the component has more than {max} bytes (`reload.upload-max`); build it in release mode");
        Problem::new(Kind::TooLarge, detail)
    };
    let unwritten = |error| Problem::new(Kind::NotWritable, format!("the component cannot be written down: {error}"));
    let mut fits = announced(headers).is_none_or(|length| length <= max);
    if !fits && headers.contains_key(header::EXPECT) {
        // Whoever asks first has sent nothing yet.
        return Err(too_large());
    }
    let (mut length, mut discarded) = (0, 0);
    loop {
        let Ok(frame) = tokio::time::timeout(UPLOAD_PIECE_TIME_MAX, body.frame()).await else {
            let detail = format!("nothing of the body came for {UPLOAD_PIECE_TIME_MAX:?}");
            return Err(Problem::new(Kind::RequestTimeout, detail));
        };
        let Some(frame) = frame else { break };
        let Ok(data) = frame.map_err(|error| not_whole(&error))?.into_data() else { continue };
        length += data.len() as u64;
        fits &= length <= max;
        if fits {
            to.write_all(&data).await.map_err(unwritten)?;
            continue;
        }
        // As below.
        discarded += data.len();
        if discarded > DISCARDED_BYTES_MAX {
            break;
        }
    }
    if !fits {
        return Err(too_large());
    }
    to.flush().await.map_err(unwritten)
}

/// Throws away the body of a request that is refused for something else, within the same bounds: a client that is still
/// sending does not see an answer.
pub(crate) async fn discard(headers: &HeaderMap, mut body: Body) {
    let mut discarded = 0;
    // Whoever asks first has sent nothing yet.
    while discarded <= DISCARDED_BYTES_MAX && !headers.contains_key(header::EXPECT) {
        match tokio::time::timeout(UPLOAD_PIECE_TIME_MAX, body.frame()).await {
            Ok(Some(Ok(frame))) => discarded += frame.data_ref().map_or(0, Bytes::len),
            _ => break,
        }
    }
}

/// Never unpacked: a few bytes could become as many as there is memory for.
fn check_encoding(headers: &HeaderMap) -> Result<(), Problem> {
    match headers.get(header::CONTENT_ENCODING).filter(|encoding| *encoding != "identity") {
        None => Ok(()),
        Some(encoding) => {
            let detail = format!("the body is encoded as {encoding:?}; send it as it is, without `Content-Encoding`");
            Err(Problem::new(Kind::UnsupportedMediaType, detail).at("content-encoding"))
        }
    }
}

fn announced(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok())
}

fn not_whole(error: &axum::Error) -> Problem {
    Problem::new(Kind::BadRequest, format!("the body did not arrive whole: {error}"))
}

async fn read_all(headers: &HeaderMap, mut body: Body, max: usize) -> Result<Bytes, Problem> {
    let mut fits = announced(headers).is_none_or(|length| length <= max as u64);
    let (mut first, mut all, mut length) = (Bytes::new(), BytesMut::new(), 0);
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|error| not_whole(&error))?.into_data() else { continue };
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
