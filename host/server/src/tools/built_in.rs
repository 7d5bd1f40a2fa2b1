//! The server's own tools: publishing and reading events, and what there is of types and plugins. Must not know any protocol.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use axum::body::to_bytes;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde_json::{Map, Value, json};
use tidemill_event::{Position, TypePattern};
use tidemill_plugin::{Content, ToolHints, ToolInfo, ToolOutcome, ToolResult};

use super::reading::{self, Page};
use super::{BuiltIn, Call, CallError};
use crate::app::App;
use crate::auth::Principal;
use crate::http::{self, Defaults, Events};
use crate::limits::{ANSWER_BYTES_MAX, PAGE_EVENTS, PAGE_EVENTS_MAX};
use crate::problem::{Kind, Problem};
use crate::quota::Left;

/// All of them.
pub(super) fn all() -> Vec<Arc<dyn BuiltIn>> {
    vec![Arc::new(PublishEvent), Arc::new(ReadEvents), Arc::new(ListEventTypes), Arc::new(ListPlugins)]
}

/// A result that says what was wrong.
pub(super) fn failed(text: String) -> ToolResult {
    ToolResult { content: vec![Content::Text(text)], structured: None, is_error: true }
}

fn done(value: Value) -> ToolOutcome {
    let content = vec![Content::Text(value.to_string())];
    ToolOutcome::Complete(ToolResult { content, structured: Some(value), is_error: false })
}

fn info(name: &str, title: &str, description: &str, schema: Value, read_only: bool) -> ToolInfo {
    let Value::Object(input_schema) = schema else { unreachable!("schemas of built in tools are objects") };
    ToolInfo {
        name: name.to_owned(),
        title: Some(title.to_owned()),
        description: description.to_owned(),
        input_schema,
        output_schema: None,
        permission: None,
        hints: ToolHints { read_only, destructive: false, idempotent: read_only, open_world: false },
    }
}

struct PublishEvent;

#[async_trait]
impl BuiltIn for PublishEvent {
    fn info(&self) -> ToolInfo {
        let schema = json!({
            "type": "object",
            "properties": {
                "type": {"type": "string", "description": "The event's type, such as order.created."},
                "data": {"description": "The event's data, any JSON."},
                "source": {"type": "string", "description": "Where the event comes from."},
                "subject": {"type": "string", "description": "What the event is about."},
                "id": {"type": "string", "description": "With the source, tells the event from others: sent again with the same id it is not stored twice."},
                "time": {"type": "string", "description": "When it happened (RFC 3339)."},
                "audience": {"type": "object", "description": "Who may see the event: clients, groups, tokenTypes, permissions."}
            },
            "required": ["type"],
            "additionalProperties": false
        });
        let description = "Publishes an event on the bus and answers what became of it: stored at a position, dropped, or \
            rejected with problems.";
        info("publish_event", "Publish an event", description, schema, false)
    }

    fn is_for(&self, who: &Principal) -> bool {
        !who.is_visitor()
    }

    async fn call(&self, app: &Arc<App>, call: Call) -> Result<ToolOutcome, CallError> {
        let answer = publish(app, &call).await.unwrap_or_else(IntoResponse::into_response);
        app.figures.publish.note(answer.status());
        let is_error = !answer.status().is_success();
        let body = to_bytes(answer.into_body(), ANSWER_BYTES_MAX).await;
        let body = body.map_err(|error| CallError::Failed(error.to_string()))?;
        let structured: Value = serde_json::from_slice(&body).map_err(|error| CallError::Failed(error.to_string()))?;
        let detail = structured["detail"].as_str().filter(|_| is_error);
        let text = detail.map_or_else(|| structured.to_string(), str::to_owned);
        Ok(ToolOutcome::Complete(ToolResult {
            content: vec![Content::Text(text)],
            structured: Some(structured),
            is_error,
        }))
    }
}

