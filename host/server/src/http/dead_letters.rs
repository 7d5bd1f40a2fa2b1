//! `/dead-letters`: events that a plugin failed on, to look at, to try again, or to give up. For operators, but nobody
//! reaches an event here that they may not see.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use serde_json::value::RawValue;
use tidemill_bus::{Outcome, Published};
use tidemill_log::{AppendError, KeptDeadLetter, ReadError};

use crate::app::App;
use crate::auth::{Principal, Who};
use crate::http::connections::Part;
use crate::http::extract::{Path, Query};
use crate::http::{event, outcome, publish};
use crate::problem::{Kind, Problem};

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Listed {
    dead_letters: Vec<Shown>,
    next: Option<u64>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Shown {
    number: u64,
    stored_at: String,
    attempts: u32,
    plugin: String,
    version: String,
    generation: u64,
    reason: String,
    detail: String,
    backtrace: Vec<String>,
    event: Box<RawValue>,
}

/// Dead letters, oldest first.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    who: Who,
    Query(part): Query<Part>,
) -> Result<Json<Listed>, Problem> {
    let max = part.limit.clamp(1, tidemill_bus::limits::DEAD_LETTERS_MAX);
    let kept = app.bus.dead_letters(part.after, max).await.map_err(|error| unreadable(&error))?;
    let next = if kept.len() == max { kept.last().map(|kept| kept.number) } else { None };
    let reader = who.operating();
    let dead_letters = kept.into_iter().filter(|kept| reader.may_see(&kept.letter.event)).map(Shown::from).collect();
    Ok(Json(Listed { dead_letters, next }))
}

/// One that somebody may not see is not there for them.
async fn find(app: &App, who: &Principal, number: u64) -> Result<KeptDeadLetter, Problem> {
    let found = app.bus.dead_letter(number).await.map_err(|error| unreadable(&error))?;
    let missing =
        || Problem::new(Kind::NotFound, format!("there is no dead letter {number}; GET /dead-letters lists them"));
    let reader = who.operating();
    found.filter(|kept| reader.may_see(&kept.letter.event)).ok_or_else(missing)
}

/// One dead letter.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    who: Who,
    Path(number): Path<u64>,
) -> Result<Json<Shown>, Problem> {
    Ok(Json(find(&app, &who, number).await?.into()))
}

/// Sends the event through the plugins that are there now. If it is decided otherwise than by a failure, the dead letter
/// is gone.
pub(super) async fn replay(
    State(app): State<Arc<App>>,
    who: Who,
    Path(number): Path<u64>,
) -> Result<Response, Problem> {
    let kept = find(&app, &who, number).await?;
    let id = kept.letter.event.id().to_owned();
    let outcomes = app.bus.publish(vec![Published::from(kept.letter.event)]).await;
    let outcomes = outcomes.map_err(|error| publish::refused(&error))?;
    if matches!(outcomes.first(), Some(Outcome::Stored { .. } | Outcome::Dropped { .. })) {
        app.bus.forget_dead_letters(vec![number]).await.map_err(|error| unwritable(&error))?;
    }
    Ok(outcome::single(&id, outcomes.first(), None, app.durability))
}

/// Gives one up.
pub(super) async fn forget(
    State(app): State<Arc<App>>,
    who: Who,
    Path(number): Path<u64>,
) -> Result<StatusCode, Problem> {
    find(&app, &who, number).await?;
    app.bus.forget_dead_letters(vec![number]).await.map_err(|error| unwritable(&error))?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<KeptDeadLetter> for Shown {
    fn from(kept: KeptDeadLetter) -> Self {
        let letter = kept.letter;
        let (detail, backtrace) = letter.detail.split_once('\n').unwrap_or((&letter.detail, ""));
        Self {
            number: kept.number,
            stored_at: kept.stored_at.to_string(),
            attempts: kept.attempts,
            detail: detail.to_owned(),
            backtrace: backtrace.lines().map(str::to_owned).collect(),
            event: event::whole(&letter.event),
            plugin: letter.plugin,
            version: letter.version,
            generation: letter.generation,
            reason: letter.reason,
        }
    }
}

fn unreadable(error: &ReadError) -> Problem {
    Problem::new(Kind::Unavailable, error.to_string()).retry_after(1)
}

fn unwritable(error: &AppendError) -> Problem {
    let kind = if matches!(error, AppendError::Full(_)) { Kind::LogFull } else { Kind::Unavailable };
    Problem::new(kind, error.to_string()).retry_after(5)
}
