//! `GET /diagnostics/buffering`: a short stream that shows whether something between server and client holds streams back.
//! It looks like any other stream to whatever is there.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use tokio::time::sleep;

use super::limits::{DIAGNOSTIC_PAUSE, DIAGNOSTIC_PIECES};
use crate::clock;
use crate::sse::stream_response;

/// Pieces with the time at which each was sent, then what to make of them.
pub(super) async fn buffering() -> Response {
    let pieces = stream::unfold(0, |number| async move {
        if number > DIAGNOSTIC_PIECES {
            return None;
        }
        if number > 0 {
            sleep(DIAGNOSTIC_PAUSE).await;
        }
        Some((Ok::<Bytes, Infallible>(piece(number).into()), number + 1))
    });
    stream_response(Body::from_stream(pieces))
}

fn piece(number: u32) -> String {
    let sent = clock::now().unix_ms();
    if number == DIAGNOSTIC_PIECES {
        let over: Duration = DIAGNOSTIC_PAUSE * (DIAGNOSTIC_PIECES - 1);
        let how = "if the first piece came when the last had been sent already, something between buffers";
        let data = serde_json::json!({"pieces": DIAGNOSTIC_PIECES, "overMs": over.as_millis() as u64, "how": how});
        return format!("event: verdict\ndata: {data}\n\n");
    }
    let data = serde_json::json!({"number": number + 1, "of": DIAGNOSTIC_PIECES, "sentAt": sent});
    format!("event: piece\ndata: {data}\n\n")
}
