//! Reads a request's body within its bounds.

use axum::body::Body;
use axum::http::{HeaderMap, header};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};

use crate::limits::BODY_TIME_MAX;
use crate::problem::{Kind, Problem};

/// The whole body, or why not.
pub(crate) async fn read(headers: &HeaderMap, body: Body, max: usize) -> Result<Bytes, Problem> {
    let too_large = || {
        let detail = format!("the body has more than {max} bytes, which is the most; send fewer events at a time");
        Problem::new(Kind::TooLarge, detail)
    };
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > max as u64) {
        return Err(too_large());
    }
    match tokio::time::timeout(BODY_TIME_MAX, Limited::new(body, max).collect()).await {
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(error)) => Err(Problem::new(Kind::BadRequest, format!("the body did not arrive whole: {error}"))),
        Err(_) => Err(Problem::new(Kind::RequestTimeout, format!("the body did not arrive within {BODY_TIME_MAX:?}"))),
    }
}
