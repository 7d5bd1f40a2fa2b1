//! What mounts contradict each other in, or name that is not there. Must not know how tables are read.

use std::sync::Arc;

use axum::http::Method;

use crate::config::Source;
use crate::config::nearest::nearest_key;
use crate::mount::{Access, Kind, Mount};

/// What mounts contradict each other in.
pub(in crate::config) fn contradictions(mounts: &[Arc<Mount>], sources: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for (at, mount) in mounts.iter().enumerate().filter(|(_, mount)| mount.enabled) {
        let before = mounts[..at].iter().filter(|other| other.enabled && other.path == mount.path);
        // What one of MCP leaves to others depends on the request.
        let before = before.filter(|other| !matches!(other.kind, Kind::Mcp(_)) || matches!(mount.kind, Kind::Mcp(_)));
        let taken: Vec<&Method> = before.flat_map(|other| &other.methods).collect();
        if mount.methods.iter().all(|method| taken.contains(&method)) {
            let methods: Vec<&str> = mount.methods.iter().map(Method::as_str).collect();
            let (methods, path) = (methods.join(" and "), &mount.path);
            found.push(format!("has {methods} {path} twice: the second would never be reached"));
        }
    }
    let enabled = || mounts.iter().filter(|mount| mount.enabled);
    for (mount, own) in enabled().filter_map(|mount| match &mount.kind {
        Kind::McpSse(own) if own.messages != mount.path => Some((mount, own)),
        _ => None,
    }) {
        let takes = |other: &&Arc<Mount>| {
            let same = matches!(&other.kind, Kind::McpSse(theirs) if theirs.messages == own.messages);
            !Arc::ptr_eq(other, mount)
                && (same || (other.path == own.messages && other.methods.contains(&Method::POST)))
        };
        if let Some(other) = enabled().find(takes) {
            let (path, messages, there) = (&mount.path, &own.messages, &other.path);
            found.push(format!(
                "has `messages = {messages:?}` at {path}, which the mount at {there} takes too; give it a path of its own"
            ));
        }
    }
    for (mount, own) in mounts.iter().filter_map(|mount| match &mount.kind {
        Kind::Send(own) => Some((mount, own)),
        _ => None,
    }) {
        let mut streams = mounts.iter().filter(|other| other.path == own.to).filter_map(|other| other.stream());
        if !streams.any(|stream| stream.profile().private) {
            let (to, path) = (&own.to, &mount.path);
            found.push(format!(
                "has `to = {to:?}` at {path}, where no stream with mailboxes is; give that mount `private = true`"
            ));
        }
    }
    for (mount, of) in mounts.iter().filter_map(|mount| Some((mount, mount.of()?))) {
        let is_stream = |other: &Arc<Mount>| other.path == of && other.stream().is_some();
        if of != crate::sse::PATH && !mounts.iter().any(is_stream) {
            let path = &mount.path;
            found.push(format!(
                "has `of = {of:?}` at {path}, where no mount of kind \"stream\" is; name the path of one"
            ));
        }
    }
    for (mount, of) in mounts.iter().filter_map(|mount| Some((mount, mount.tells_events_of()?))) {
        let usual = Access::default();
        let stream = mounts.iter().find(|other| other.path == of && other.stream().is_some());
        if mount.access.admits_more_than(stream.map_or(&usual, |stream| &stream.access)) {
            found.push(format!(
                "has `history` at {}, where somebody may read who may not at {of:?}, whose events it tells: give both the \
                 same `auth`, `permissions` and `token-types`",
                mount.path
            ));
        }
    }
    for stream in mounts.iter().filter_map(|mount| mount.stream()) {
        let Some(name) = &stream.profile().source else { continue };
        if sources.iter().any(|source| source.name == *name) {
            continue;
        }
        let fix = nearest_key(name, sources.iter().map(|source| &*source.name))
            .map_or_else(|| "write a `[[source]]` of that name".to_owned(), |near| format!("did you mean {near:?}?"));
        found.push(format!("has `source = {name:?}` at {}, which is no `[[source]]`: {fix}", stream.path()));
    }
    found
}
