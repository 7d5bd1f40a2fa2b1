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
        Health::LogFails => {
            let reason = info.failing.map(|error| error.to_string()).unwrap_or_default();
            Problem::new(Kind::Unavailable, format!("events cannot be stored: {reason}")).into_response()
        }
        Health::Stuck => {
            Problem::new(Kind::Unavailable, "a pipeline worker does not get on; see the log").into_response()
        }
        Health::Stopping => Problem::new(Kind::Unavailable, "the host is stopping").into_response(),
    }
}
