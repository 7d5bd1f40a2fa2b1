//! Mounts at which tools are listed and called by plain requests, in whatever shape their clients read. Must not know what tools
//! do.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};
use tidemill_jq_program::Program;
use tidemill_plugin::{ToolOutcome, ToolResult};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::app::App;
use crate::auth::Principal;
use crate::clock;
use crate::connections::Peer;
use crate::http::{body, decode, publish};
use crate::mcp;
use crate::mount::{Mount, entry};
use crate::problem::{Kind, Problem};
use crate::quota::Left;
use crate::tools::{Call, CallError};
use crate::traces;

/// `kind = "tools"`
#[derive(Debug, PartialEq)]
pub(crate) struct ToolsMount {
    /// The tools that there are.
    pub(crate) list: Program,
    /// What came of a call; none: the result, or the problem.
    pub(crate) answer: Option<Program>,
    /// What is published of a call.
    pub(crate) event: Option<Program>,
}

/// JSON-RPC's codes of what is wrong with a call.
const NOT_FOUND: i64 = -32601;
const INVALID: i64 = -32602;

pub(super) async fn answer(
    app: &Arc<App>,
    mount: &Mount,
    own: &ToolsMount,
    peer: &Peer,
    who: &Arc<Principal>,
    request: Request,
) -> Result<Response, Problem> {
    match mount.below(request.uri().path()).map(|name| percent_decode_str(name).decode_utf8_lossy().into_owned()) {
        None => {
            let tools: Vec<Value> = app.tools.list(who).iter().map(|tool| mcp::tool_json(tool)).collect();
            let input = json!({"tools": tools, "now": clock::now().to_string()});
            Ok(entry::json(entry::shaped(&own.list, &input)?))
        }
        Some(tool) => {
            let mut left = Left::default();
            let mut answer = call(app, own, (peer, who), tool, request, &mut left).await?;
            left.write(answer.headers_mut());
            Ok(answer)
        }
    }
}

async fn call(
    app: &Arc<App>,
    own: &ToolsMount,
    (peer, who): (&Peer, &Arc<Principal>),
    tool: String,
    request: Request,
    left: &mut Left,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let body = body::read(&parts.headers, body, app.config().publish.body_max).await?;
    if own.event.is_some() {
        let quotas = Arc::clone(&app.admission.load().quotas);
        quotas.events((&**who, peer.address.ip()), 1, &app.figures.limited, left)?;
    }
    let arguments: Map<String, Value> = match body.trim_ascii() {
        [] => Map::new(),
        body => serde_json::from_slice(body).map_err(|error| {
            Problem::new(Kind::BadRequest, format!("the body must be an object, the arguments of the tool: {error}"))
        })?,
    };
    let cancel = CancellationToken::new();
    // Whoever does not wait any more ends the call.
    let _end = cancel.clone().drop_guard();
    let call = Call {
        name: tool.clone(),
        arguments: arguments.clone(),
        who: Arc::clone(who),
        progress: None,
        logs: None,
        cancel,
        accepts: Vec::new(),
        responses: BTreeMap::new(),
        state: None,
    };
    let mut input = json!({
        "tool": tool,
        "arguments": arguments,
        "principal": who.kind().map(|_| who.to_json()),
        "id": Uuid::new_v4().to_string(),
        "now": clock::now().to_string(),
    });
    let result = match app.tools.call(app, call).await {
        Ok(ToolOutcome::Complete(result)) => result,
        Ok(ToolOutcome::InputRequired { .. }) => {
            ToolResult::error(format!("the tool `{tool}` asks for something back, which is possible over MCP only"))
        }
        Err(CallError::Failed(reason)) => ToolResult::error(reason),
        Err(CallError::Unknown(_)) => {
            let detail = format!("there is no tool {tool:?}; GET the list of those that there are");
            return refused(own, input, (Kind::NotFound, NOT_FOUND), detail);
        }
        Err(CallError::Invalid(detail)) => return refused(own, input, (Kind::BadRequest, INVALID), detail),
        Err(CallError::Cancelled) => return Err(Problem::new(Kind::Unavailable, "the call was cancelled")),
    };
    let result = mcp::result_json(result);
    input["result"] = result.clone();
    tell(app, own, who, &input, &parts.headers).await;
    match &own.answer {
        None => Ok(entry::json(result.to_string().into_bytes())),
        Some(program) => Ok(entry::json(entry::shaped(program, &input)?)),
    }
}

/// What whoever called is told of a call that cannot be made.
fn refused(own: &ToolsMount, mut input: Value, (kind, code): (Kind, i64), detail: String) -> Result<Response, Problem> {
    let Some(program) = &own.answer else { return Err(Problem::new(kind, detail).with("code", code)) };
    input["error"] = json!({"code": code, "message": detail});
    let body = entry::shaped(program, &input)?;
    let status = if kind == Kind::NotFound { StatusCode::NOT_FOUND } else { StatusCode::BAD_REQUEST };
    Ok((status, entry::json(body)).into_response())
}

/// Publishes what is to be published of a call. It is done: whatever becomes of that is no matter of its caller.
async fn tell(app: &Arc<App>, own: &ToolsMount, who: &Principal, input: &Value, headers: &HeaderMap) {
    let Some(program) = &own.event else { return };
    let event = match program.first(input.to_string().as_bytes()) {
        Ok(Some(event)) => event,
        Ok(None) => return,
        Err(error) => return tracing::warn!("`event` of a mount fails: {error}"),
    };
    let source = app.config().publish.default_source.clone();
    let mut decoded = decode::simple(&String::from_utf8_lossy(&event), &source);
    if let Ok(published) = &mut decoded {
        traces::carry(headers, published);
    }
    // The operator says what is told of calls, whatever their callers may publish.
    if let Err(problem) = publish::single(app, who, decoded, true, Instant::now()).await {
        tracing::warn!(?problem, "what a call of a tool came to is not published");
    }
}
