//! `POST /events`.

use std::sync::Arc;
use std::time::Instant;

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tidemill_bus::{Outcome, PublishError, Published, Trail};
use tidemill_event::Problem as EventProblem;

use crate::app::App;
use crate::auth::{Principal, Who, not_permitted};
use crate::connections::Peer;
use crate::http::decode::{Decoded, Defaults, Events, decode};
use crate::http::{body, outcome};
use crate::problem::{Kind, Problem};
use crate::quota::Left;
use crate::traces;

/// Takes events in any of the accepted formats and answers what became of each.
pub(crate) async fn publish(
    State(app): State<Arc<App>>,
    who: Who,
    Extension(peer): Extension<Peer>,
    request: Request,
) -> Response {
    let mut left = Left::default();
    let mut answer = take(&app, &who, &peer, request, &mut left).await.unwrap_or_else(IntoResponse::into_response);
    left.write(answer.headers_mut());
    app.figures.publish.note(answer.status());
    answer
}

async fn take(app: &App, who: &Principal, peer: &Peer, request: Request, left: &mut Left) -> Result<Response, Problem> {
    let received = Instant::now();
    let (Parts { headers, uri, .. }, body) = request.into_parts();
    let explain = explain(uri.query())?;
    let body_max = app.config().publish.body_max;
    let body = body::read(&headers, body, body_max).await?;
    let (by, limited) = ((who, peer.address.ip()), &app.figures.limited);
    // Those of a request that is refused afterwards were sent all the same.
    app.admission.load().quotas.bytes(by, body.len(), limited, left)?;
    let settings = app.config();
    let defaults = Defaults { source: &settings.publish.default_source, batch_max: settings.publish.batch_max };
    let mut events = decode(&headers, &body, defaults)?;
    drop((settings, body));
    events.each(|published| traces::carry(&headers, published));
    match events {
        Events::One(decoded) => {
            app.admission.load().quotas.events(by, 1, limited, left)?;
            one(app, who, decoded, explain, received).await
        }
        Events::Many(decoded) => {
            app.admission.load().quotas.events(by, decoded.len(), limited, left)?;
            many(app, who, decoded, explain, received).await
        }
    }
}

/// Whether the publisher wants to know what plugins did.
fn explain(query: Option<&str>) -> Result<bool, Problem> {
    let asked = form_urlencoded::parse(query.unwrap_or_default().as_bytes()).find(|(name, _)| name == "explain");
    match asked.as_ref().map(|(_, value)| &**value) {
        None | Some("false") => Ok(false),
        Some("" | "true") => Ok(true),
        Some(other) => {
            let detail = format!("`explain` is {other:?}; it may be true or false");
            Err(Problem::new(Kind::BadRequest, detail).at("explain"))
        }
    }
}

/// Publishes one event.
pub(crate) async fn one(
    app: &App,
    who: &Principal,
    decoded: Decoded,
    explain: bool,
    received: Instant,
) -> Result<Response, Problem> {
    let mut published = decoded.map_err(|problems| outcome::rejected(None, None, &problems))?;
    if let Some(problem) = forbidden(who, &published) {
        return Err(not_permitted(&permission(&published), problem.detail));
    }
    let id = published.event.id().to_owned();
    let trail = explain.then(Arc::<Trail>::default);
    published.trail = trail.clone();
    let traced = app.traces.as_ref().and_then(|traces| Some((traces, traces.begin(&mut published, received)?)));
    let published = app.bus.publish(vec![published]).await;
    if let Some((traces, traced)) = traced {
        traces.end(traced, published.as_ref().ok().and_then(|outcomes| outcomes.first()));
    }
    let outcomes = published.map_err(|error| refused(&error))?;
    Ok(outcome::single(&id, outcomes.first(), trail.as_deref(), app.durability))
}

/// Publishes one event; what became of it, as publishers read it. `admitted`: somebody else has looked whether they may.
pub(crate) async fn single(
    app: &App,
    who: &Principal,
    decoded: Decoded,
    admitted: bool,
    received: Instant,
) -> Result<Value, Problem> {
    let mut published = decoded.map_err(|problems| outcome::rejected(None, None, &problems))?;
    if let Some(problem) = forbidden(who, &published).filter(|_| !admitted) {
        return Err(not_permitted(&permission(&published), problem.detail));
    }
    let id = published.event.id().to_owned();
    let traced = app.traces.as_ref().and_then(|traces| Some((traces, traces.begin(&mut published, received)?)));
    let outcomes = app.bus.publish(vec![published]).await;
    if let Some((traces, traced)) = traced {
        traces.end(traced, outcomes.as_ref().ok().and_then(|outcomes| outcomes.first()));
    }
    let outcomes = outcomes.map_err(|error| refused(&error))?;
    outcome::told(&id, outcomes.first(), app.durability)
}

async fn many(
    app: &App,
    who: &Principal,
    decoded: Vec<Decoded>,
    explain: bool,
    received: Instant,
) -> Result<Response, Problem> {
    let (mut events, mut trails) = (Vec::with_capacity(decoded.len()), Vec::new());
    // Nothing of the request is allowed: an error, so that nobody takes it for an answer to read later.
    let refused_all = decoded.iter().all(|item| item.as_ref().is_ok_and(|published| !may(who, published)));
    if let Some(Ok(first)) = decoded.first().filter(|_| refused_all)
        && let Some(problem) = forbidden(who, first)
    {
        return Err(not_permitted(&permission(first), problem.detail));
    }
    // For each item its id, or what was wrong with it before it was an event.
    let items: Vec<Result<String, Outcome>> = decoded
        .into_iter()
        .map(|item| match item {
            Ok(published) if !may(who, &published) => {
                Err(Outcome::Rejected { by: None, problems: forbidden(who, &published).into_iter().collect() })
            }
            Ok(mut published) => {
                let id = published.event.id().to_owned();
                if explain {
                    let trail = Arc::<Trail>::default();
                    published.trail = Some(Arc::clone(&trail));
                    trails.push(trail);
                }
                events.push(published);
                Ok(id)
            }
            Err(problems) => Err(Outcome::Rejected { by: None, problems }),
        })
        .collect();
    let traced = app.traces.as_ref().map(|traces| (traces, traces.begin_all(&mut events, received)));
    let published = if events.is_empty() { Ok(Vec::new()) } else { app.bus.publish(events).await };
    for (traces, (at, traced)) in
        traced.into_iter().flat_map(|(traces, all)| all.into_iter().map(move |one| (traces, one)))
    {
        traces.end(traced, published.as_ref().ok().and_then(|outcomes| outcomes.get(at)));
    }
    let outcomes = published.map_err(|error| refused(&error))?;
    Ok(outcome::several(&items, &outcomes, &trails, app.durability))
}

fn may(who: &Principal, published: &Published) -> bool {
    who.may_publish(published.event.event_type())
}

/// Why somebody may not publish an event.
fn forbidden(who: &Principal, published: &Published) -> Option<EventProblem> {
    let event_type = published.event.event_type();
    let detail = format!("`{event_type}` is none of the types that the token may publish (`publish`)");
    (!may(who, published)).then(|| EventProblem::new("type", detail))
}

/// What it would take.
fn permission(published: &Published) -> String {
    format!("publish:{}", published.event.event_type())
}

/// Nothing of the request was taken.
pub(crate) fn refused(error: &PublishError) -> Problem {
    match error {
        PublishError::Busy(_) => Problem::new(Kind::Busy, error.to_string()).retry_after(1),
        PublishError::Closed => Problem::new(Kind::Unavailable, error.to_string()).retry_after(2),
    }
}
