//! Tools: what may be called by whom, whether plugins or the server itself do it. Everything that calls tools, whatever it
//! speaks, does so here. Must not know any protocol.

mod built_in;
pub(crate) mod reading;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Map, Value};
use tidemill_plugin::{ToolInfo, ToolOutcome, ToolProgress};
use tokio::sync::watch;
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

/// All tools there are.
pub(crate) struct Tools {
    built_in: Vec<Arc<dyn BuiltIn>>,
    changed: watch::Sender<u64>,
}

impl Tools {
    pub(crate) fn new() -> Self {
        Self { built_in: built_in::all(), changed: watch::Sender::default() }
    }

    /// What somebody may call, by name.
    pub(crate) fn list(&self, who: &Principal) -> Vec<Arc<ToolInfo>> {
        let mut tools: Vec<Arc<ToolInfo>> = self
            .built_in
            .iter()
            .map(|tool| Arc::new(tool.info()))
            .filter(|info| info.permission.as_ref().is_none_or(|own| who.reader().permissions.contains(own)))
            .collect();
        tools.sort_by(|a, b| a.name.cmp(&b.name));
        tools
    }

    /// Calls one.
    pub(crate) async fn call(&self, app: &Arc<App>, call: Call) -> Result<ToolOutcome, CallError> {
        let tool = self.built_in.iter().find(|tool| tool.info().name == call.name);
        let tool = tool.ok_or_else(|| CallError::Unknown(call.name.clone()))?;
        let schema = Value::Object(tool.info().input_schema);
        let validator = jsonschema::validator_for(&schema).map_err(|error| CallError::Failed(error.to_string()))?;
        let arguments = Value::Object(call.arguments.clone());
        let mistakes: Vec<String> = validator
            .iter_errors(&arguments)
            .map(|error| format!("{}: {error}", error.instance_path().to_string().trim_start_matches('/')))
            .collect();
        if !mistakes.is_empty() {
            return Ok(ToolOutcome::Complete(built_in::failed(mistakes.join("; "))));
        }
        tool.call(app, call).await
    }

    /// Told whenever there are others than before.
    pub(crate) fn changed(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Plugins are others than before.
    pub(crate) fn plugins_changed(&self) {
        self.changed.send_modify(|count| *count += 1);
    }
}

impl fmt::Debug for Tools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tools").field("built_in", &self.built_in.len()).finish_non_exhaustive()
    }
}
