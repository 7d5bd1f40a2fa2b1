//! Tools: what may be called by whom, whether plugins or the server itself do it. Everything that calls tools, whatever it
//! speaks, does so here. Must not know any protocol.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Map, Value};
use tidemill_plugin::{ToolInfo, ToolOutcome, ToolProgress};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::auth::Principal;

/// A call of a tool.
pub(crate) struct Call {
    /// Which tool.
    pub(crate) name: String,
    /// Its arguments.
    pub(crate) arguments: Map<String, Value>,
    /// Who calls.
    pub(crate) who: Arc<Principal>,
    /// Who is told how far it is. Must not block.
    pub(crate) progress: Option<Arc<dyn Fn(ToolProgress) + Send + Sync>>,
    /// Cancelled, nobody waits for it any more.
    pub(crate) cancel: CancellationToken,
    /// Answers to what the tool asked for the last time, by its names.
    pub(crate) responses: BTreeMap<String, Value>,
    /// What the tool wanted back.
    pub(crate) state: Option<String>,
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("name", &self.name).field("who", &self.who).finish_non_exhaustive()
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CallError {
    /// There is no such tool, for whoever asked.
    #[error("there is no tool `{0}`")]
    Unknown(String),
    /// Nobody waits for it any more.
    #[error("the call was cancelled")]
    Cancelled,
    /// It could not be called, or the plugin failed.
    #[error("{0}")]
    Failed(String),
}

/// A tool of the server itself.
#[async_trait]
pub(crate) trait BuiltIn: Send + Sync {
    /// What it is.
    fn info(&self) -> ToolInfo;
    /// Does it. Arguments were checked against its schema.
    async fn call(&self, app: &Arc<App>, call: Call) -> Result<ToolOutcome, CallError>;
}
