//! The mounts in force, and which of them takes a request. A reload puts another table in its place; what is the same goes
//! on where it was.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue, Method};
use tower_http::cors::CorsLayer;

use crate::auth::Principal;
use crate::mcp::Presence;
use crate::mount::requests::Requests;
use crate::mount::{Kind, Mount, StreamMount, plain};
use crate::sse;

/// A mount in force.
#[derive(Debug)]
pub(crate) struct Mounted {
    pub(crate) mount: Arc<Mount>,
    pub(super) requests: Option<Requests>,
    /// Its own, if it has one: none in it if no page may read anything.
    pub(crate) cors: Option<Option<CorsLayer>>,
    /// Whoever comes without a token where that is open.
    pub(crate) visitor: Arc<Principal>,
}

/// All of them, in the order of the file.
#[derive(Debug, Default)]
pub(crate) struct Mounts(Vec<Arc<Mounted>>);

/// What the table has for a request.
#[derive(Debug, Clone)]
pub(super) enum Found {
    /// It takes it.
    Takes(Arc<Mounted>),
    /// It is there, and takes others: what may be asked.
    Other(Arc<Mounted>, HeaderValue),
}

impl Mounted {
    fn new(mount: &Arc<Mount>) -> Self {
        // Nobody sees more there than the mount is for.
        let types = mount.stream().map_or(&[][..], |stream| &stream.profile().types);
        Self {
            requests: mount.requests.map(Requests::new),
            cors: mount.cors.as_ref().map(|cors| cors.layer()),
            visitor: Arc::new(Principal::visitor(types)),
            mount: Arc::clone(mount),
        }
    }
}

impl Mounts {
    /// By a configuration; those that are the same as before stay.
    pub(crate) fn new(mounts: &[Arc<Mount>], before: Option<&Self>) -> Self {
        let before = before.map_or(&[][..], |before| &before.0);
        let mounted = |mount: &Arc<Mount>| {
            let same = before.iter().find(|own| own.mount == *mount);
            same.map_or_else(|| Arc::new(Mounted::new(mount)), Arc::clone)
        };
        Self(mounts.iter().map(mounted).collect())
    }

    /// What is at a path, for a method.
    pub(super) fn find(&self, method: &Method, path: &str, headers: &HeaderMap) -> Option<Found> {
        // What is at the path itself comes before what is there for the sake of one above.
        let own = self.0.iter().filter(|mounted| mounted.mount.path == path);
        let here = || own.clone().chain(self.0.iter().filter(|mounted| mounted.mount.is_also_at(path)));
        let mut takes: Vec<_> = here().filter(|mounted| mounted.mount.takes(method, path, headers)).collect();
        // One that is switched off answers where no other does.
        takes.sort_by_key(|mounted| !mounted.mount.enabled);
        if let Some(mounted) = takes.first() {
            return Some(Found::Takes(Arc::clone(mounted)));
        }
        let first = here().next()?;
        // Of what depends on the request, what would do for one like this.
        let takes = |mount: &Mount, method: &Method| mount.takes(method, path, headers);
        let mut names: Vec<&str> = here()
            .flat_map(|mounted| mounted.mount.methods_at(path).filter(|own| takes(&mounted.mount, own)))
            .map(Method::as_str)
            .collect();
        if names.contains(&"GET") {
            names.push("HEAD");
        }
        names.push("OPTIONS");
        names.dedup();
        let allow = HeaderValue::try_from(names.join(", ")).unwrap_or(HeaderValue::from_static("OPTIONS"));
        Some(Found::Other(Arc::clone(first), allow))
    }

    /// Whose rules hold for what the server itself has of the events at `/events`: a poll, or one of them.
    pub(crate) fn of_events(&self) -> Option<Arc<Mounted>> {
        match self.find(&Method::GET, sse::PATH, &HeaderMap::new())? {
            Found::Takes(mounted) => Some(mounted),
            Found::Other(..) => None,
        }
    }

    /// The stream at a path.
    pub(crate) fn stream(&self, path: &str) -> Option<Arc<StreamMount>> {
        let here = || self.0.iter().map(|mounted| &mounted.mount).filter(|mount| mount.path == path);
        let configured = here().filter(|mount| mount.enabled).find_map(|mount| mount.stream());
        let is_plain = || path == sse::PATH && !here().any(|mount| mount.takes(&Method::GET, path, &HeaderMap::new()));
        configured.cloned().or_else(|| is_plain().then(plain))
    }

    /// Whether these streams are still there.
    pub(crate) fn has(&self, stream: &Arc<StreamMount>) -> bool {
        let mut all = self.0.iter().filter(|own| own.mount.enabled).filter_map(|own| own.mount.stream());
        all.any(|own| Arc::ptr_eq(own, stream)) || self.stream(sse::PATH).is_some_and(|own| Arc::ptr_eq(&own, stream))
    }

    /// Every path and what is there.
    pub(super) fn list(&self) -> impl Iterator<Item = (&str, &Kind)> {
        let enabled = self.0.iter().filter(|mounted| mounted.mount.enabled);
        enabled.map(|mounted| (&*mounted.mount.path, &mounted.mount.kind))
    }

    /// Whether MCP presents itself so somewhere.
    pub(crate) fn is_present(&self, presence: &Presence) -> bool {
        self.list().any(|(_, kind)| matches!(kind, Kind::Mcp(own) if own == presence))
    }

    /// Forgets who has not been here for a while. Call it once a second.
    pub(crate) fn tidy(&self) {
        self.0.iter().filter_map(|mounted| mounted.requests.as_ref()).for_each(Requests::tidy);
    }
}
