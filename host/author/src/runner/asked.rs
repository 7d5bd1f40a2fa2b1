//! What clients ask a plugin for: tools, prompts, resources, and what may be meant by the beginning of a value.

use std::sync::Arc;

use tidemill_plugin::{CallContext, CallFailure, Fault, FaultKind, Plugin, PromptCall, Question, Subject, ToolCall};

use crate::answer::Answer;
use crate::outcome::Outcome;

pub(super) async fn tool(plugin: &Arc<Plugin>, call: ToolCall) -> Outcome {
    let name = call.name.clone();
    let answer = plugin.call_tool(call, CallContext::default()).await;
    outcome(answer.map(Answer::Tool), || no_tool(plugin, &name))
}

pub(super) async fn prompt(plugin: &Arc<Plugin>, call: PromptCall) -> Outcome {
    let name = call.name.clone();
    let answer = plugin.get_prompt(call, CallContext::default()).await;
    outcome(answer.map(Answer::Prompt), || no_prompt(plugin, &name))
}

/// Only what the plugin offers is read: a server asks it for nothing else.
pub(super) async fn resource(plugin: &Arc<Plugin>, uri: String) -> Outcome {
    let answer = match plugin.offer().resource(&uri) {
        Some(_) => plugin.read_resource(uri.clone(), CallContext::default()).await,
        None => Err(CallFailure::Unknown),
    };
    outcome(answer.map(Answer::Resource), || {
        let offer = plugin.offer();
        let templates = offer.templates.iter().map(|template| &*template.uri_template);
        missing("resource", &uri, offer.resources.iter().map(|resource| &*resource.uri).chain(templates))
    })
}

pub(super) async fn completion(plugin: &Arc<Plugin>, question: Question) -> Outcome {
    let offer = plugin.offer();
    if !offer.completes {
        return Outcome::Uncalled("the plugin suggests no values: it does not export `completions`".to_owned());
    }
    let (is_known, missing) = match &question.subject {
        Subject::Prompt(name) => (offer.prompt(name).is_some(), no_prompt(plugin, name)),
        Subject::Template(uri) => {
            let templates = || offer.templates.iter().map(|template| &*template.uri_template);
            (templates().any(|own| own == uri), missing("template", uri, templates()))
        }
    };
    let answer = match is_known {
        true => plugin.complete(question, CallContext::default()).await,
        false => Err(CallFailure::Unknown),
    };
    outcome(answer.map(Answer::Completion), || missing)
}

fn outcome(answer: Result<Answer, CallFailure>, unknown: impl FnOnce() -> String) -> Outcome {
    match answer {
        Ok(answer) => Outcome::Answered(answer),
        Err(CallFailure::Unknown) => Outcome::Uncalled(unknown()),
        Err(CallFailure::Invalid(detail)) => Outcome::Uncalled(detail),
        Err(CallFailure::Failed(detail)) => Outcome::Failed(Fault::new(FaultKind::Broken, detail)),
        Err(failure) => Outcome::Retry(failure.to_string()),
    }
}

fn no_tool(plugin: &Plugin, name: &str) -> String {
    missing("tool", name, plugin.offer().tools.iter().map(|tool| &*tool.info.name))
}

fn no_prompt(plugin: &Plugin, name: &str) -> String {
    missing("prompt", name, plugin.offer().prompts.iter().map(|prompt| &*prompt.name))
}

fn missing<'a>(what: &str, name: &str, there: impl Iterator<Item = &'a str>) -> String {
    let there = there.collect::<Vec<_>>().join(", ");
    format!("there is no {what} `{name}`; it has {}", if there.is_empty() { "none" } else { &there })
}
