//! The outermost layer: which mount a request is for, found before anything else looks at it, and how its answers are
//! dressed when everybody else is done with them.

use std::fmt;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{
    ACCESS_CONTROL_REQUEST_METHOD, ALLOW, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, REFERRER_POLICY,
};
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderValue, Method, Uri, Version};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;

use crate::app::App;
use crate::mount::table::Found;
use crate::mount::{Cors, Mount, Mounted};
use crate::problem::{Kind, Problem, Reason};

/// In the extensions of a request: the mount that it is for.
#[derive(Clone)]
pub(crate) struct At {
    pub(crate) mounted: Arc<Mounted>,
    /// The token of its address, which nobody else sees.
    pub(crate) token: Option<Arc<str>>,
    /// It does not take the method of the request.
    pub(super) is_for_others: bool,
}

impl At {
    /// What it says of pages of other sites, in place of the server's.
    pub(crate) fn cors(&self) -> Option<&Cors> {
        self.mounted.mount.cors.as_ref()
    }
}

impl fmt::Debug for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("At").field("path", &self.mounted.mount.path).finish_non_exhaustive()
    }
}

/// Tells all that follow which mount it is.
pub(crate) async fn find(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let asked = (request.method() == Method::OPTIONS).then(|| request.headers().get(ACCESS_CONTROL_REQUEST_METHOD));
    let asked = asked.flatten().and_then(|method| Method::from_bytes(method.as_bytes()).ok());
    let method = asked.as_ref().unwrap_or(request.method());
    let (mounted, allow) = match app.mounts.load().find(method, request.uri().path(), request.headers()) {
        Some(Found::Takes(mounted)) => (mounted, None),
        // What the server itself takes there.
        Some(Found::Other(..)) if is_shared(request.uri().path()) => return next.run(request).await,
        Some(Found::Other(mounted, allow)) => (mounted, Some(allow)),
        None => return next.run(request).await,
    };
    let version = request.version();
    let token = match take_token(&mounted.mount, &mut request) {
        Ok(token) => token,
        Err(problem) => return dress(&mounted.mount, version, problem.into_response()).await,
    };
    let mount = Arc::clone(&mounted.mount);
    request.extensions_mut().insert(At { mounted, token, is_for_others: allow.is_some() });
    let mut answer = next.run(request).await;
    // Whoever answers pages says nothing of it.
    allow.map(|allow| answer.headers_mut().insert(ALLOW, allow));
    dress(&mount, version, answer).await
}

/// Whether the server has routes of its own at a path that mounts may be at.
fn is_shared(path: &str) -> bool {
    path == "/" || path == crate::sse::PATH || path.starts_with("/events/")
}

/// Takes the token out of the address, before anything can write it down.
fn take_token(mount: &Mount, request: &mut Request) -> Result<Option<Arc<str>>, Problem> {
    let query = request.uri().query().unwrap_or_default();
    if !mount.access.token_in_query || !form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "token") {
        return Ok(None);
    }
    let (mut rest, mut tokens) = (form_urlencoded::Serializer::new(String::new()), Vec::new());
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "token" => tokens.push(value),
            _ => drop(rest.append_pair(&name, &value)),
        }
    }
    let token = tokens.pop().map(Arc::from);
    let twice = !tokens.is_empty();
    let rest = rest.finish();
    let uri =
        if rest.is_empty() { request.uri().path().to_owned() } else { format!("{}?{rest}", request.uri().path()) };
    let mut parts = request.uri().clone().into_parts();
    let unreadable = || Problem::new(Kind::BadRequest, "the address cannot be read without its token");
    parts.path_and_query = Some(uri.parse::<PathAndQuery>().map_err(|_| unreadable())?);
    *request.uri_mut() = Uri::from_parts(parts).map_err(|_| unreadable())?;
    if twice {
        return Err(Problem::new(Kind::BadRequest, "the parameter `token` is there twice").at("token"));
    }
    Ok(token)
}

/// What the mount says of all its answers.
async fn dress(mount: &Mount, version: Version, mut answer: Response) -> Response {
    if let (Some(problem), Some(_)) = (&mount.problem, answer.extensions().get::<Reason>()) {
        answer = reshape(problem, answer).await;
    }
    let headers = answer.headers_mut();
    if mount.access.token_in_query {
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    }
    if let Some(cors) = &mount.cors {
        cors.say_always(headers);
    }
    for (name, value) in &mount.headers {
        // HTTP/2 has no such header (RFC 9113, section 8.2.2).
        if name != CONNECTION || version < Version::HTTP_2 {
            headers.insert(name, value.clone());
        }
    }
    answer
}

/// Another body for an error. One that cannot be made leaves the document as it is.
async fn reshape(program: &tidemill_jq_program::Program, answer: Response) -> Response {
    let (mut parts, body) = answer.into_parts();
    // It was made in one piece here.
    let document = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let shaped = match program.first(&document) {
        Ok(Some(shaped)) => shaped,
        Ok(None) => return Response::from_parts(parts, Body::from(document)),
        Err(error) => {
            tracing::warn!("`problem` of a mount fails: {error}");
            return Response::from_parts(parts, Body::from(document));
        }
    };
    parts.headers.remove(CONTENT_LENGTH);
    parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Response::from_parts(parts, Body::from(shaped))
}
