//! The layer over all routes: finds out who sent a request, and whether they may. Handlers find the principal in the
//! request's extensions; where it depends on events what is allowed, they ask it.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{MatchedPath, Request, State};
use axum::http::Uri;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::auth::policy::{Need, need};
use crate::auth::principal::ADMIN;
use crate::auth::{Principal, Refusal, not_permitted};
use crate::problem::{Kind, Problem};
use crate::sse;

/// Who sent the request, for handlers.
pub(crate) type Who = Extension<Arc<Principal>>;

/// Lets a request through, or answers why not.
pub(crate) async fn guard(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    match admit(&app, &mut request) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

fn admit(app: &App, request: &mut Request) -> Result<(), Problem> {
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let need = need(request.method(), route);
    if need == Need::Nothing {
        return Ok(());
    }
    let principal = match take_ticket(request)? {
        Some(ticket) => app.auth.tickets.redeem(&ticket).ok_or(Refusal::Ticket)?,
        None => app.auth.principal(request.method(), request.uri().query().unwrap_or_default(), request.headers())?,
    };
    let missing = match need {
        Need::Publisher if !principal.may_publish_something() => {
            Some(("publish", "a readonly token may not publish; it takes one of type `team` or `master`"))
        }
        Need::Administrator if !principal.may_administer() => {
            Some((ADMIN, "this takes a token of type `master`, or of type `team` with the permission `admin`"))
        }
        _ => None,
    };
    if let Some((permission, detail)) = missing {
        let (method, path) = (request.method(), request.uri().path());
        tracing::info!(%principal, %method, path, permission, "a request was refused");
        return Err(not_permitted(permission, detail.to_owned()));
    }
    request.extensions_mut().insert(principal);
    Ok(())
}

/// Takes a ticket out of the address of a stream, so that nothing else sees it.
fn take_ticket(request: &mut Request) -> Result<Option<String>, Problem> {
    let query = request.uri().query().unwrap_or_default();
    if request.uri().path() != sse::PATH || !request.method().is_safe() || !query.contains("ticket") {
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
    let uri = format!("{}?{}", sse::PATH, rest.finish());
    *request.uri_mut() = uri
        .parse::<Uri>()
        .map_err(|_| Problem::new(Kind::BadRequest, "the address cannot be read without its ticket"))?;
    Ok(Some(ticket))
}
