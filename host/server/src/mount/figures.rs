//! Mounts that answer with figures of the moment, in whatever shape their clients read.

use std::sync::Arc;
use std::time::Duration;

use axum::response::Response;
use serde_json::{Value, json};
use tidemill_bus::{Envelope, Health};
use tidemill_event::Reader;
use tidemill_jq_program::Program;
use tidemill_log::Record;

use crate::app::App;
use crate::auth::Principal;
use crate::clock;
use crate::limits::{FIGURES_LOOKED_MAX, FIGURES_READ_AT_ONCE};
use crate::mount::{Profile, StreamMount, count, entry};
use crate::problem::Problem;

/// `kind = "figures"`
#[derive(Debug, PartialEq)]
pub(crate) struct Figures {
    pub(crate) answer: Program,
    /// The stream whose subscribers are counted; none: all.
    pub(crate) of: Option<String>,
    /// How many of the last events are among the figures.
    pub(crate) history: u64,
}

pub(super) async fn answer(app: &Arc<App>, figures: &Figures, who: &Arc<Principal>) -> Result<Response, Problem> {
    let at = figures.of.as_deref().and_then(|path| app.mounts.load().stream(path));
    let streams = count::streams(app, at.as_ref(), None);
    let (stored, delivered) = (app.bus.log_info().last, app.connections.delivered());
    let time = |time: Option<tidemill_event::Timestamp>| time.map(|time| time.to_string());
    let mounts: Vec<Value> = {
        let table = app.mounts.load();
        table.list().map(|(path, kind)| json!({"path": path, "kind": kind.name()})).collect()
    };
    let input = json!({
        "status": if matches!(app.bus.health(), Health::Ready) { "ok" } else { "degraded" },
        "service": "tidemill",
        "version": env!("CARGO_PKG_VERSION"),
        "now": clock::now().to_string(),
        "uptime": seconds(clock::uptime()),
        "connections": {
            "total": app.connections.opened(),
            "current": streams.current,
            "byType": streams.by_type,
            "oldest": time(streams.oldest),
            "newest": time(streams.newest),
            "averageAgeSeconds": streams.average_age_seconds(),
        },
        "events": {"stored": stored, "delivered": delivered.events},
        "history": history(app, figures.history, at.as_deref().map(StreamMount::profile), who.reader()).await,
        "listen": app.config().listen.to_string(),
        "mounts": mounts,
    });
    Ok(entry::json(entry::shaped(&figures.answer, &input)?))
}

/// The last events that somebody may see, the oldest first, as the stream shows them that is meant.
async fn history(app: &App, most: u64, profile: Option<&Profile>, reader: &Reader) -> Vec<Value> {
    let info = app.bus.log_info();
    let oldest = info.first.max((info.last + 1).saturating_sub(FIGURES_LOOKED_MAX));
    let (mut found, mut end) = (Vec::new(), info.last + 1);
    while end > oldest && (found.len() as u64) < most {
        let begin = end.saturating_sub(FIGURES_READ_AT_ONCE).max(oldest);
        let records = app.bus.records(info.epoch, begin..end).await;
        let shown = records.iter().rev().filter_map(|record| told(record, profile, reader));
        found.extend(shown.take((most - found.len() as u64) as usize));
        end = begin;
    }
    found.reverse();
    found
}

/// One event, if it is one of the stream's and somebody may see it.
fn told(record: &Record, profile: Option<&Profile>, reader: &Reader) -> Option<Value> {
    let types = profile.map_or(&[][..], |profile| &profile.types);
    let wanted = types.is_empty() || types.iter().any(|pattern| pattern.matches(record.event.event_type()));
    if !wanted || !reader.may_see(&record.event) {
        return None;
    }
    let shown = match profile.map(|profile| &profile.envelope) {
        Some(Envelope::Projected(projection)) => projection.project(record)?.data().to_vec(),
        _ => tidemill_bus::cloudevents_json(&record.event),
    };
    serde_json::from_slice(&shown).ok()
}

fn seconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e3).round() / 1e3
}
