//! Mounts: paths of the configuration at which clients of a system find what its documents say. Owns the table of them; what
//! is at each is a kind with its own file. Must not know any system by name.

mod access;
mod count;
mod entry;
mod figures;
mod file;
mod mcp_sse;
mod origin;
pub(crate) mod profile;
mod publish;
mod requests;
mod route;
mod send;
pub(crate) mod stream;
mod table;
mod tools;

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use tidemill_jq_program::Program;

use crate::mcp::Presence;

pub(crate) use access::{Access, Entrance};
pub(crate) use entry::{enter, is_settable, serve};
pub(crate) use figures::Figures;
pub(crate) use file::File;
pub(crate) use mcp_sse::McpSse;
pub(crate) use origin::{Cors, Origins};
pub(crate) use profile::Profile;
pub(crate) use publish::Publish;
pub(crate) use requests::Bound;
pub(crate) use route::{At, find};
pub(crate) use send::SendMount;
pub(crate) use stream::{StreamMount, plain};
pub(crate) use table::{Mounted, Mounts};
pub(crate) use tools::ToolsMount;

/// One of `[[mount]]`, checked.
#[derive(Debug, PartialEq)]
pub(crate) struct Mount {
    pub(crate) path: String,
    pub(crate) kind: Kind,
    /// What it takes; with GET also HEAD.
    pub(crate) methods: Vec<Method>,
    /// Otherwise it answers that it is not there.
    pub(crate) enabled: bool,
    pub(crate) access: Access,
    /// In place of `[cors]`.
    pub(crate) cors: Option<Cors>,
    /// Which pages' requests are taken at all; none: of all that may come.
    pub(crate) origins: Option<Origins>,
    /// Of all answers.
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    /// The shape of error bodies.
    pub(crate) problem: Option<Program>,
    /// How many one address may send.
    pub(crate) requests: Option<Bound>,
}

/// What is at a path.
#[derive(Debug, PartialEq)]
pub(crate) enum Kind {
    /// A stream of events.
    Stream(Arc<StreamMount>),
    /// A body becomes an event.
    Publish(Publish),
    /// Figures of the moment.
    Figures(Figures),
    /// A message for one connection.
    Send(SendMount),
    /// Tools, one below the other.
    Tools(ToolsMount),
    /// A file.
    File(File),
    /// The Model Context Protocol.
    Mcp(Presence),
    /// The same by its older transport.
    McpSse(McpSse),
}

impl Kind {
    /// As it is written.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Stream(_) => "stream",
            Self::Publish(_) => "publish",
            Self::Figures(_) => "figures",
            Self::Send(_) => "send",
            Self::Tools(_) => "tools",
            Self::File(_) => "file",
            Self::Mcp(_) => "mcp",
            Self::McpSse(_) => "mcp-sse",
        }
    }

    /// What may be asked of it.
    pub(crate) const fn methods(&self) -> &'static [Method] {
        match self {
            Self::Publish(_) => &[Method::POST, Method::PUT],
            Self::Send(_) => &[Method::POST],
            Self::Tools(_) | Self::McpSse(_) => &[Method::GET, Method::POST],
            Self::Mcp(_) => &[Method::POST, Method::GET, Method::DELETE],
            _ => &[Method::GET],
        }
    }
}

impl Mount {
    /// What a path has below its own, where that is of it.
    pub(crate) fn below<'p>(&self, path: &'p str) -> Option<&'p str> {
        let name = path.strip_prefix(&*self.path)?.strip_prefix('/')?;
        (matches!(self.kind, Kind::Tools(_)) && !name.is_empty() && !name.contains('/')).then_some(name)
    }

    /// Whether a path is another one of it, beside its own.
    pub(crate) fn is_also_at(&self, path: &str) -> bool {
        self.below(path).is_some()
            || (self.path != path && matches!(&self.kind, Kind::McpSse(own) if own.messages == path))
    }

    /// What it takes at a path that is one of its own.
    pub(crate) fn methods_at(&self, path: &str) -> impl Iterator<Item = &Method> {
        let is_own = self.path == path;
        // Read at the one, sent to at the other.
        let here = match &self.kind {
            Kind::McpSse(own) if is_own && own.messages == path => None,
            Kind::Tools(_) | Kind::McpSse(_) => Some(if is_own { Method::GET } else { Method::POST }),
            _ => None,
        };
        self.methods.iter().filter(move |method| here.as_ref().is_none_or(|here| here == *method))
    }

    pub(crate) fn takes(&self, method: &Method, path: &str, headers: &HeaderMap) -> bool {
        let method = if method == Method::HEAD { &Method::GET } else { method };
        // Of what only reads, what says that it is of the protocol: another mount may have a stream at the same path.
        let is_for_another = matches!(self.kind, Kind::Mcp(_))
            && method == Method::GET
            && !["mcp-session-id", "mcp-protocol-version"].iter().any(|name| headers.contains_key(*name));
        self.methods_at(path).any(|own| own == method) && !is_for_another
    }

    /// The stream, if it is one.
    pub(crate) const fn stream(&self) -> Option<&Arc<StreamMount>> {
        if let Kind::Stream(stream) = &self.kind { Some(stream) } else { None }
    }

    /// Whose streams are counted.
    pub(crate) fn of(&self) -> Option<&str> {
        match &self.kind {
            Kind::Publish(publish) => publish.of.as_deref(),
            Kind::Figures(figures) => figures.of.as_deref(),
            _ => None,
        }
    }

    /// The stream whose events it answers with.
    pub(crate) fn tells_events_of(&self) -> Option<&str> {
        match &self.kind {
            Kind::Figures(figures) if figures.history > 0 => figures.of.as_deref(),
            _ => None,
        }
    }
}

/// Beginnings of paths that are the server's own.
const OWN: [&str; 15] = [
    "dashboard",
    "connections",
    "dead-letters",
    "hooks",
    "event-types",
    "plugins",
    "principal",
    "tickets",
    "diagnostics",
    "tokens",
    "metrics",
    "asyncapi.json",
    "openapi.json",
    "livez",
    "readyz",
];

/// Why nothing of the configuration can be at a path, if so.
pub(crate) fn own(path: &str) -> Option<String> {
    let first = path.split('/').nth(1).unwrap_or_default();
    let own = OWN.contains(&first) || path == "/events/poll";
    own.then(|| format!("is {path:?}, where the server has something of its own; take another path"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_is_the_servers_own_is_known() {
        let routes = include_str!("http.rs");
        let paths = routes.split(".route(\"").skip(1).filter_map(|rest| rest.split('"').next());
        let free = ["/", "/events", "/events/stats", "/events/{position}", "/{*path}"];
        for path in paths {
            assert_eq!(own(path).is_none(), free.contains(&path), "{path}");
        }
        assert!(own("/health").is_none() && own("/pluginsx").is_none() && own("/plugins/x").is_some());
    }
}
