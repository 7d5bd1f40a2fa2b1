//! One call of a tool for a client: what it is told meanwhile, and how often the tool may ask back. Must not know what tools
//! do.
#![expect(deprecated, reason = "clients of older revisions have lines of the log sent")]

use std::collections::BTreeMap;
use std::sync::Arc;

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ErrorData, LoggingLevel,
    LoggingMessageNotificationParam, ProgressNotificationParam, ProgressToken,
};
use rmcp::service::{RequestContext, RoleServer};
use serde_json::Value;
use tidemill_plugin::{CallLog, ToolOutcome, ToolProgress};
use tokio::sync::mpsc;
use tracing::Level;

use crate::app::App;
use crate::auth::Principal;
use crate::mcp::handler::{Handler, is_alone, is_modern};
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
    let mut responses: BTreeMap<String, Value> = params.input_responses.unwrap_or_default();
    let arguments = params.arguments.unwrap_or_default();
    let _turn = handler.turn(app, &who, arguments.iter().chain(&responses))?;
    let purpose = input::Purpose { path: &handler.presence().path, who: &who, what: &params.name, with: &arguments };
    let mut state = params.request_state.map(|sealed| input::open(&app.mcp, &purpose, &sealed)).transpose()?.flatten();
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
        let (requests, wanted_back) = match told(handler, app, call, context).await {
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

/// What a client is told of its call.
enum Told {
    Progress(ToolProgress),
    Log(CallLog),
}

/// Calls once; whoever asked for progress or lines of the log is told of them while it waits.
async fn told(
    handler: &Handler,
    app: &Arc<App>,
    mut call: Call,
    context: &RequestContext<RoleServer>,
) -> Result<ToolOutcome, CallError> {
    let (report, mut reports) = mpsc::channel(PROGRESS_MAX);
    let teller = Teller {
        token: context.meta.get_progress_token(),
        // Without a session only those who ask in the request.
        level: if is_alone(context) { context.meta.log_level() } else { Some(handler.level()) },
        name: call.name.clone(),
        context,
    };
    // A client that takes nothing misses some of it.
    if teller.token.is_some() {
        let report = report.clone();
        call.progress = Some(Arc::new(move |progress| drop(report.try_send(Told::Progress(progress)))));
    }
    if teller.level.is_some() {
        call.logs = Some(Arc::new(move |line| drop(report.try_send(Told::Log(line)))));
    }
    let mut done = f64::NEG_INFINITY;
    let calling = app.tools.call(app, call);
    tokio::pin!(calling);
    let outcome = loop {
        tokio::select! {
            biased;
            () = context.ct.cancelled() => return Err(CallError::Cancelled),
            Some(told) = reports.recv() => teller.tell(told, &mut done).await,
            outcome = &mut calling => break outcome,
        }
    };
    while let Ok(told) = reports.try_recv() {
        teller.tell(told, &mut done).await;
    }
    outcome
}

/// Tells a client how its call goes.
struct Teller<'c> {
    token: Option<ProgressToken>,
    /// The least severe lines that it wants.
    level: Option<LoggingLevel>,
    name: String,
    context: &'c RequestContext<RoleServer>,
}

impl Teller<'_> {
    /// `done` is what it was told of last; it must increase.
    async fn tell(&self, told: Told, done: &mut f64) {
        let peer = &self.context.peer;
        let telling = async {
            match (told, &self.token, self.level) {
                (Told::Progress(progress), Some(token), _) if progress.done.is_finite() && progress.done > *done => {
                    *done = progress.done;
                    let mut params = ProgressNotificationParam::new(token.clone(), progress.done);
                    (params.total, params.message) = (progress.total, progress.message);
                    peer.notify_progress(params).await
                }
                (Told::Log(line), _, Some(least)) if severity(level(line.level)) >= severity(least) => {
                    let params = LoggingMessageNotificationParam::new(level(line.level), line.message.into());
                    peer.notify_logging_message(params.with_logger(self.name.clone())).await
                }
                _ => Ok(()),
            }
        };
        tokio::select! {
            told = telling => told.unwrap_or_else(|error| tracing::debug!("a client was not told: {error}")),
            () = self.context.ct.cancelled() => {}
        }
    }
}

fn level(level: Level) -> LoggingLevel {
    match level {
        Level::ERROR => LoggingLevel::Error,
        Level::WARN => LoggingLevel::Warning,
        Level::INFO => LoggingLevel::Info,
        _ => LoggingLevel::Debug,
    }
}

const fn severity(level: LoggingLevel) -> u8 {
    level as u8
}
