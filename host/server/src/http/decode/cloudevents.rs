//! The structured mode of CloudEvents: the JSON event format 1.0.2, alone or in a batch.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::value::RawValue;
use serde_json::{Map, Value};
use tidemill_event::{AUDIENCE_ATTRIBUTE, Data, Problem as EventProblem};

use super::{Decoded, Parts, attribute_audience, base64, json_or_text};

/// The members of one event, by name.
pub(crate) type Members<'a> = BTreeMap<Cow<'a, str>, &'a RawValue>;

/// One event in the JSON format.
pub(super) fn event(raw: &RawValue) -> Decoded {
    from_members(members(raw.get())?)
}

/// The members of one event in the JSON format.
pub(crate) fn members(text: &str) -> Result<Members<'_>, Vec<EventProblem>> {
    serde_json::from_str(text)
        .map_err(|error| vec![EventProblem::new("", format!("a CloudEvent is a JSON object: {error}"))])
}

/// The event that has these members.
pub(crate) fn from_members(mut members: Members<'_>) -> Decoded {
    let mut problems = Vec::new();
    let mut text = |name: &'static str| -> Option<String> {
        let raw = members.remove(name).filter(|raw| raw.get() != "null")?;
        match serde_json::from_str(raw.get()) {
            Ok(text) => Some(text),
            Err(_) => {
                problems.push(EventProblem::new(name, format!("`{name}` is a text")));
                None
            }
        }
    };
    let version = text("specversion");
    let (id, source, event_type) = (text("id"), text("source"), text("type"));
    let (subject, time) = (text("subject"), text("time"));
    let (content_type, data_schema) = (text("datacontenttype"), text("dataschema"));
    let data_base64 = text("data_base64");
    let audience = text(AUDIENCE_ATTRIBUTE);
    if version.as_deref() != Some("1.0") {
        problems.push(EventProblem::new("specversion", "`specversion` must be \"1.0\""));
    }
    for (name, value) in [("id", &id), ("source", &source), ("type", &event_type)] {
        if value.is_none() && !problems.iter().any(|problem| problem.at == name) {
            problems.push(EventProblem::new(name, format!("a CloudEvent has a `{name}`")));
        }
    }
    let data = match (members.remove("data"), data_base64) {
        (None, None) => Ok(Data::Empty),
        (Some(raw), None) => json_or_text(raw, content_type.as_deref()),
        (None, Some(text)) => base64(&text),
        (Some(_), Some(_)) => Err(EventProblem::new("data_base64", "an event has `data` or `data_base64`, not both")),
    };
    let data = data.map_err(|problem| problems.push(problem)).unwrap_or(Data::Empty);
    let audience = attribute_audience(audience.as_deref()).map_err(|wrong| problems.extend(wrong));
    if !problems.is_empty() {
        return Err(problems);
    }
    // Everything else is an extension attribute.
    let extensions: Map<String, Value> = members
        .into_iter()
        .filter_map(|(name, raw)| Some((name.into_owned(), serde_json::from_str(raw.get()).ok()?)))
        .filter(|(_, value): &(String, Value)| !value.is_null())
        .collect();
    let parts = Parts {
        id: id.as_deref(),
        source: source.as_deref().unwrap_or_default(),
        event_type: event_type.as_deref().unwrap_or_default(),
        subject: subject.as_deref(),
        time: time.as_deref(),
        content_type: content_type.as_deref(),
        data_schema: data_schema.as_deref(),
        extensions: &extensions,
        audience: audience.ok().flatten(),
    };
    parts.event(data)
}
