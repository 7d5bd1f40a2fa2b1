//! Every route of the server on one screen, and the connections that requests come in on.

mod accept;
mod base;
pub(crate) mod body;
mod connection;
mod connections;
pub(crate) mod cors;
mod dashboard;
mod dead_letters;
pub(crate) mod decode;
mod diagnostics;
mod event;
pub(crate) mod extract;
mod gate;
mod health;
mod hooks;
mod http2;
mod limits;
mod metrics;
mod openapi;
mod orders;
mod outcome;
mod proxy;
pub(crate) mod publish;
mod registry;
mod replay;
mod stats;
mod uploads;

use std::sync::Arc;

use axum::http::{Method, Uri};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{any, delete, get, post};
use axum::{Json, Router};

pub(crate) use accept::Server;
#[cfg(any(test, fuzzing))]
pub(crate) use decode::property as decoding;
pub(crate) use decode::{Defaults, Events, cloudevents, decode, simple_event};
pub(crate) use event::Renderer;
pub(crate) use hooks::Hooks;
pub(crate) use http2::ALPN as HTTP2_ALPN;
pub(crate) use publish::one as publish_one;
pub(crate) use registry::{event_types_json, plugins_json};
pub(crate) use stats::stats_json;
pub(crate) use uploads::Uploads;

use serde_json::Value;

use crate::app::App;
use crate::auth;
use crate::mount;
use crate::problem::{Kind, Problem};
use crate::sse;

/// Who the server takes the sender for.
async fn principal(who: auth::Who) -> Json<Value> {
    Json(who.to_json())
}

fn routes(app: &Arc<App>) -> Router {
    let wrong_method = |method: Method, uri: Uri| async move {
        let detail = format!("{method} is not possible on {}; see docs/http.md for what is", uri.path());
        Problem::new(Kind::MethodNotAllowed, detail)
    };
    let not_found = |uri: Uri| async move {
        let detail = format!("there is nothing at {}; events are at /events, plugins at /plugins", uri.path());
        Problem::new(Kind::NotFound, detail)
    };
    let routes = Router::new()
        .route("/", get(dashboard::page))
        .route("/dashboard/{file}", get(dashboard::file))
        .route(sse::PATH, post(publish::publish).get(sse::subscribe))
        .route("/events/poll", get(sse::poll))
        .route("/events/stats", get(stats::stats))
        .route("/events/{position}", get(event::event))
        .route("/connections", get(connections::list))
        .route("/connections/{id}", delete(connections::close))
        .route("/dead-letters", get(dead_letters::list))
        .route("/dead-letters/{number}", get(dead_letters::show))
        .route("/dead-letters/{number}", delete(dead_letters::forget))
        .route("/dead-letters/{number}/replay", post(dead_letters::replay))
        .route("/hooks/{plugin}", post(hooks::receive))
        .route("/event-types", get(registry::event_types))
        .route("/event-types/{name}", get(registry::event_type))
        .route("/asyncapi.json", get(registry::asyncapi))
        .route("/plugins", get(registry::plugins))
        .route("/plugins/{name}", get(registry::plugin).put(uploads::upload).delete(uploads::remove))
        .route("/plugins/{name}/state", delete(registry::clear_state))
        .route("/plugins/{name}/enable", post(orders::enable))
        .route("/plugins/{name}/disable", post(orders::disable))
        .route("/plugins/{name}/rollback", post(orders::rollback))
        .route("/principal", get(principal))
        .route("/tickets", post(auth::give_ticket))
        .route("/diagnostics/buffering", get(diagnostics::buffering))
        .route("/tokens/{jti}/revoke", post(auth::revoke))
        .route("/metrics", get(metrics::metrics))
        .route("/openapi.json", get(openapi::document))
        .route("/livez", get(health::live))
        .route("/readyz", get(health::ready))
        .route("/{*path}", any(not_found))
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn_with_state(Arc::clone(app), mount::serve))
        .layer(from_fn_with_state(Arc::clone(app), auth::guard))
        .layer(from_fn_with_state(Arc::clone(app), mount::enter))
        .layer(from_fn(gate::gate))
        .layer(from_fn_with_state(Arc::clone(app), proxy::client_address))
        // Around all of it: a page can read why it was refused.
        .layer(from_fn_with_state(Arc::clone(app), cors::answer))
        .layer(from_fn_with_state(Arc::clone(app), mount::find))
        .with_state(Arc::clone(app));
    base::below(&app.config().server.base_path, routes)
}
