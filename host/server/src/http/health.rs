//! `GET /livez` and `GET /readyz`, for whoever restarts or routes to this process.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use tidemill_bus::Health;

use crate::app::App;
use crate::problem::{Kind, Problem};

/// The process answers; restarting it would not help.
pub(crate) async fn live() -> Response {
    Json(json!({"status": "live"})).into_response()
}

/// Publishing works.
pub(crate) async fn ready(State(app): State<Arc<App>>) -> Response {
    let info = app.bus.log_info();
    match app.bus.health() {
        Health::Ready => Json(json!({
            "status": "ready",
            "plugins": app.plugins.current().plugins().len(),
            "subscribers": app.bus.subscribers(),
            "log": {
                "first": format!("{}.{}", info.epoch, info.first),
                "last": format!("{}.{}", info.epoch, info.last),
                "events": info.records,
                "bytes": info.bytes,
                "durability": info.durability.name(),
            },
        }))
        .into_response(),
        health => stuck(&health).into_response(),
    }
}

/// Why publishing does not work: `reason` for programs, and for how long if that is known.
fn stuck(health: &Health) -> Problem {
    let detail = match health {
        Health::Ready => "the host is ready".to_owned(),
        Health::LogFails(error) => format!("events cannot be stored: {error}"),
        Health::LogStuck(_) => "the log does not get on with what it writes; look at the disk of `data-dir`".to_owned(),
        Health::WorkerStuck(_) => {
            "a pipeline worker does not get on with its turn; GET /plugins has the times of plugins' calls".to_owned()
        }
        Health::WorkerGone => "a pipeline worker is gone; its log lines say why, and only a restart helps".to_owned(),
        Health::QueueFull(_) => {
            "the queue is full and nobody gets in; GET /plugins says which plugin delays events or takes long"
                .to_owned()
        }
        Health::Stopping => "the host is stopping".to_owned(),
    };
    let problem = Problem::new(Kind::Unavailable, detail).with("reason", health.name());
    let lasting = health.lasting().map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
    lasting.into_iter().fold(problem, |problem, ms| problem.with("forMs", ms))
}
