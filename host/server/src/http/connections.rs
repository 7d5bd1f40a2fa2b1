//! `GET /connections` and `DELETE /connections/{id}`: who is listening.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tidemill_bus::{ConflateKey, Skip, SlowPolicy};
use tidemill_event::Position;

use crate::app::App;
use crate::auth::Who;
use crate::connections::Connection;
use crate::http::extract::{Path, Query};
use crate::limits::LISTED_MAX;
use crate::problem::{Kind, Problem};

/// Which part of a list is asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Part {
    #[serde(default)]
    pub(super) after: u64,
    #[serde(default = "all")]
    pub(super) limit: usize,
}

const fn all() -> usize {
    LISTED_MAX
}

/// Who is listening, oldest first. Whoever may not administer sees their own.
pub(super) async fn list(State(app): State<Arc<App>>, who: Who, Query(part): Query<Part>) -> Json<Value> {
    let last = app.bus.last();
    let listed = app.connections.list(part.after, part.limit.min(LISTED_MAX));
    let next = (listed.len() == part.limit.min(LISTED_MAX)).then(|| listed.last().map(|connection| connection.id));
    let all = who.may_administer();
    let shown = listed.iter().filter(|connection| all || who.is(&connection.terms.principal));
    let listed: Vec<Value> = shown.map(|connection| show(connection, last)).collect();
    Json(json!({"connections": listed, "next": next.flatten()}))
}

/// Ends one. Its client may come back, and resumes where it was.
pub(super) async fn close(State(app): State<Arc<App>>, Path(id): Path<u64>) -> Result<StatusCode, Problem> {
    if app.connections.close(id) {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(Problem::new(Kind::NotFound, format!("there is no connection {id}; GET /connections lists them")))
}

fn show(connection: &Connection, last: Position) -> Value {
    let (progress, terms) = (&connection.progress, &connection.terms);
    let standing = connection.standing();
    json!({
        "id": connection.id,
        "uuid": connection.uuid().to_string(),
        "mount": terms.mount.path(),
        "use": terms.usage.name(),
        "remote": connection.address().map(|address| address.to_string()),
        "principal": terms.principal.to_string(),
        "since": connection.since.to_string(),
        "query": terms.query,
        "userAgent": terms.user_agent,
        "view": terms.selection.wanted().view.as_ref().map(|view| json!({"plugin": view.plugin(), "class": view.class()})),
        "coding": terms.selection.wanted().coding.name(),
        "slow": slow(&terms.selection.wanted().slow),
        "position": Position::new(last.epoch, standing).to_string(),
        "lag": last.sequence.saturating_sub(standing),
        "events": progress.events(),
        "bytes": progress.bytes(),
        "skipped": skipped(|reason| progress.skipped(reason)),
        "quietMs": u64::try_from(connection.quiet().as_millis()).unwrap_or(u64::MAX),
    })
}

fn slow(policy: &SlowPolicy) -> String {
    match policy {
        SlowPolicy::Keep => "keep".into(),
        SlowPolicy::Conflate(ConflateKey::Subject) => "conflate=subject".into(),
        SlowPolicy::Conflate(ConflateKey::Pointer(pointer)) => format!("conflate={pointer}"),
        SlowPolicy::Sample => "sample".into(),
        SlowPolicy::Disconnect => "disconnect".into(),
    }
}

/// What was skipped, by reason; reasons without anything are left out.
pub(super) fn skipped(count: impl Fn(Skip) -> u64) -> Map<String, Value> {
    let counted = Skip::ALL.into_iter().map(|reason| (reason, count(reason))).filter(|(_, count)| *count > 0);
    counted.map(|(reason, count)| (reason.name().to_owned(), count.into())).collect()
}
