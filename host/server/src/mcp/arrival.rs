//! Bodies of requests: read as a whole before anything is done with them, within a time and within what there is room for.

use std::borrow::Cow;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, header};
use serde::Deserialize;

use crate::app::App;
use crate::auth::Principal;
use crate::http::body;
use crate::mcp::limits::BODY_BYTES_MAX;
use crate::mcp::shares::Share;
use crate::problem::{Kind, Problem};

/// The whole body, and the room for it, to be kept until it is taken apart.
pub(super) async fn read(
    app: &App,
    who: &Principal,
    headers: &HeaderMap,
    body: Body,
) -> Result<(Bytes, Share), Problem> {
    let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let length = length.unwrap_or(BODY_BYTES_MAX).min(BODY_BYTES_MAX);
    let room = app.mcp.bytes.take(who, length).ok_or_else(|| {
        Problem::new(Kind::RateLimited, "too much is being sent at a time; send it again later").retry_after(1)
    })?;
    Ok((body::read(headers, body, BODY_BYTES_MAX).await?, room))
}

/// Whether a message may begin a session: also where it is none at all, as others may read it otherwise.
pub(super) fn may_begin(body: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Message<'b> {
        #[serde(borrow)]
        method: Option<Cow<'b, str>>,
    }
    let read = serde_json::from_slice::<Message<'_>>(body);
    read.map_or(true, |message| message.method.is_some_and(|method| method == "initialize"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_read_in_two_ways_may_begin_a_session() {
        for begins in [
            r#"{"method": "initialize"}"#,
            r#"{"method": "\u0069nitialize"}"#,
            r#"{"method": "ping", "method": "initialize"}"#,
            r#"[{"method": "initialize"}]"#,
            "",
        ] {
            assert!(may_begin(begins.as_bytes()), "{begins}");
        }
        for other in [r#"{"method": "tools/call", "params": {"method": "initialize"}}"#, r#"{"id": 1, "result": {}}"#] {
            assert!(!may_begin(other.as_bytes()), "{other}");
        }
    }
}
