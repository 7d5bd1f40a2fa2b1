//! Bytes to events: which format a request is in, and what all formats share.
//!
//! Owns the formats of `POST /events`. One bad event of several does not spoil the others: each is an event or the list
//! of what is wrong with it.

mod binary;
pub(crate) mod cloudevents;
#[cfg(any(test, fuzzing))]
pub(crate) mod property;
mod simple;

use axum::http::{HeaderMap, header};
use bytes::Bytes;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use tidemill_bus::Published;
use tidemill_event::{AUDIENCE_ATTRIBUTE, Attributes, Audience, Data, Event, Problem as EventProblem, Timestamp};
use uuid::Uuid;

pub(crate) use simple::event as simple_event;

use crate::clock;
use crate::problem::{Kind, Problem};

/// An event, or everything that is wrong with it.
pub(crate) type Decoded = Result<Published, Vec<EventProblem>>;

/// The events of a request.
#[derive(Debug)]
pub(crate) enum Events {
    /// A form that holds one event.
    One(Decoded),
    /// A form that holds any number.
    Many(Vec<Decoded>),
}

impl Events {
    /// Does something with each that is an event.
    pub(crate) fn each(&mut self, mut what: impl FnMut(&mut Published)) {
        match self {
            Self::One(decoded) => decoded.iter_mut().for_each(&mut what),
            Self::Many(all) => all.iter_mut().flatten().for_each(what),
        }
    }
}

/// What the server knows and publishers may leave out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Defaults<'a> {
    pub(crate) source: &'a str,
    pub(crate) batch_max: usize,
}

/// One event in the simple form.
pub(crate) fn simple(text: &str, default_source: &str) -> Decoded {
    simple::event(text, default_source)
}

/// Decodes a request by its content type.
pub(crate) fn decode(headers: &HeaderMap, body: &Bytes, defaults: Defaults<'_>) -> Result<Events, Problem> {
    let content_type = header_text(headers, header::CONTENT_TYPE.as_str())?;
    let media_type = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let is = |name: &str| media_type.eq_ignore_ascii_case(name);
    if is("application/cloudevents+json") {
        return Ok(Events::One(one(text(body)?, cloudevents::event)?));
    }
    if is("application/cloudevents-batch+json") {
        return many(text(body)?, defaults, cloudevents::event);
    }
    if headers.contains_key("ce-specversion") || headers.contains_key("ce-type") {
        return Ok(Events::One(binary::event(headers, body, content_type)));
    }
    let simple = |raw: &RawValue| simple::event(raw.get(), defaults.source);
    if is("application/json") {
        let text = text(body)?;
        return if text.trim_start().starts_with('[') {
            many(text, defaults, simple)
        } else {
            // Not by way of a raw value: this is the form most requests have.
            Ok(Events::One(simple::event(text, defaults.source)))
        };
    }
    if is("application/x-ndjson") || is("application/ndjson") || is("application/jsonl") {
        let text = text(body)?;
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        return bounded(lines.map(|line| simple::event(line, defaults.source)), defaults);
    }
    let found = if media_type.is_empty() { "no content type".to_owned() } else { format!("`{media_type}`") };
    let detail = format!(
        "the request has {found}; say `Content-Type: application/json` for {{\"type\": …, \"data\": …}} (curl: \
         -H 'content-type: application/json'), or application/x-ndjson, application/cloudevents+json, \
         application/cloudevents-batch+json, or `ce-…` headers for the binary mode of CloudEvents"
    );
    Err(Problem::new(Kind::UnsupportedMediaType, detail).at("content-type"))
}

/// A header's value, if it is there.
fn header_text<'h>(headers: &'h HeaderMap, name: &str) -> Result<Option<&'h str>, Problem> {
    let Some(value) = headers.get(name) else {
        return Ok(None);
    };
    let invalid = |_| Problem::new(Kind::BadRequest, format!("the header `{name}` is not text")).at(name);
    value.to_str().map(Some).map_err(invalid)
}

