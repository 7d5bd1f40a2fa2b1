//! Prompts of plugins and what is suggested for them, in the words of the protocol. Must not know what plugins do.

use std::sync::Arc;

use rmcp::model::{
    CompleteRequestParams, CompleteResult, CompletionInfo, ErrorData, GetPromptRequestParams, GetPromptResponse,
    GetPromptResult, Prompt, PromptArgument, PromptMessage, Reference, Role,
};
use rmcp::service::{RequestContext, RoleServer};
use serde_json::Value;
use tidemill_plugin::{PromptCall, PromptInfo, PromptOutcome, Question, Subject};

use crate::app::App;
use crate::auth::Principal;
use crate::mcp::handler::{Handler, is_modern};
use crate::mcp::input::{self, Asked};
use crate::mcp::limits::ROUNDS_MAX;
use crate::mcp::translate;
use crate::tools::CallError;

/// Prompts that somebody sees.
pub(super) fn prompts(app: &App, who: &Principal) -> Vec<Prompt> {
    app.tools.prompts(who).iter().map(|info| prompt(info)).collect()
}

fn prompt(info: &PromptInfo) -> Prompt {
    let argument = |own: &tidemill_plugin::PromptArgument| {
        let mut argument = PromptArgument::new(own.name.clone()).with_required(own.required);
        argument.description.clone_from(&own.description);
        argument
    };
    let arguments = info.arguments.iter().map(argument).collect();
    let mut prompt = Prompt::new(info.name.clone(), info.description.clone(), Some(arguments));
    prompt.title.clone_from(&info.title);
    prompt
}

/// Fills a prompt in.
pub(super) async fn get(
    handler: &Handler,
    app: &Arc<App>,
    who: &Principal,
    params: GetPromptRequestParams,
    context: &RequestContext<RoleServer>,
) -> Result<GetPromptResponse, ErrorData> {
    let mut responses = params.input_responses.unwrap_or_default();
    let given = params.arguments.unwrap_or_default();
    let _turn = handler.turn(app, who, given.iter().chain(&responses))?;
    let purpose = input::Purpose { path: &handler.presence().path, who, what: &params.name, with: &given };
    let mut state = params.request_state.map(|sealed| input::open(&app.mcp, &purpose, &sealed)).transpose()?.flatten();
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let arguments: Vec<(String, String)> = given.iter().map(|(name, value)| (name.clone(), text(value))).collect();
    for _ in 0..ROUNDS_MAX {
        let call = PromptCall {
            name: params.name.clone(),
            arguments: arguments.clone(),
            accepts: input::accepts(context),
            responses: std::mem::take(&mut responses),
            state: state.take(),
        };
        let outcome =
            app.tools.get_prompt(who, call, context.ct.child_token()).await.map_err(|error| self::error(&error))?;
        let (requests, wanted_back) = match outcome {
            PromptOutcome::Complete { description, messages } => {
                let messages = messages.into_iter().map(message).collect();
                let mut result = GetPromptResult::new(messages);
                result.description = description;
                return Ok(result.into());
            }
            PromptOutcome::InputRequired { requests, state } => (requests, state),
        };
        if is_modern(context) {
            return Ok(input::required(&app.mcp, &purpose, requests, wanted_back, context)?.into());
        }
        match input::ask(requests, context).await {
            Asked::Answered(answers) => (responses, state) = (answers, wanted_back),
            Asked::Refused(reason) => return Err(ErrorData::invalid_request(reason, None)),
        }
    }
    Err(ErrorData::internal_error(format!("the prompt asked for something more than {ROUNDS_MAX} times"), None))
}

fn message(message: tidemill_plugin::PromptMessage) -> PromptMessage {
    let role = match message.role {
        tidemill_plugin::Role::User => Role::User,
        tidemill_plugin::Role::Assistant => Role::Assistant,
    };
    PromptMessage::new(role, translate::block(message.content))
}

/// What may be meant by the beginning of a value; nothing where nobody knows.
pub(super) async fn complete(
    app: &App,
    who: &Principal,
    params: CompleteRequestParams,
    context: &RequestContext<RoleServer>,
) -> Result<CompleteResult, ErrorData> {
    let subject = match params.r#ref {
        Reference::Prompt(prompt) => Subject::Prompt(prompt.name),
        Reference::Resource(resource) => Subject::Template(resource.uri),
        _ => return Ok(CompleteResult::default()),
    };
    let others = params.context.and_then(|context| context.arguments).unwrap_or_default().into_iter().collect();
    let question = Question { subject, argument: params.argument.name, value: params.argument.value, others };
    let found = match app.tools.complete(who, question, context.ct.child_token()).await {
        Ok(found) => found,
        Err(CallError::Unknown(_)) => return Ok(CompleteResult::default()),
        Err(failed) => return Err(error(&failed)),
    };
    let mut values = found.values;
    let more = found.more || values.len() > CompletionInfo::MAX_VALUES;
    values.truncate(CompletionInfo::MAX_VALUES);
    let mut completion = CompletionInfo::new(values).map_err(|error| ErrorData::internal_error(error, None))?;
    (completion.total, completion.has_more) = (found.total, Some(more));
    Ok(CompleteResult::new(completion))
}

fn error(error: &CallError) -> ErrorData {
    let text = error.to_string();
    match error {
        CallError::Unknown(_) | CallError::Invalid(_) => ErrorData::invalid_params(text, None),
        CallError::Cancelled | CallError::Failed(_) => ErrorData::internal_error(text, None),
    }
}
