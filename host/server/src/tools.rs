//! Tools, prompts and resources: what may be called by whom, whether plugins or the server itself do it. Everything that calls
//! them, whatever it speaks, does so here. Must not know any protocol.

mod built_in;
mod catalogue;
mod changes;
mod offers;
mod platform;
mod progress;
pub(crate) mod reading;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Map, Value};
use tidemill_plugin::{
    CallContext, CallFailure, CallLog, Plugins, ToolCall, ToolInfo, ToolOutcome, ToolProgress, ToolSchema,
};
use tokio::sync::{broadcast, watch};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::auth::Principal;
use catalogue::Catalogue;
pub(crate) use changes::Changes;
pub(crate) use platform::ServerPlatform;
use progress::ProgressEvents;

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
    /// Who is told what the plugin logs meanwhile. Must not block.
    pub(crate) logs: Option<Arc<dyn Fn(CallLog) + Send + Sync>>,
    /// Cancelled, nobody waits for it any more.
    pub(crate) cancel: CancellationToken,
    /// What the client's side can be asked for: methods such as `elicitation/create`.
    pub(crate) accepts: Vec<String>,
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
    #[error("there is no `{0}`")]
    Unknown(String),
    /// Nobody waits for it any more.
    #[error("the call was cancelled")]
    Cancelled,
    /// What is wrong with what was asked.
    #[error("{0}")]
    Invalid(String),
    /// It could not be called, or the plugin failed.
    #[error("{0}")]
    Failed(String),
}

impl CallError {
    /// Of a call of something by this name.
    fn of(failure: CallFailure, name: &str) -> Self {
        match failure {
            CallFailure::Unknown => Self::Unknown(name.to_owned()),
            CallFailure::Invalid(what) => Self::Invalid(what),
            CallFailure::Cancelled => Self::Cancelled,
            CallFailure::Busy(reason) | CallFailure::Failed(reason) => Self::Failed(reason),
        }
    }
}

/// A tool of the server itself.
#[async_trait]
pub(crate) trait BuiltIn: Send + Sync {
    /// What it is.
    fn info(&self) -> ToolInfo;
    /// Whether somebody may see and call it.
    fn is_for(&self, _: &Principal) -> bool {
        true
    }
    /// Does it. Arguments were checked against its schema.
    async fn call(&self, app: &Arc<App>, call: Call) -> Result<ToolOutcome, CallError>;
}

/// All tools, prompts and resources that there are.
pub(crate) struct Tools {
    built_in: BTreeMap<String, Own>,
    plugins: Arc<Plugins>,
    changes: Arc<Changes>,
    progress: ProgressEvents,
    stopping: CancellationToken,
}

/// A tool of the server, with what its calls are checked by.
struct Own {
    info: Arc<ToolInfo>,
    schema: ToolSchema,
    tool: Arc<dyn BuiltIn>,
}

impl fmt::Debug for Tools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tools").field("built_in", &self.built_in.keys()).finish_non_exhaustive()
    }
}

impl Tools {
    /// Those of the server, and of all plugins. A schema of the server's own that is wrong is a mistake of its author.
    pub(crate) fn new(plugins: Arc<Plugins>, changes: Arc<Changes>) -> anyhow::Result<Self> {
        let mut own = BTreeMap::new();
        for tool in built_in::all() {
            let info = Arc::new(tool.info());
            let schema = ToolSchema::compile(&info.input_schema)
                .map_err(|error| anyhow::anyhow!("the schema of the tool `{}`: {error}", info.name))?;
            own.insert(info.name.clone(), Own { info, schema, tool });
        }
        let (progress, stopping) = (ProgressEvents::default(), CancellationToken::new());
        Ok(Self { built_in: own, plugins, changes, progress, stopping })
    }

    /// What somebody may call, by name.
    pub(crate) fn list(&self, who: &Principal) -> Vec<Arc<ToolInfo>> {
        let generation = self.plugins.current();
        let mut tools: BTreeMap<&str, Arc<ToolInfo>> =
            self.built_in.iter().map(|(name, own)| (name.as_str(), Arc::clone(&own.info))).collect();
        for tool in Catalogue(&generation).tools() {
            tools.entry(&tool.info.name).or_insert_with(|| Arc::clone(&tool.info));
        }
        tools.retain(|name, _| self.built_in.get(*name).is_none_or(|own| own.tool.is_for(who)));
        tools.into_values().filter(|info| may(who, info.permission.as_ref())).collect()
    }

