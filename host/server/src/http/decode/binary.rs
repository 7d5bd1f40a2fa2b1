//! The binary mode of CloudEvents (HTTP protocol binding 1.0.2): attributes in `ce-…` headers, data in the body.

use axum::http::HeaderMap;
use bytes::Bytes;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};
use tidemill_event::{AUDIENCE_ATTRIBUTE, Data, Problem as EventProblem};

use super::{Decoded, Parts, attribute_audience};

/// The event of a request.
pub(super) fn event(headers: &HeaderMap, body: &Bytes, content_type: Option<&str>) -> Decoded {
    let mut problems = Vec::new();
    let mut attributes: Map<String, Value> = Map::new();
    for (name, value) in headers {
        let Some(name) = name.as_str().strip_prefix("ce-") else {
            continue;
        };
        // §3.1.3.2: values are percent-encoded UTF-8.
        let text = value.to_str().ok().and_then(|text| percent_decode_str(text).decode_utf8().ok());
        match text {
            Some(text) => {
                attributes.insert(name.to_owned(), Value::from(text.trim_matches('"')));
            }
            None => {
                let at = if name.is_empty() { "ce-" } else { name };
                problems.push(EventProblem::new(at, format!("the header `ce-{name}` is not text")));
            }
        }
    }
    let mut take = |name: &str| match attributes.remove(name) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    };
    if take("specversion").as_deref() != Some("1.0") {
        problems.push(EventProblem::new("specversion", "the header `ce-specversion` must be 1.0"));
    }
    let (id, source, event_type) = (take("id"), take("source"), take("type"));
    let (subject, time, data_schema) = (take("subject"), take("time"), take("dataschema"));
    for (name, value) in [("id", &id), ("source", &source), ("type", &event_type)] {
        if value.is_none() {
            problems.push(EventProblem::new(name, format!("a CloudEvent in binary mode has the header `ce-{name}`")));
        }
    }
    let audience = take(AUDIENCE_ATTRIBUTE);
    let audience = attribute_audience(audience.as_deref()).map_err(|wrong| problems.extend(wrong));
    if !problems.is_empty() {
        return Err(problems);
    }
    let parts = Parts {
        id: id.as_deref(),
        source: source.as_deref().unwrap_or_default(),
        event_type: event_type.as_deref().unwrap_or_default(),
        subject: subject.as_deref(),
        time: time.as_deref(),
        content_type,
        data_schema: data_schema.as_deref(),
        extensions: &attributes,
        audience: audience.ok().flatten(),
    };
    let data = if body.is_empty() {
        Data::Empty
    } else {
        // A copy: the body may lie in a much larger buffer of the connection.
        Data::Bytes(Bytes::copy_from_slice(body))
    };
    parts.event(data)
}