fn text(body: &Bytes) -> Result<&str, Problem> {
    let text = std::str::from_utf8(body).map_err(|error| {
        let at = error.valid_up_to();
        Problem::new(Kind::BadRequest, format!("the body is not valid UTF-8 (byte {at}); JSON is written in UTF-8"))
    })?;
    if text.trim().is_empty() {
        return Err(Problem::new(
            Kind::BadRequest,
            "the body is empty; send an event such as {\"type\": \"order.created\"}",
        ));
    }
    Ok(text)
}

fn malformed(error: &serde_json::Error) -> Problem {
    Problem::new(Kind::BadRequest, format!("the body is not valid JSON: {error}"))
}

fn one(text: &str, event: impl Fn(&RawValue) -> Decoded) -> Result<Decoded, Problem> {
    serde_json::from_str::<&RawValue>(text).map(event).map_err(|error| malformed(&error))
}

fn many(text: &str, defaults: Defaults<'_>, event: impl Fn(&RawValue) -> Decoded) -> Result<Events, Problem> {
    let items: Vec<&RawValue> = serde_json::from_str(text).map_err(|error| malformed(&error))?;
    bounded(items.into_iter().map(event), defaults)
}

fn bounded(events: impl Iterator<Item = Decoded>, defaults: Defaults<'_>) -> Result<Events, Problem> {
    let max = defaults.batch_max;
    let events: Vec<Decoded> = events.take(max + 1).collect();
    if events.len() > max {
        let detail = format!("the request has more than {max} events, which is the most; send several requests");
        return Err(Problem::new(Kind::TooLarge, detail));
    }
    Ok(Events::Many(events))
}

/// An event's members as a format found them.
struct Parts<'a> {
    id: Option<&'a str>,
    source: &'a str,
    event_type: &'a str,
    subject: Option<&'a str>,
    time: Option<&'a str>,
    content_type: Option<&'a str>,
    data_schema: Option<&'a str>,
    extensions: &'a Map<String, Value>,
    audience: Option<Audience>,
}

impl Parts<'_> {
    /// The event, with an id and a time if the publisher gave none.
    fn event(self, data: Data) -> Decoded {
        let mut buffer = Uuid::encode_buffer();
        let id = match self.id {
            Some(id) => id,
            None => Uuid::now_v7().hyphenated().encode_lower(&mut buffer),
        };
        let time = match self.time {
            Some(text) => text.parse::<Timestamp>().map_err(|e| vec![EventProblem::new("time", e.to_string())])?,
            None => clock::now(),
        };
        let attributes = Attributes {
            id,
            source: self.source,
            event_type: self.event_type,
            subject: self.subject,
            content_type: self.content_type,
            data_schema: self.data_schema,
            extensions: self.extensions,
        };
        let event = Event::new(&attributes, time, data)?.with_audience(self.audience.map(Into::into));
        Ok(Published { event, id_given: self.id.is_some(), hops: 0, trail: None })
    }
}

/// JSON data, or the text of a JSON string for data of another type.
fn json_or_text(raw: &RawValue, content_type: Option<&str>) -> Result<Data, EventProblem> {
    if tidemill_event::is_json_media_type(content_type) {
        let text = tidemill_event::JsonText::from_raw(raw);
        return text.map(Data::Json).map_err(|e| EventProblem::new("data", e.to_string()));
    }
    match serde_json::from_str::<String>(raw.get()) {
        Ok(text) => Ok(Data::Bytes(text.into())),
        Err(_) => {
            let found = content_type.unwrap_or_default();
            let detail = format!("data of type `{found}` is written as a JSON string, or as `data_base64`");
            Err(EventProblem::new("data", detail))
        }
    }
}

/// What a CloudEvent says of its audience, which is no extension attribute to be kept with the others.
fn attribute_audience(text: Option<&str>) -> Result<Option<Audience>, Vec<EventProblem>> {
    text.map(|text| Audience::parse(AUDIENCE_ATTRIBUTE, text)).transpose()
}

fn base64(text: &str) -> Result<Data, EventProblem> {
    use base64::Engine;
    let bytes = base64::engine::general_purpose::STANDARD.decode(text);
    bytes
        .map(|bytes| Data::Bytes(bytes.into()))
        .map_err(|e| EventProblem::new("data_base64", format!("no Base64: {e}")))
}

#[cfg(test)]
mod tests;
