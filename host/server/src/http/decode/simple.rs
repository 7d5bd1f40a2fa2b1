//! The simple form: `{"type": "order.created", "data": {…}}`, and whatever else the publisher wants to say.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use tidemill_event::{Audience, Data, Problem as EventProblem};

use super::{Decoded, Parts, base64, json_or_text};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Simple<'a> {
    #[serde(borrow, rename = "type")]
    event_type: Cow<'a, str>,
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    source: Option<Cow<'a, str>>,
    #[serde(borrow)]
    subject: Option<Cow<'a, str>>,
    #[serde(borrow)]
    time: Option<Cow<'a, str>>,
    #[serde(borrow)]
    datacontenttype: Option<Cow<'a, str>>,
    #[serde(borrow)]
    dataschema: Option<Cow<'a, str>>,
    #[serde(default)]
    extensions: Map<String, Value>,
    #[serde(borrow)]
    audience: Option<&'a RawValue>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    #[serde(borrow)]
    data_base64: Option<Cow<'a, str>>,
}

/// One event in the simple form.
pub(crate) fn event(text: &str, default_source: &str) -> Decoded {
    let simple: Simple<'_> = serde_json::from_str(text).map_err(|error| {
        let mut detail = format!("not an event in the simple form: {error}");
        if text.contains("\"specversion\"") {
            detail += "; send CloudEvents as `Content-Type: application/cloudevents+json`";
        }
        vec![EventProblem::new("", detail)]
    })?;
    let content_type = simple.datacontenttype.as_deref();
    let data = match (simple.data, &simple.data_base64) {
        (None, None) => Data::Empty,
        (Some(raw), None) => json_or_text(raw, content_type).map_err(|problem| vec![problem])?,
        (None, Some(text)) => base64(text).map_err(|problem| vec![problem])?,
        (Some(_), Some(_)) => {
            return Err(vec![EventProblem::new("data_base64", "an event has `data` or `data_base64`, not both")]);
        }
    };
    let parts = Parts {
        id: simple.id.as_deref(),
        source: simple.source.as_deref().unwrap_or(default_source),
        event_type: &simple.event_type,
        subject: simple.subject.as_deref(),
        time: simple.time.as_deref(),
        content_type,
        data_schema: simple.dataschema.as_deref(),
        extensions: &simple.extensions,
        audience: simple.audience.map(|raw| Audience::parse("audience", raw.get())).transpose()?,
    };
    parts.event(data)
}