    /// Calls a tool. Wrong arguments are invalid, and named.
    pub(crate) async fn call(&self, app: &Arc<App>, call: Call) -> Result<ToolOutcome, CallError> {
        let (name, who) = (call.name.clone(), Arc::clone(&call.who));
        let cancel = call.cancel.clone();
        let work = async {
            match self.built_in.get(&name) {
                Some(own) => own.call(app, call).await,
                None => self.call_plugin(app, call).await,
            }
        };
        let outcome = self.unless_stopping(&cancel, work).await;
        match &outcome {
            Ok(_) => tracing::debug!(tool = name, by = who.name(), "a tool was called"),
            Err(CallError::Unknown(_) | CallError::Invalid(_) | CallError::Cancelled) => {
                tracing::debug!(tool = name, by = who.name(), "a call of a tool did not end");
            }
            // Failures of plugins are lines of the plugin, at a rate; figures count all.
            Err(error) => {
                tracing::debug!(tool = name, by = who.name(), error = error.to_string(), "a call of a tool failed");
            }
        }
        outcome
    }

    async fn call_plugin(&self, app: &Arc<App>, call: Call) -> Result<ToolOutcome, CallError> {
        let generation = self.plugins.current();
        let found = Catalogue(&generation).tool(&call.name);
        let permitted = |info: &ToolInfo| may(&call.who, info.permission.as_ref());
        let Some((plugin, _)) = found.filter(|(_, tool)| permitted(&tool.info)) else {
            return Err(CallError::Unknown(call.name));
        };
        let plugin = Arc::clone(plugin);
        drop(generation);
        let context = CallContext {
            caller: call.who.reader().client.clone(),
            progress: Some(self.progress.of(app, &plugin, &call)),
            logs: call.logs,
            cancel: call.cancel,
        };
        let Call { name, arguments, accepts, responses, state, .. } = call;
        let asked = ToolCall { name: name.clone(), arguments, accepts, responses, state };
        plugin.call_tool(asked, context).await.map_err(|failure| CallError::of(failure, &name))
    }

    /// Does something, unless nobody waits for it or the host stops meanwhile. Dropped, calls of plugins are cancelled.
    async fn unless_stopping<T>(
        &self,
        cancel: &CancellationToken,
        work: impl Future<Output = Result<T, CallError>>,
    ) -> Result<T, CallError> {
        tokio::select! {
            biased;
            done = work => done,
            () = cancel.cancelled() => Err(CallError::Cancelled),
            () = self.stopping.cancelled() => Err(CallError::Failed("the host is stopping".into())),
        }
    }

    /// Cancels all calls: the host stops.
    pub(crate) fn stop(&self) {
        self.stopping.cancel();
    }

    /// Told whenever there are other tools than before.
    pub(crate) fn changed(&self) -> watch::Receiver<u64> {
        self.changes.tools.subscribe()
    }

    /// Told whenever there are other prompts than before.
    pub(crate) fn prompts_changed(&self) -> watch::Receiver<u64> {
        self.changes.prompts.subscribe()
    }

    /// Told whenever there are other resources than before.
    pub(crate) fn resources_changed(&self) -> watch::Receiver<u64> {
        self.changes.resources.subscribe()
    }

    /// Addresses of resources that changed. Whoever is behind misses some.
    pub(crate) fn resource_updates(&self) -> broadcast::Receiver<Arc<str>> {
        self.changes.updates.subscribe()
    }

    /// Plugins are others than before.
    pub(crate) fn plugins_changed(&self) {
        Catalogue(&self.plugins.current()).warn_of_shadows(&self.built_in.keys());
        self.changes.all();
    }

    /// Tools of a plugin that others of the same name stand before, each with whose that is.
    pub(crate) fn shadowed(&self, plugin: &str) -> Vec<String> {
        Catalogue(&self.plugins.current()).shadowed(plugin, self.built_in.keys())
    }
}

impl Own {
    async fn call(&self, app: &Arc<App>, call: Call) -> Result<ToolOutcome, CallError> {
        if !self.tool.is_for(&call.who) || !may(&call.who, self.info.permission.as_ref()) {
            return Err(CallError::Unknown(call.name));
        }
        let problems = self.schema.problems(&Value::Object(call.arguments.clone()));
        if !problems.is_empty() {
            return Err(CallError::Invalid(problems.join("\n")));
        }
        self.tool.call(app, call).await
    }
}

/// Whether somebody has a permission, if one is needed.
pub(crate) fn may(who: &Principal, permission: Option<&String>) -> bool {
    permission.is_none_or(|permission| who.has(permission))
}
