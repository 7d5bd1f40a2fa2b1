//! What each route needs. A route that is not named here needs what its method needs: reading a token, changing an
//! administrator.

use axum::http::Method;

/// What a route needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// Nothing.
    Nothing,
    /// To be somebody. What exactly they may see is looked at where it is read.
    Somebody,
    /// To be allowed to publish something. What, is looked at for each event.
    Publisher,
    /// To be allowed to change the server itself.
    Administrator,
}

/// What a request needs, by the route that takes it.
pub(super) fn need(method: &Method, route: &str) -> Need {
    match (method.as_str(), route) {
        // Probes have no tokens, and the dashboard's files no secrets.
        ("GET" | "HEAD", "/livez" | "/readyz" | "/" | "/dashboard/{file}") => Need::Nothing,
        // Other systems sign their deliveries, which plugins check.
        ("POST", "/hooks/{plugin}") => Need::Nothing,
        ("POST", "/events") => Need::Publisher,
        ("POST", "/tickets") => Need::Somebody,
        _ if method.is_safe() => Need::Somebody,
        _ => Need::Administrator,
    }
}

/// Whether a route shows events that are also at `/events`, where a mount may say who may have them.
pub(super) fn reads_events(route: &str) -> bool {
    matches!(route, "/events/poll" | "/events/{position}")
}

/// What the audit log calls a request that changes the server itself.
pub(super) fn action(method: &Method, route: &str) -> Option<&'static str> {
    Some(match (method.as_str(), route) {
        ("DELETE", "/connections/{id}") => "connection.close",
        ("DELETE", "/dead-letters/{number}") => "dead-letter.forget",
        ("POST", "/dead-letters/{number}/replay") => "dead-letter.replay",
        ("PUT", "/plugins/{name}") => "plugin.upload",
        ("DELETE", "/plugins/{name}") => "plugin.delete",
        ("DELETE", "/plugins/{name}/state") => "plugin.clear-state",
        ("POST", "/plugins/{name}/enable") => "plugin.enable",
        ("POST", "/plugins/{name}/disable") => "plugin.disable",
        ("POST", "/plugins/{name}/rollback") => "plugin.rollback",
        ("POST", "/tokens/{jti}/revoke") => "token.revoke",
        // Nothing is there.
        (_, "/{*path}") => return None,
        _ if need(method, route) == Need::Administrator => "other",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_named_is_not_open() {
        assert_eq!(need(&Method::GET, "/new"), Need::Somebody);
        assert_eq!(need(&Method::DELETE, "/new"), Need::Administrator);
        assert_eq!(need(&Method::POST, "/livez"), Need::Administrator);
        assert_eq!(need(&Method::from_bytes(b"BREW").unwrap(), "/"), Need::Administrator);
        assert_eq!(action(&Method::DELETE, "/new"), Some("other"));
        assert_eq!(action(&Method::GET, "/plugins"), None);
    }
}
