//! `GET /events/stats`: the log, who listens, and how much there is per second.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use tidemill_event::Position;

use crate::app::App;
use crate::http::connections::skipped;
use crate::rates::PerSecond;

/// Figures of this moment.
pub(super) async fn stats(State(app): State<Arc<App>>) -> Json<Value> {
    Json(stats_json(&app))
}

/// The same for others than HTTP.
pub(crate) fn stats_json(app: &App) -> Value {
    let info = app.bus.log_info();
    let delivered = app.connections.delivered();
    let (subscribers, behind, max_lag) = app.connections.lags();
    let position = |sequence| Position::new(info.epoch, sequence).to_string();
    let rates = |rates: PerSecond| json!({"stored": round(rates.stored), "delivered": round(rates.delivered)});
    json!({
        "log": {
            "epoch": info.epoch,
            "first": position(info.first),
            "last": position(info.last),
            "events": info.records,
            "bytes": info.bytes,
            "diskBytes": info.disk_bytes,
            "durability": info.durability.name(),
            "idempotencyKeys": info.known,
            "failing": info.failing.map(|error| error.to_string()),
        },
        "deadLetters": {"count": info.dead_letters.count, "bytes": info.dead_letters.bytes},
        "subscribers": {
            "count": subscribers,
            "behind": behind,
            "maxLag": max_lag,
            "delivered": delivered.events,
            "deliveredBytes": delivered.bytes,
            "skipped": skipped(|reason| delivered.skipped[reason as usize]),
            "evicted": delivered.evicted,
        },
        "perSecond": {"10s": rates(app.rates.over(10)), "60s": rates(app.rates.over(60))},
    })
}

fn round(rate: f64) -> f64 {
    (rate * 10.0).round() / 10.0
}
