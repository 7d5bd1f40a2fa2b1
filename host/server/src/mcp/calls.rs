//! One call of a tool for a client: what it is told meanwhile, and how often the tool may ask back. Must not know what tools
//! do.

use std::collections::BTreeMap;
use std::sync::Arc;

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ErrorData, ProgressNotificationParam,
    ProgressToken,
};
use rmcp::service::{RequestContext, RoleServer};
use serde_json::Value;
use tidemill_plugin::{ToolOutcome, ToolProgress};
use tokio::sync::mpsc;

use crate::app::App;
use crate::auth::Principal;
use crate::mcp::handler::{Handler, is_modern};
use crate::mcp::input::{self, Asked};
use crate::mcp::limits::{NAME_BYTES_MAX, PROGRESS_MAX, ROUNDS_MAX};
use crate::mcp::translate;
use crate::tools::{Call, CallError};

/// Calls a tool.
pub(super) async fn call(
    handler: &Handler,
    app: &Arc<App>,
    who: Arc<Principal>,
    params: CallToolRequestParams,
    context: &RequestContext<RoleServer>,
) -> Result<CallToolResponse, ErrorData> {
    let modern = is_modern(context);
    let purpose = input::Purpose { path: &handler.presence().path, who: who.name(), what: &params.name };
    let mut state = params.request_state.map(|sealed| input::open(&app.mcp, &purpose, &sealed)).transpose()?.flatten();
    let mut responses: BTreeMap<String, Value> = params.input_responses.unwrap_or_default();
    let arguments = params.arguments.unwrap_or_default();
    let name = params.name.to_string();
    for _ in 0..ROUNDS_MAX {
        let call = Call {
            name: name.clone(),
            arguments: arguments.clone(),
            who: Arc::clone(&who),
            progress: None,
            logs: None,
            accepts: input::accepts(context),
            cancel: context.ct.child_token(),
            responses: std::mem::take(&mut responses),
            state: state.take(),
        };
        let (requests, wanted_back) = match told(app, call, context).await {
            Ok(ToolOutcome::Complete(result)) => return Ok(translate::result(result, modern).into()),
            Ok(ToolOutcome::InputRequired { requests, state }) => (requests, state),
            Err(CallError::Unknown(name)) => {
                let name: String = name.chars().take(NAME_BYTES_MAX).collect();
                return Err(ErrorData::invalid_params(format!("Unknown tool: {name}"), None));
            }
            Err(CallError::Cancelled) => return Err(ErrorData::internal_error("the call was cancelled", None)),
            Err(CallError::Invalid(reason) | CallError::Failed(reason)) => return Ok(failed(reason)),
        };
        if modern {
            let result = input::required(&app.mcp, &purpose, requests, wanted_back, context)?;
            return Ok(result.into());
        }
        match input::ask(requests, context).await {
            Asked::Answered(answers) => (responses, state) = (answers, wanted_back),
            Asked::Refused(reason) => return Ok(failed(reason)),
        }
    }
    Ok(failed(format!("the tool `{name}` asked for something more than {ROUNDS_MAX} times")))
}

fn failed(reason: String) -> CallToolResponse {
    CallToolResult::error(vec![ContentBlock::text(reason)]).into()
}

/// Calls once; whoever asked for progress is told of it, on the answer's own stream.
async fn told(app: &Arc<App>, mut call: Call, context: &RequestContext<RoleServer>) -> Result<ToolOutcome, CallError> {
    let Some(token) = context.meta.get_progress_token() else {
        return tokio::select! {
            outcome = app.tools.call(app, call) => outcome,
            () = context.ct.cancelled() => Err(CallError::Cancelled),
        };
    };
    let (report, mut reports) = mpsc::channel(PROGRESS_MAX);
    // A client that takes nothing misses some of it.
    call.progress = Some(Arc::new(move |progress: ToolProgress| drop(report.try_send(progress))));
    let mut teller = Teller { token, done: f64::NEG_INFINITY, context };
    let calling = app.tools.call(app, call);
    tokio::pin!(calling);
    let outcome = loop {
        tokio::select! {
            biased;
            () = context.ct.cancelled() => return Err(CallError::Cancelled),
            Some(progress) = reports.recv() => teller.tell(progress).await,
            outcome = &mut calling => break outcome,
        }
    };
    while let Ok(progress) = reports.try_recv() {
        teller.tell(progress).await;
    }
    outcome
}

/// Tells a client how far its call is.
struct Teller<'c> {
    token: ProgressToken,
    /// Of what it was told last; it must increase.
    done: f64,
    context: &'c RequestContext<RoleServer>,
}

impl Teller<'_> {
    async fn tell(&mut self, progress: ToolProgress) {
        if !progress.done.is_finite() || progress.done <= self.done {
            return;
        }
        self.done = progress.done;
        let mut params = ProgressNotificationParam::new(self.token.clone(), progress.done);
        (params.total, params.message) = (progress.total, progress.message);
        tokio::select! {
            told = self.context.peer.notify_progress(params) => {
                told.unwrap_or_else(|error| tracing::debug!("progress was not told: {error}"));
            }
            () = self.context.ct.cancelled() => {}
        }
    }
}
