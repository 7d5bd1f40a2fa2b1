//! One path of the streamable HTTP transport: which of two services answers a request, whose session it belongs to, and when
//! that ends. Clients that only know POST and JSON get plain JSON; must not know what is called or read.

use std::cell::RefCell;
use std::convert::Infallible;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use http_body_util::combinators::BoxBody;
use rmcp::model::ProtocolVersion;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::session::{SessionManager, never::NeverSessionManager};
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::auth::Principal;
use crate::mcp::handler::Handler;
use crate::mcp::limits::BODY_BYTES_MAX;
use crate::mcp::sessions::Sessions;
use crate::mcp::{Presence, arrival};
use crate::problem::{Kind, Problem};

pub(super) const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");
const VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
const JSON: &str = "application/json";
const STREAM: &str = "text/event-stream";

/// What the library answers.
type Answer = axum::http::Response<BoxBody<Bytes, Infallible>>;

tokio::task_local! {
    /// Who sent the request that a handler is made for.
    static CALLER: RefCell<Option<Arc<Principal>>>;
}

/// What answers at one path.
pub(super) struct Endpoint {
    /// With sessions for clients that begin them, without for those of 2026-07-28.
    full: StreamableHttpService<Handler, LocalSessionManager>,
    /// For clients that send one request and read one answer.
    plain: StreamableHttpService<Handler, NeverSessionManager>,
    manager: Arc<LocalSessionManager>,
    sessions: Arc<Sessions>,
}

impl Endpoint {
    pub(super) fn new(app: &Arc<App>, presence: &Presence, closing: CancellationToken) -> Arc<Self> {
        let mut manager = LocalSessionManager::default();
        // A stream that is open without a message would end with the library's own clock; see `sweep`.
        manager.session_config.keep_alive = None;
        let manager = Arc::new(manager);
        // `Host` and `Origin` were looked at before (`auth/site.rs`, `origin.rs`).
        let config = StreamableHttpServerConfig::default()
            .disable_allowed_hosts()
            .disable_allowed_origins()
            .with_max_request_body_bytes(BODY_BYTES_MAX)
            .with_cancellation_token(closing);
        let make = {
            let (app, presence) = (Arc::downgrade(app), presence.clone());
            move || {
                let who = CALLER.try_with(|caller| caller.borrow().clone()).ok().flatten();
                let who = who.ok_or_else(|| std::io::Error::other("nobody sent the request"))?;
                Ok(Handler::new(app.clone(), presence.clone(), who))
            }
        };
        let plain = config.clone().with_legacy_session_mode(false).with_json_response(true);
        Arc::new(Self {
            full: StreamableHttpService::new(make.clone(), Arc::clone(&manager), config),
            plain: StreamableHttpService::new(make, Arc::default(), plain),
            manager,
            sessions: Arc::default(),
        })
    }

