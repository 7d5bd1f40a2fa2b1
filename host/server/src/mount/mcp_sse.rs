//! Mounts that speak MCP by its transport of 2024-11-05: a stream at one path, messages of clients at another.

use std::sync::Arc;

use axum::extract::Request;
use axum::http::Method;
use axum::response::Response;

use crate::app::App;
use crate::mcp::{self, Presence};

/// `kind = "mcp-sse"`
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct McpSse {
    pub(crate) presence: Presence,
    /// Where messages are taken, below the base path.
    pub(crate) messages: String,
}

pub(super) async fn answer(app: &Arc<App>, own: &McpSse, request: Request) -> Response {
    if request.method() == Method::POST {
        return mcp::legacy_message(app, &own.presence, request).await;
    }
    let messages = format!("{}{}", app.config().server.base_path, own.messages);
    mcp::legacy_stream(app, &own.presence, &messages, request).await
}
