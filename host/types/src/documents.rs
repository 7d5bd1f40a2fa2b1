//! Documents: all schemas in one (JSON Schema 2020-12), and the interface of events (AsyncAPI 3.0).

use serde_json::{Map, Value, json};

use crate::EventType;
use crate::limits::DEPTH_MAX;

/// One schema with the data of each type under `$defs`, by the type's name. As a whole it describes an event in CloudEvents JSON
/// of one of the types.
#[must_use]
pub fn json_schema(types: &[EventType]) -> Value {
    let at = |own: &EventType| format!("#/$defs/{}", escaped(&own.name));
    let definitions: Map<String, Value> = types.iter().map(|own| (own.name.clone(), schema(own, &at(own)))).collect();
    let event = |own: &EventType| {
        let properties = json!({"type": {"const": own.name}, "data": {"$ref": at(own)}});
        json!({"properties": properties, "required": ["type", "data"]})
    };
    let events: Vec<Value> = types.iter().map(event).collect();
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Events",
        "description": "An event in CloudEvents JSON; the data of each type stands under $defs.",
        "type": "object",
        "$defs": definitions,
    });
    // An empty list of choices would be no schema.
    if !events.is_empty() {
        schema["oneOf"] = Value::Array(events);
    }
    schema
}

/// What is sent at `GET /events` and taken at `POST /events`, by AsyncAPI 3.0 (<https://www.asyncapi.com/docs/reference/specification/v3.0.0>).
/// `address` is the path of the events.
#[must_use]
pub fn asyncapi(types: &[EventType], address: &str, version: &str) -> Value {
    let mut messages = Map::new();
    let at = |own: &EventType| format!("#/components/messages/{}", escaped(&own.name));
    for own in types {
        let schema = schema(own, &format!("{}/payload/schema", at(own)));
        let mut message = json!({
            "name": own.name,
            "title": own.name,
            "contentType": "application/json",
            "payload": {"schemaFormat": "application/schema+json;version=draft-2020-12", "schema": schema},
        });
        if !own.summary.is_empty() {
            message["summary"] = json!(own.summary);
        }
        if !own.examples.is_empty() {
            message["examples"] = own.examples.iter().map(|example| json!({"payload": example})).collect();
        }
        messages.insert(own.name.clone(), message);
    }
    let of_channel: Map<String, Value> = types.iter().map(|own| (own.name.clone(), json!({"$ref": at(own)}))).collect();
    let operation = |action: &str, method: &str, summary: &str| {
        json!({
            "action": action,
            "channel": {"$ref": "#/channels/events"},
            "summary": summary,
            "bindings": {"http": {"method": method, "bindingVersion": "0.3.0"}},
        })
    };
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Tidemill",
            "version": version,
            "description": "Event types that plugins own. Events of other types may come as well, and are not checked.",
        },
        "defaultContentType": "application/json",
        "channels": {
            "events": {
                "address": address,
                "description": "Server-Sent Events: `event` is the type, `data` the data, `id` the position.",
                "messages": of_channel,
            },
        },
        "operations": {
            "subscribe": operation("send", "GET", "Events, as they come"),
            "publish": operation("receive", "POST", "An event: its type, its data, and other attributes"),
        },
        "components": {"messages": messages},
    })
}

/// The schema of a type as it stands at a place of another document, with what is known of it where it says nothing itself.
fn schema(own: &EventType, place: &str) -> Value {
    let mut schema = match &own.schema {
        Value::Object(schema) => schema.clone(),
        // `false` allows nothing; anything else says nothing.
        Value::Bool(false) => Map::from_iter([("not".to_owned(), json!({}))]),
        _ => Map::new(),
    };
    // With a name of its own it is a document of its own wherever it stands, and so are its references.
    if !schema.contains_key("$id") {
        let mut whole = Value::Object(schema);
        rebase(&mut whole, place, DEPTH_MAX);
        let Value::Object(rebased) = whole else { unreachable!("rebasing changes texts alone") };
        schema = rebased;
    }
    schema.entry("title").or_insert_with(|| json!(own.name));
    if !own.summary.is_empty() {
        schema.entry("description").or_insert_with(|| json!(own.summary));
    }
    Value::Object(schema)
}

/// Has references into a schema point to where it stands now.
fn rebase(value: &mut Value, place: &str, depth: usize) {
    match value {
        _ if depth == 0 => {}
        Value::Array(list) => list.iter_mut().for_each(|item| rebase(item, place, depth - 1)),
        Value::Object(members) => {
            for (key, value) in members {
                match value {
                    Value::String(to) if key == "$ref" && (to == "#" || to.starts_with("#/")) => {
                        to.replace_range(..1, place);
                    }
                    // These are data.
                    _ if matches!(&**key, "const" | "enum" | "default" | "examples") => {}
                    // Their members are schemas, whatever they are called.
                    Value::Object(named)
                        if matches!(&**key, "properties" | "patternProperties" | "$defs" | "definitions") =>
                    {
                        named.values_mut().for_each(|schema| rebase(schema, place, depth - 1));
                    }
                    _ => rebase(value, place, depth - 1),
                }
            }
        }
        _ => {}
    }
}

/// A name as a part of a JSON Pointer (RFC 6901).
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