    /// Answers a request.
    pub(super) async fn answer(self: &Arc<Self>, app: &Arc<App>, mut request: Request) -> Result<Response, Problem> {
        let nobody = || Problem::new(Kind::Unavailable, "it is not known who sent the request");
        let who = request.extensions().get::<Arc<Principal>>().cloned().ok_or_else(nobody)?;
        let headers = request.headers_mut();
        // They have shown who it is; nothing further on has a use for them.
        headers.remove(header::AUTHORIZATION);
        headers.remove(header::COOKIE);
        let is_modern = headers.get(VERSION).is_some_and(|version| {
            version.to_str().is_ok_and(|version| version >= ProtocolVersion::V_2026_07_28.as_str())
        });
        if is_modern {
            headers.remove(SESSION);
        }
        let id = headers.get(SESSION).map(|id| id.to_str().unwrap_or_default().to_owned());
        let is_plain = request.method() == Method::POST && complete_accept(&mut request);
        let session = match &id {
            Some(id) => Some(self.sessions.find(id, &who).ok_or_else(no_session)?),
            None => None,
        };
        let is_plain = is_plain && id.is_none() && !is_modern && !request.headers().contains_key(VERSION);
        let has_session = session.is_some();
        let visit = app.mcp.visits.open(&who, session)?;
        let (ends, is_post) = (request.method() == Method::DELETE, request.method() == Method::POST);
        let (parts, body) = request.into_parts();
        let (body, _bytes) = arrival::read(app, &who, &parts.headers, body).await?;
        let begins = is_post && !has_session && !is_plain && arrival::may_begin(&body);
        let request = Request::from_parts(parts, Body::from(body));
        let endpoint = Arc::clone(self);
        let answered = async {
            match (is_plain, begins) {
                (true, _) => Ok(as_sent_by(&who, endpoint.plain.handle(request)).await),
                (false, false) => Ok(as_sent_by(&who, endpoint.full.handle(request)).await),
                (false, true) => endpoint.begin(&who, request).await,
            }
        };
        let end = visit.end();
        let answer = tokio::select! {
            answer = answered => answer?,
            () = end.cancelled() => return Err(Problem::new(Kind::Unavailable, "the request was ended").retry_after(1)),
        };
        if let Some(id) = id.filter(|_| ends && answer.status().is_success()) {
            self.sessions.forget(&id);
        }
        let (mut parts, body) = answer.into_parts();
        if parts.headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind == STREAM) {
            parts.headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
        }
        if parts.status == StatusCode::METHOD_NOT_ALLOWED {
            parts.headers.insert(header::ALLOW, HeaderValue::from_static("GET, POST, DELETE"));
        }
        Ok(Response::from_parts(parts, visit.body(Body::new(body))))
    }

    /// Answers what may begin a session. Nobody who leaves meanwhile leaves one behind that is not known here.
    async fn begin(self: Arc<Self>, who: &Arc<Principal>, request: Request) -> Result<Answer, Problem> {
        let (room, who) = (self.sessions.room(who)?, Arc::clone(who));
        let beginning = tokio::spawn(async move {
            let answer = as_sent_by(&who, self.full.handle(request)).await;
            if let Some(id) = answer.headers().get(SESSION).and_then(|id| id.to_str().ok()) {
                room.take(id);
            }
            answer
        });
        beginning.await.map_err(|_| Problem::new(Kind::Unavailable, "the session could not be begun").retry_after(1))
    }

    /// Ends sessions that are over.
    pub(super) fn sweep(self: &Arc<Self>, app: &App) {
        let idle = app.config().mcp.session_idle;
        self.end(self.sessions.over(app, idle));
    }

    /// Ends all.
    pub(super) fn close(self: &Arc<Self>) {
        self.end(self.sessions.all());
    }

    fn end(self: &Arc<Self>, ids: Vec<String>) {
        if ids.is_empty() {
            return;
        }
        let manager = Arc::clone(&self.manager);
        tokio::spawn(async move {
            for id in ids {
                // It waits for the session's queue, which is emptied once its streams have ended.
                if let Err(error) = manager.close_session(&id.into()).await {
                    tracing::debug!("a session did not end well: {error}");
                }
            }
        });
    }

    /// How many sessions there are.
    pub(super) fn sessions(&self) -> usize {
        self.sessions.count()
    }
}

/// Does something for somebody, who is known to the handlers that are made for it.
async fn as_sent_by<T>(who: &Arc<Principal>, work: impl Future<Output = T>) -> T {
    CALLER.scope(RefCell::new(Some(Arc::clone(who))), work).await
}

fn no_session() -> Problem {
    let detail = "there is no such session (`Mcp-Session-Id`): it has ended, or it is not yours; begin another one with \
        `initialize`";
    Problem::new(Kind::NotFound, detail).at("mcp-session-id")
}

/// Has a request accept what MCP wants accepted; whether it did not.
fn complete_accept(request: &mut Request) -> bool {
    let headers = request.headers_mut();
    let accepted: Vec<&str> = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
    let accepted = accepted.join(",").to_ascii_lowercase();
    let is_incomplete = !(accepted.contains(JSON) && accepted.contains(STREAM));
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
    is_incomplete
}
