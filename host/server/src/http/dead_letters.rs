//! `/dead-letters`: events that a plugin failed on, to look at, to try again, or to give up. For operators, but nobody
//! reaches an event here that they may not see.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};
use tidemill_bus::{Outcome, Published};
use tidemill_log::{AppendError, KeptDeadLetter, ReadError};

use crate::app::App;
use crate::auth::{Principal, Who};
use crate::http::connections::Part;
use crate::http::extract::{Path, Query};
use crate::http::{outcome, publish};
use crate::problem::{Kind, Problem};

/// Dead letters, oldest first.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    who: Who,
    Query(part): Query<Part>,
) -> Result<Json<Value>, Problem> {
    let max = part.limit.clamp(1, tidemill_bus::limits::DEAD_LETTERS_MAX);
    let kept = app.bus.dead_letters(part.after, max).await.map_err(|error| unreadable(&error))?;
    let next = if kept.len() == max { kept.last().map(|kept| kept.number) } else { None };
    let reader = who.operating();
    let listed: Vec<Value> = kept.iter().filter(|kept| reader.may_see(&kept.letter.event)).map(json).collect();
    Ok(Json(json!({"deadLetters": listed, "next": next})))
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
) -> Result<Json<Value>, Problem> {
    Ok(Json(json(&find(&app, &who, number).await?)))
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

fn json(kept: &KeptDeadLetter) -> Value {
    let letter = &kept.letter;
    let (detail, backtrace) = letter.detail.split_once('\n').unwrap_or((&letter.detail, ""));
    let event: Value = serde_json::from_slice(&tidemill_bus::cloudevents_json(&letter.event)).unwrap_or_default();
    json!({
        "number": kept.number,
        "storedAt": kept.stored_at.to_string(),
        "attempts": kept.attempts,
        "plugin": letter.plugin,
        "version": letter.version,
        "generation": letter.generation,
        "reason": letter.reason,
        "detail": detail,
        "backtrace": backtrace.lines().collect::<Vec<_>>(),
        "event": event,
    })
}

fn unreadable(error: &ReadError) -> Problem {
    Problem::new(Kind::Unavailable, error.to_string()).retry_after(1)
}

fn unwritable(error: &AppendError) -> Problem {
    let kind = if matches!(error, AppendError::Full(_)) { Kind::LogFull } else { Kind::Unavailable };
    Problem::new(kind, error.to_string()).retry_after(5)
}
