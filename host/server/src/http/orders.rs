//! `POST /plugins/{name}/enable`, `/disable`, `/rollback`: what runs, chosen by hand.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::Value;
use tidemill_plugin::{Order, OrderError};

use crate::app::App;
use crate::auth::Who;
use crate::http::extract::Path;
use crate::http::registry;
use crate::problem::{Kind, Problem};

pub(super) async fn enable(app: State<Arc<App>>, who: Who, name: Path<String>) -> Result<Json<Value>, Problem> {
    carry_out(app, who, name, Order::Enable).await
}

pub(super) async fn disable(app: State<Arc<App>>, who: Who, name: Path<String>) -> Result<Json<Value>, Problem> {
    carry_out(app, who, name, Order::Disable).await
}

pub(super) async fn rollback(app: State<Arc<App>>, who: Who, name: Path<String>) -> Result<Json<Value>, Problem> {
    carry_out(app, who, name, Order::Rollback).await
}

/// Answers with the plugin as it is afterwards.
async fn carry_out(
    State(app): State<Arc<App>>,
    who: Who,
    Path(name): Path<String>,
    order: Order,
) -> Result<Json<Value>, Problem> {
    registry::find(&app, &name)?;
    let (orders, plugin) = (app.orders.get().cloned(), name.clone());
    // It may have to compile.
    let given = tokio::task::spawn_blocking(move || match orders {
        Some(orders) => orders.give(&plugin, order),
        None => Err(OrderError::Stopping),
    });
    let done = given.await.unwrap_or(Err(OrderError::Stopping));
    done.map_err(|error| {
        let kind = match &error {
            OrderError::Unknown(_) => Kind::NotFound,
            OrderError::Stopping | OrderError::Io(_) => Kind::Unavailable,
            OrderError::DisabledBySettings
            | OrderError::NotRunning
            | OrderError::NoEarlier
            | OrderError::Refused(_) => Kind::Conflict,
        };
        Problem::new(kind, error.to_string())
    })?;
    registry::plugin(State(app), who, Path(name)).await
}
