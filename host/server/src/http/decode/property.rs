//! Decoding: any request is events or problems; problems say where they are, and an event survives its own JSON format.
//!
//! Input: a digit for the format, then the body; for the binary mode (`4`) lines `name: value` and an empty one before it.

use axum::http::{HeaderName, HeaderValue};

use super::*;

const DEFAULTS: Defaults<'_> = Defaults { source: "default", batch_max: 100 };

/// Decodes a request, and what came of it once more.
pub(crate) fn check(input: &[u8]) {
    let Some((format, rest)) = input.split_first() else { return };
    let (headers, body) = request(format.wrapping_sub(b'0') % 5, rest);
    match decode(&headers, &body, DEFAULTS) {
        Ok(Events::One(decoded)) => one_of(decoded),
        Ok(Events::Many(events)) => {
            assert!(events.len() <= DEFAULTS.batch_max, "{} events", events.len());
            events.into_iter().for_each(one_of);
        }
        Err(problem) => {
            let problem = serde_json::to_value(problem).expect("a problem is JSON");
            assert!(problem["detail"].as_str().is_some_and(|detail| !detail.is_empty()));
            assert!(problem["status"].as_u64().is_some_and(|status| (400..500).contains(&status)), "{problem}");
        }
    }
}

fn request(format: u8, rest: &[u8]) -> (HeaderMap, Bytes) {
    let types = [
        "application/json",
        "application/x-ndjson",
        "application/cloudevents+json",
        "application/cloudevents-batch+json",
        "text/plain",
    ];
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(types[usize::from(format)]));
    if format < 4 {
        return (headers, Bytes::copy_from_slice(rest));
    }
    headers.insert("ce-specversion", HeaderValue::from_static("1.0"));
    let mut rest = rest;
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let line = &rest[..end];
        rest = &rest[end + 1..];
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { break };
        let value = line[colon + 1..].trim_ascii();
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(&line[..colon]), HeaderValue::from_bytes(value)) {
            headers.insert(name, value);
        }
    }
    (headers, Bytes::copy_from_slice(rest))
}

fn one_of(decoded: Decoded) {
    match decoded {
        Ok(published) => survives(&published.event),
        Err(problems) => {
            assert!(!problems.is_empty(), "refused without a reason");
            for EventProblem { at, detail } in problems {
                // Only what is no event at all has no place.
                let whole = detail.starts_with("not an event") || detail.starts_with("a CloudEvent is");
                assert!(!detail.is_empty() && (whole || !at.is_empty()), "{at:?}: {detail}");
            }
        }
    }
}

/// What is handed out in the JSON format is the same event when it comes back.
fn survives(event: &Event) {
    let json = tidemill_bus::cloudevents_json(event);
    let text = std::str::from_utf8(&json).expect("JSON is text");
    let members = cloudevents::members(text).expect("the JSON format is an object");
    let again = cloudevents::from_members(members).unwrap_or_else(|problems| panic!("{problems:?}: {text}")).event;
    assert_eq!((again.id(), again.source(), again.event_type()), (event.id(), event.source(), event.event_type()));
    assert_eq!((again.subject(), again.time()), (event.subject(), event.time()));
    assert_eq!((again.content_type(), again.data_schema()), (event.content_type(), event.data_schema()));
    assert_eq!((again.extensions(), again.data()), (event.extensions(), event.data()), "{text}");
}
