//! The layer over all routes: finds out who sent a request, and whether they may. Handlers find the principal in the
//! request's extensions; where it depends on events what is allowed, they ask it.

use std::sync::Arc;

use axum::Extension;
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{MatchedPath, RawPathParams, Request, State};
use axum::http::{StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::audit::{self, Attempt};
use crate::auth::policy::{Need, action, need, reads_events};
use crate::auth::principal::ADMIN;
use crate::auth::{Auth, Principal, Refusal, not_permitted};
use crate::connections::Peer;
use crate::mount::{self, Access, At, Entrance, Mount, Mounted};
use crate::problem::{Kind, Problem};
use crate::sse;

/// Who sent the request, for handlers.
pub(crate) type Who = Extension<Arc<Principal>>;

/// What of the configuration a request is for.
#[derive(Clone, Copy)]
struct Asks<'a> {
    at: Option<&'a At>,
    /// The mount at `/events`, of a request that reads its events another way.
    beside: Option<&'a Mounted>,
}

impl Asks<'_> {
    fn access(&self) -> Option<&Access> {
        self.at.map(|at| &*at.mounted).or(self.beside).map(|mounted| &mounted.mount.access)
    }
}

/// Lets a request through, or answers why not. Either way it is the one place that knows who did what.
pub(crate) async fn guard(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    route: Option<MatchedPath>,
    object: Result<RawPathParams, RawPathParamsRejection>,
    mut request: Request,
    next: Next,
) -> Response {
    let route = route.as_ref().map_or("", MatchedPath::as_str);
    let at = request.extensions().get::<At>().cloned();
    let route = at.as_ref().map_or(route, |at| &at.mounted.mount.path);
    let need = at.as_ref().map_or_else(|| need(request.method(), route), |at| need_of(&at.mounted.mount));
    // What mounts do is no action by hand.
    let action = if at.is_some() { None } else { action(request.method(), route) };
    let mut attempt = action.map(|action| {
        let parts = object.iter().flat_map(RawPathParams::iter).map(|(_, value)| value);
        let object = parts.collect::<Vec<_>>().join("/");
        Attempt::begin(&app, action, object, peer.clone(), request.headers())
    });
    let beside = if at.is_none() && reads_events(route) { app.mounts.load().of_events() } else { None };
    let asks = Asks { at: at.as_ref(), beside: beside.as_deref() };
    let who = identify(&app, need, asks, &mut request).await;
    if let (Ok(Some(principal)), Some(attempt)) = (&who, &mut attempt) {
        attempt.by(principal);
    }
    let publishes = need == Need::Publisher || (at.is_some() && !request.method().is_safe());
    let by = who.as_ref().ok().and_then(Clone::clone);
    let answer = match who.and_then(|who| admit(&app, need, asks, who, &mut request)) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    };
    let refused = matches!(answer.status(), StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
    // What hooks refuse is said by plugins.
    if refused && need != Need::Nothing {
        app.figures.refused.note(&answer);
        if attempt.is_none() {
            let what = if publishes { "publish" } else { "read" };
            audit::refused(&app, what, route, &peer, by.as_deref(), &answer);
        }
    }
    match attempt {
        Some(attempt) => attempt.end(answer),
        None => answer,
    }
}

/// Who it is, where it matters.
async fn identify(
    app: &App,
    need: Need,
    asks: Asks<'_>,
    request: &mut Request,
) -> Result<Option<Arc<Principal>>, Problem> {
    if need == Need::Nothing {
        return Ok(None);
    }
    let at = asks.at;
    let is_stream = at.map_or(request.uri().path() == sse::PATH, |at| at.mounted.mount.stream().is_some());
    let principal = match take_ticket(is_stream, request)? {
        Some(ticket) => app.tickets.redeem(&ticket).ok_or(Refusal::Ticket)?,
        None => {
            let auth = app.auth.load_full();
            let sites = &app.admission.load().sites;
            let cookies = sites.may_use_cookies(request.method(), request.headers(), at.and_then(At::cors));
            let query = request.uri().query().unwrap_or_default();
            let token = at.and_then(|at| at.token.as_deref());
            match auth.sender(cookies, query, request.headers(), token).await? {
                Some(principal) => principal,
                None => without_token(&auth, asks).ok_or(Refusal::Missing)?,
            }
        }
    };
    if app.is_nobody(&principal) {
        return Err(Refusal::Revoked.into());
    }
    Ok(Some(principal))
}

/// Who it is without a token, where that is allowed.
fn without_token(auth: &Auth, asks: Asks<'_>) -> Option<Arc<Principal>> {
    match (asks.access().map_or(Entrance::Server, |access| access.entrance), asks.at) {
        (Entrance::Open, Some(at)) => Some(Arc::clone(&at.mounted.visitor)),
        // What is open are the streams as the mount has them; others show events as they are.
        (Entrance::Open, None) | (Entrance::Server, _) => auth.anonymous.clone(),
        (Entrance::Token, _) => None,
    }
}

/// What a mount needs, unless it says itself who may.
fn need_of(mount: &Mount) -> Need {
    match mount.kind {
        mount::Kind::Publish(_) if !mount.access.decides() => Need::Publisher,
        _ => Need::Somebody,
    }
}

/// Looks whether they may, and has handlers know who it is.
fn admit(
    app: &App,
    need: Need,
    asks: Asks<'_>,
    who: Option<Arc<Principal>>,
    request: &mut Request,
) -> Result<(), Problem> {
    let Some(principal) = who else { return Ok(()) };
    if principal.kind().is_none() {
        app.admission.load().sites.check(request, asks.at.and_then(At::cors))?;
    }
    if let Some(access) = asks.access() {
        access.check(&principal)?;
    }
    match need {
        Need::Publisher if !principal.may_publish_something() => {
            let detail = "a readonly token may not publish; it takes one of type `team` or `master`";
            return Err(not_permitted("publish", detail.to_owned()));
        }
        Need::Administrator if !principal.may_administer() => {
            let detail = "this takes a token of type `master`, or of type `team` with the permission `admin`";
            return Err(not_permitted(ADMIN, detail.to_owned()));
        }
        _ => {}
    }
    request.extensions_mut().insert(principal);
    Ok(())
}

/// Takes a ticket out of the address of a stream, so that nothing else sees it.
fn take_ticket(is_stream: bool, request: &mut Request) -> Result<Option<String>, Problem> {
    let query = request.uri().query().unwrap_or_default();
    if !is_stream || !request.method().is_safe() || !query.contains("ticket") {
        return Ok(None);
    }
    let (mut rest, mut tickets) = (form_urlencoded::Serializer::new(String::new()), Vec::new());
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if name == "ticket" {
            tickets.push(value.into_owned());
        } else {
            rest.append_pair(&name, &value);
        }
    }
    if tickets.len() > 1 {
        return Err(Problem::new(Kind::BadRequest, "the parameter `ticket` is there twice").at("ticket"));
    }
    let Some(ticket) = tickets.pop() else { return Ok(None) };
    let uri = format!("{}?{}", request.uri().path(), rest.finish());
    *request.uri_mut() = uri
        .parse::<Uri>()
        .map_err(|_| Problem::new(Kind::BadRequest, "the address cannot be read without its ticket"))?;
    Ok(Some(ticket))
}
