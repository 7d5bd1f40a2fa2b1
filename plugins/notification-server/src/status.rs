//! `connection_status`: who listens, and how to.
use serde_json::json;
use tidemill_sdk::server;
use tidemill_sdk::tools::{Answer, Failure, Tool};

use crate::Configuration;

pub(crate) const NAME: &str = "connection_status";

pub(crate) fn tool() -> Tool {
    Tool::new(NAME, "Says how many listen to the event stream, and how to connect")
        .title("Connection status")
        .read_only()
        .idempotent()
}

pub(crate) fn tell(configuration: &Configuration) -> Result<Answer, Failure> {
    let mount = configuration.mount.as_deref();
    let streams = server::streams(mount);
    let endpoint = configuration.endpoint.as_deref().or(mount).unwrap_or("/events");
    let usage = format!("curl -N -H \"Accept: text/event-stream\" {endpoint}");
    let (enabled, active) = (streams.is_some(), streams.unwrap_or(0));
    let state = if enabled { "enabled" } else { "disabled" };
    let text = format!(
        "SSE: {state}\nActive connections: {active}\nEndpoint: {endpoint}\n\nTo receive events in real time:\n{usage}\n\
         Then call `simulate_progress` or `send_notification`."
    );
    Answer::text(text).structured(&json!({
        "sse_enabled": enabled, "active_connections": active, "endpoint": endpoint, "usage": usage,
    }))
}
