//! Log lines about streams that begin and end, for who counts connections by their log. Their field names are those that
//! such readers look for.
//!
//! A target of its own, `connections`: `telemetry.filter = "info,connections=off"` leaves them out.

use super::{Connection, Use};
use crate::clock;

/// A stream begins. Polls come and go all the time, and are no connections to a reader of the log.
pub(super) fn added(connection: &Connection, total: usize) {
    if connection.terms.usage == Use::Stream {
        tracing::info!(
            target: "connections",
            connectionId = %connection.uuid(),
            id = connection.id,
            mount = connection.terms.mount.path(),
            tokenId = token_id(connection),
            tokenType = connection.terms.principal.kind(),
            clientIP = connection.address().map(|address| address.ip().to_string()),
            lane = connection.carrier.lane_name(),
            totalConnections = total,
            "SSE Connection Added"
        );
    }
}

/// A stream has ended. `duration` is in seconds.
pub(super) fn removed(connection: &Connection, total: usize) {
    if connection.terms.usage == Use::Stream {
        let milliseconds = clock::now().unix_ms().saturating_sub(connection.since.unix_ms());
        tracing::info!(
            target: "connections",
            connectionId = %connection.uuid(),
            id = connection.id,
            mount = connection.terms.mount.path(),
            tokenId = token_id(connection),
            tokenType = connection.terms.principal.kind(),
            clientIP = connection.address().map(|address| address.ip().to_string()),
            lane = connection.carrier.lane_name(),
            totalConnections = total,
            duration = milliseconds as f64 / 1e3,
            events = connection.progress.events(),
            bytes = connection.progress.bytes(),
            "SSE Connection Removed"
        );
    }
}

/// What tells the token from others: its `jti`, or the name of a static one. Nobody's without a token.
fn token_id(connection: &Connection) -> Option<&str> {
    let principal = &connection.terms.principal;
    principal.kind().map(|_| principal.token_id().unwrap_or(principal.name()))
}
