//! Mounts that are there though nobody wrote them: MCP. Those of the file come first at their paths.

use std::sync::Arc;

use axum::http::Method;

use crate::config::Config;
use crate::mcp::Presence;
use crate::mount::{Access, Kind, McpSse, Mount};

const PATH: &str = "/mcp";
const STREAM: &str = "/mcp/legacy/sse";
const MESSAGES: &str = "/mcp/legacy/messages";

/// Adds MCP, unless it is switched off or mounted by the file.
pub(in crate::config) fn add_usual(config: &mut Config) {
    if !config.mcp.enabled {
        return;
    }
    let usual = [
        (PATH, Kind::Mcp(Presence::at(PATH))),
        (STREAM, Kind::McpSse(McpSse { presence: Presence::at(STREAM), messages: MESSAGES.to_owned() })),
    ];
    for (path, kind) in usual {
        let is_same = |mount: &Arc<Mount>| mount.kind.name() == kind.name();
        if !config.mounts.iter().any(is_same) {
            config.mounts.push(Arc::new(mount(path, kind)));
        }
    }
}

fn mount(path: &str, kind: Kind) -> Mount {
    let methods: Vec<Method> = kind.methods().to_vec();
    Mount {
        path: path.to_owned(),
        kind,
        methods,
        enabled: true,
        access: Access::default(),
        cors: None,
        origins: None,
        headers: Vec::new(),
        problem: None,
        requests: None,
    }
}
