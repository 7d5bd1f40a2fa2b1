//! Queries: any is understood or refused with the name of the parameter, and what is understood is within its bounds.
//!
//! Input: a digit (even: a stream, odd: a poll), the query, and behind a line end the value of `Last-Event-ID`.

use crate::mount::profile::Profile;
use axum::http::HeaderValue;

use super::*;

const DEFAULTS: Defaults = Defaults { heartbeat: Duration::from_secs(15), slow: SlowPolicy::Keep };

/// Reads a query, and the same in another spelling.
pub(crate) fn check(input: &[u8]) {
    let Some((form, rest)) = input.split_first() else { return };
    let form = if form & 1 == 0 { Form::Stream } else { Form::Poll };
    let mut parts = rest.splitn(2, |byte| *byte == b'\n');
    let text = String::from_utf8_lossy(parts.next().unwrap_or_default());
    let mut headers = HeaderMap::new();
    if let Some(value) = parts.next().and_then(|value| HeaderValue::from_bytes(value).ok()) {
        headers.insert("last-event-id", value);
    }
    let query = match Query::parse(form, &text, &headers, DEFAULTS, &Profile::default()) {
        Ok(query) => query,
        Err(problem) => {
            let problem = serde_json::to_value(problem).expect("a problem is JSON");
            assert_eq!(problem["status"], 400, "{problem}");
            assert!(problem["at"].as_str().is_some_and(|at| !at.is_empty()), "{problem}");
            return;
        }
    };
    assert!(query.wanted.types.len() <= PATTERNS_MAX);
    assert!(query.wanted.sources.len().max(query.wanted.subjects.len()) <= SELECTED_MAX);
    assert!((HEARTBEAT_MIN..=HEARTBEAT_MAX).contains(&query.heartbeat) && query.wait <= POLL_WAIT_MAX);
    assert!(query.limit != Some(0));
    if let Some(header) = headers.get("last-event-id").filter(|header| !header.is_empty()) {
        let position = header.to_str().ok().and_then(|text| text.parse().ok());
        assert_eq!(position.map(Start::After), Some(query.start), "the header wins");
    }
    let pairs = form_urlencoded::parse(text.as_bytes());
    let spelled = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    assert_eq!(Query::parse(form, &spelled, &headers, DEFAULTS, &Profile::default()).ok(), Some(query), "{spelled}");
}
