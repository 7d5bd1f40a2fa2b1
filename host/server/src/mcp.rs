//! The Model Context Protocol (<https://modelcontextprotocol.io>): tools, events and plugins' resources for agents. Revisions
//! from 2025-03-26 to 2025-11-25 with sessions, 2026-07-28 without, and the older transport with two paths.
//!
//! The only module that names `rmcp`, which knows the protocol; what there is to call and read is known elsewhere
//! (`tools.rs`). Must not know how a path came to be one of MCP.

mod arrival;
mod ask;
mod calls;
mod endpoint;
mod handler;
mod input;
mod legacy;
mod limits;
mod notices;
mod offers;
mod origin;
mod resources;
mod sessions;
mod shares;
mod translate;
mod turns;
mod visits;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use rmcp::model::RequestStateCodec;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::app::App;
use crate::mcp::endpoint::Endpoint;
use crate::mcp::legacy::Streams;
use crate::mcp::shares::Shares;
use crate::mcp::visits::Visits;

pub(crate) use ask::{Refused, ask, visit};
pub(crate) use legacy::{legacy_message, legacy_stream};
pub(crate) use translate::{result_json, tool_json};
pub(crate) use visits::Visit;

/// How the server presents itself at a path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Presence {
    /// Where, below the base path.
    pub(crate) path: String,
    /// Name, for programs.
    pub(crate) name: String,
    /// Name, for people.
    pub(crate) title: Option<String>,
    /// Version.
    pub(crate) version: String,
    /// What models are told of it.
    pub(crate) instructions: Option<String>,
    /// Pages of other sites that may talk to it, such as `https://app.example`; loopback may always.
    pub(crate) origins: Vec<String>,
}

impl Presence {
    /// Where nothing is said of it.
    pub(crate) fn at(path: &str) -> Self {
        Self {
            path: path.to_owned(),
            name: "tidemill".to_owned(),
            title: Some("Tidemill".to_owned()),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            instructions: None,
            origins: Vec::new(),
        }
    }
}

/// All of it that lasts longer than a request.
pub(crate) struct Mcp {
    /// By what they are: several mounts may be at one path, and must not end each other's sessions.
    endpoints: Mutex<HashMap<Presence, Arc<Endpoint>>>,
    /// Streams of the older transport.
    streams: Streams,
    visits: Arc<Visits>,
    /// Room for calls that go on.
    calls: Arc<Shares>,
    /// Room for bytes that are held for clients.
    bytes: Arc<Shares>,
    /// Room for resources that somebody is told of.
    watches: Arc<Shares>,
    /// Room for answers that wait on streams of the older transport.
    unanswered: Arc<Shares>,
    /// What tools want back goes through clients, which must not change it.
    seal: RequestStateCodec,
    closing: CancellationToken,
    /// Requests by method and whether they were answered.
    noted: Mutex<BTreeMap<(&'static str, bool), u64>>,
}

impl Default for Mcp {
    fn default() -> Self {
        // 244 bits from the system's generator, good for as long as the process lives.
        let key = [*Uuid::new_v4().as_bytes(), *Uuid::new_v4().as_bytes()].concat();
        Self {
            endpoints: Mutex::default(),
            streams: Streams::default(),
            visits: Arc::default(),
            calls: Shares::new(limits::CALLS_MAX, limits::CALLS_OF_ONE_MAX),
            bytes: Shares::new(limits::BYTES_MAX, limits::BYTES_OF_ONE_MAX),
            watches: Shares::new(limits::WATCHES_MAX, limits::WATCHES_OF_ONE_MAX),
            unanswered: Shares::new(limits::UNANSWERED_MAX, limits::UNANSWERED_OF_ONE_MAX),
            seal: RequestStateCodec::new_unchecked(key),
            closing: CancellationToken::new(),
            noted: Mutex::default(),
        }
    }
}

impl Mcp {
    /// What answers at a path.
    fn endpoint(&self, app: &Arc<App>, presence: &Presence) -> Arc<Endpoint> {
        let mut endpoints = self.endpoints.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(endpoint) = endpoints.get(presence) {
            return Arc::clone(endpoint);
        }
        let endpoint = Endpoint::new(app, presence, self.closing.child_token());
        endpoints.insert(presence.clone(), Arc::clone(&endpoint));
        endpoint
    }

    /// Counts a request.
    fn note(&self, method: &'static str, answered: bool) {
        *self.noted.lock().unwrap_or_else(PoisonError::into_inner).entry((method, answered)).or_default() += 1;
    }

    /// Requests so far: method, whether it was answered, count.
    pub(crate) fn requests(&self) -> Vec<(&'static str, bool, u64)> {
        let noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        noted.iter().map(|((method, answered), count)| (*method, *answered, *count)).collect()
    }

    /// How many sessions there are, by kind of transport, and how many requests and streams are open.
    pub(crate) fn open(&self) -> [(&'static str, u64); 3] {
        let endpoints = self.endpoints.lock().unwrap_or_else(PoisonError::into_inner);
        let sessions: usize = endpoints.values().map(|endpoint| endpoint.sessions()).sum();
        let of = |name, count: usize| (name, count as u64);
        [of("sessions", sessions), of("streams-2024-11-05", self.streams.count()), of("requests", self.visits.count())]
    }

    /// Ends what is idle, and what belongs to those who are nobody any more. Call it once a second.
    pub(crate) fn sweep(&self, app: &App) {
        self.visits.sweep(app);
        let mounts = app.mounts.load();
        // A reload may have put another presence in the place of one: what began there has ended.
        self.endpoints.lock().unwrap_or_else(PoisonError::into_inner).retain(|presence, endpoint| {
            let stays = mounts.is_present(presence);
            if stays {
                endpoint.sweep(app);
            } else {
                endpoint.close();
            }
            stays
        });
    }

    /// Ends everything: the server stops.
    pub(crate) fn close(&self) {
        self.closing.cancel();
        self.visits.close();
        let endpoints = std::mem::take(&mut *self.endpoints.lock().unwrap_or_else(PoisonError::into_inner));
        endpoints.into_values().for_each(|endpoint| endpoint.close());
    }
}

impl std::fmt::Debug for Mcp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mcp").finish_non_exhaustive()
    }
}

/// Answers a request of the streamable HTTP transport.
pub(crate) async fn handle(app: &Arc<App>, presence: &Presence, request: Request) -> Response {
    if let Err(problem) = origin::check(&presence.origins, request.headers()) {
        return problem.into_response();
    }
    app.mcp.endpoint(app, presence).answer(app, request).await.unwrap_or_else(IntoResponse::into_response)
}