/// As `POST /events` with one event in the simple form.
async fn publish(app: &App, call: &Call) -> Result<Response, Problem> {
    let received = Instant::now();
    let body = Bytes::from(Value::Object(call.arguments.clone()).to_string());
    let max = app.config().publish.body_max;
    if body.len() as u64 > max as u64 {
        let detail = format!("the event has more than {max} bytes (`publish.body-max`)");
        return Err(Problem::new(Kind::TooLarge, detail));
    }
    // Whoever has no token shares what all of them may send by this way.
    let by = (&*call.who, IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    let (limited, mut left) = (&app.figures.limited, Left::default());
    app.admission.load().quotas.bytes(by, body.len(), limited, &mut left)?;
    app.admission.load().quotas.events(by, 1, limited, &mut left)?;
    let json = HeaderValue::from_static("application/json");
    let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, json)]);
    let config = app.config();
    let defaults = Defaults { source: &config.publish.default_source, batch_max: 1 };
    let decoded = match http::decode(&headers, &body, defaults)? {
        Events::One(decoded) => decoded,
        Events::Many(_) => unreachable!("an object is one event"),
    };
    drop(config);
    http::publish_one(app, &call.who, decoded, false, received).await
}

struct ReadEvents;

#[async_trait]
impl BuiltIn for ReadEvents {
    fn info(&self) -> ToolInfo {
        let schema = json!({
            "type": "object",
            "properties": {
                "types": {
                    "type": "array",
                    "items": {"type": "string"},
                    "maxItems": tidemill_event::limits::PATTERNS_MAX,
                    "description": "Types or patterns such as order.*; left out: all."
                },
                "after": {"type": "string", "description": "The cursor `next` of an answer: events after it, oldest first. Left out: the newest events."},
                "limit": {"type": "integer", "minimum": 1, "maximum": PAGE_EVENTS_MAX, "description": "Most events in the answer.", "default": PAGE_EVENTS}
            },
            "additionalProperties": false
        });
        let description = "Reads stored events as CloudEvents, with a cursor (`next`) for those that come later.";
        info("read_events", "Read events", description, schema, true)
    }

    async fn call(&self, app: &Arc<App>, call: Call) -> Result<ToolOutcome, CallError> {
        let page = match asked(&call.arguments) {
            Ok(page) => page,
            Err(mistake) => return Ok(ToolOutcome::Complete(failed(mistake))),
        };
        Ok(match reading::page(app, &call.who, page).await {
            Ok(page) => done(page),
            Err(reason) => ToolOutcome::Complete(failed(reason)),
        })
    }
}

/// Which page is asked for.
fn asked(arguments: &Map<String, Value>) -> Result<Page, String> {
    let types = arguments.get("types").and_then(Value::as_array).into_iter().flatten();
    let types = types.filter_map(Value::as_str);
    let types = types.map(|text| text.parse::<TypePattern>().map_err(|error| format!("types: {error}")));
    let after = arguments.get("after").and_then(Value::as_str);
    let after = after.map(|text| text.parse::<Position>().map_err(|error| format!("after: {error}"))).transpose()?;
    let limit = arguments.get("limit").and_then(Value::as_u64).and_then(|limit| usize::try_from(limit).ok());
    Ok(Page { types: types.collect::<Result<_, _>>()?, after, limit: limit.unwrap_or(PAGE_EVENTS) })
}

struct ListEventTypes;

#[async_trait]
impl BuiltIn for ListEventTypes {
    fn info(&self) -> ToolInfo {
        let description = "Lists the event types that plugins own, with their JSON Schemas and examples.";
        info("list_event_types", "List event types", description, nothing(), true)
    }

    async fn call(&self, app: &Arc<App>, _: Call) -> Result<ToolOutcome, CallError> {
        Ok(done(http::event_types_json(app)))
    }
}

struct ListPlugins;

#[async_trait]
impl BuiltIn for ListPlugins {
    fn info(&self) -> ToolInfo {
        let description = "Lists the plugins with their state, versions, limits and figures.";
        info("list_plugins", "List plugins", description, nothing(), true)
    }

    /// Grants, limits and errors are no business of strangers.
    fn is_for(&self, who: &Principal) -> bool {
        !who.is_visitor()
    }

    async fn call(&self, app: &Arc<App>, call: Call) -> Result<ToolOutcome, CallError> {
        Ok(done(http::plugins_json(app, &call.who)))
    }
}

/// The schema of a tool without arguments.
fn nothing() -> Value {
    json!({"type": "object", "properties": {}, "additionalProperties": false})
}
