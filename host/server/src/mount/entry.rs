//! The way into a mount: what is asked of a request before anybody asks who sent it, and then what is at the path.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderName, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::app::App;
use crate::auth::Principal;
use crate::clock;
use crate::connections::Peer;
use crate::mcp;
use crate::mount::{At, Kind, figures, file, mcp_sse, publish, send, tools};
use crate::problem::{self, Problem};
use crate::sse;

/// Lets a request through to those who ask who sent it, or answers why not.
pub(crate) async fn enter(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    request: Request,
    next: Next,
) -> Response {
    let Some(at) = request.extensions().get::<At>() else { return next.run(request).await };
    let mounted = Arc::clone(&at.mounted);
    if request.method() == Method::OPTIONS {
        return StatusCode::NO_CONTENT.into_response();
    }
    if at.is_for_others {
        let detail = format!("{} is not possible on {}", request.method(), request.uri().path());
        return Problem::new(problem::Kind::MethodNotAllowed, detail).into_response();
    }
    if !mounted.mount.enabled {
        let detail = format!("{} is switched off (`enabled`)", mounted.mount.path);
        return Problem::new(problem::Kind::NotFound, detail).into_response();
    }
    if let Some(Err(problem)) = mounted.mount.origins.as_ref().map(|origins| origins.check(request.headers())) {
        app.figures.refused.note_kind("cross-site");
        return problem.into_response();
    }
    match mounted.requests.as_ref().map(|requests| requests.count(peer.address.ip())) {
        None => next.run(request).await,
        Some(Ok(left)) => {
            let mut answer = next.run(request).await;
            left.write(answer.headers_mut());
            answer
        }
        Some(Err((left, problem))) => {
            app.figures.limited.note("mount.requests");
            let mut answer = problem.into_response();
            left.write(answer.headers_mut());
            answer
        }
    }
}

/// The innermost layer: does what the mount is for.
pub(crate) async fn serve(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let Some(at) = request.extensions_mut().remove::<At>() else { return next.run(request).await };
    let parts = (request.extensions().get::<Peer>().cloned(), request.extensions().get::<Arc<Principal>>().cloned());
    let (Some(peer), Some(who)) = parts else {
        return Problem::new(problem::Kind::Unavailable, "nobody found out who sent the request").into_response();
    };
    let is_head = request.method() == Method::HEAD;
    let answered = match &at.mounted.mount.kind {
        Kind::Stream(_) if is_head => Ok(sse::head()),
        Kind::Stream(stream) => {
            let handover = request.extensions_mut().remove::<sse::Handover>();
            let (uri, headers) = (request.uri(), request.headers());
            Ok(sse::stream(&app, stream, peer, who, handover, uri, headers).await)
        }
        Kind::Publish(own) => publish::answer(&app, &at.mounted.mount, own, &peer, &who, request).await,
        Kind::Figures(figures) => figures::answer(&app, figures, &who).await,
        Kind::Mcp(presence) => {
            request.extensions_mut().insert(who);
            Ok(mcp::handle(&app, presence, request).await)
        }
        Kind::McpSse(own) => {
            request.extensions_mut().insert(who);
            Ok(mcp_sse::answer(&app, own, request).await)
        }
        Kind::Send(own) => send::answer(&app, own, &who, request).await,
        Kind::Tools(own) => tools::answer(&app, &at.mounted.mount, own, &peer, &who, request).await,
        Kind::File(file) => file::answer(file, request.headers()).await,
    };
    let mut answer = answered.unwrap_or_else(IntoResponse::into_response);
    if is_head {
        *answer.body_mut() = Body::empty();
    }
    answer
}

/// A body as programs see it, with what they may need to know.
pub(super) struct Asked {
    pub(super) input: Vec<u8>,
    /// A name for what is asked.
    pub(super) id: String,
}

impl Asked {
    pub(super) fn of(body: &[u8], who: &Principal) -> Result<Self, Problem> {
        Self::naming(body, who, None)
    }

    /// The same with the types of events that plugins own.
    pub(super) fn naming(body: &[u8], who: &Principal, event_types: Option<Vec<String>>) -> Result<Self, Problem> {
        #[derive(Serialize)]
        struct Input<'a> {
            body: &'a RawValue,
            principal: Option<Value>,
            now: String,
            id: &'a str,
            #[serde(rename = "eventTypes", skip_serializing_if = "Option::is_none")]
            event_types: Option<Vec<String>>,
        }
        let not_json = |error: serde_json::Error| {
            Problem::new(problem::Kind::BadRequest, format!("the body is not valid JSON: {error}"))
        };
        let id = Uuid::new_v4().to_string();
        let body = serde_json::from_slice(body).map_err(not_json)?;
        let principal = who.kind().map(|_| who.to_json());
        let input = Input { body, principal, now: clock::now().to_string(), id: &id, event_types };
        Ok(Self { input: serde_json::to_vec(&input).map_err(not_json)?, id })
    }
}

/// An answer of JSON.
pub(super) fn json(body: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")], body).into_response()
}

/// What a program makes of an input, for an answer. A program that fails here is its operator's mistake.
pub(super) fn shaped(program: &tidemill_jq_program::Program, input: &Value) -> Result<Vec<u8>, Problem> {
    let output = program.first(input.to_string().as_bytes());
    match output {
        Ok(Some(output)) => Ok(output),
        Ok(None) => Ok(b"null".to_vec()),
        Err(error) => {
            tracing::warn!("`answer` of a mount fails: {error}");
            let detail = format!("the answer could not be put together: {error} (`answer` of the mount)");
            Err(Problem::new(problem::Kind::Unavailable, detail))
        }
    }
}

/// Headers that belong to one connection, or say something of the body: not for the configuration to set.
pub(crate) fn is_settable(name: &HeaderName) -> bool {
    let own = ["transfer-encoding", "upgrade", "te", "trailer", "keep-alive", "proxy-connection", "allow", "date"];
    let name = name.as_str();
    !own.contains(&name) && !name.starts_with("content-") && !name.starts_with("access-control-")
}
