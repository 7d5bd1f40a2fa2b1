//! Calls by clients: tools, prompts, resources, completions. Each ends in time, cancelled or not.

mod parts;

use std::collections::BTreeMap;

use serde_json::Value;
use wasmtime::Store;

use super::Instance;
use crate::answer::cut;
use crate::bindings::content::InputResponse;
use crate::bindings::{completions, prompts, resources, tools};
use crate::call::Present;
use crate::call_time::{Cut, CutOff};
use crate::host::Host;
use crate::limits::{LOAD_CALL_TIME_MAX, SUGGESTIONS_MAX, TEXT_BYTES_MAX};
use crate::offer::Declared;
use crate::verdict::{Fault, FaultKind};
use crate::{
    CallContext, CallFailure, PromptCall, PromptOutcome, Question, ResourceContent, Subject, Suggestions, ToolCall,
    ToolOutcome, ToolResult,
};

/// A failed call: the plugin's failure, or what it said itself.
pub(crate) enum Ended {
    Fault(Fault),
    Said(CallFailure),
}

impl From<CallFailure> for Ended {
    fn from(failure: CallFailure) -> Self {
        Self::Said(failure)
    }
}

impl Instance {
    /// What it offers to clients. Called while it is loaded.
    pub(crate) fn declared(&mut self) -> Result<Declared, Fault> {
        self.allow_loading();
        let failed = |error: wasmtime::Error| fault(&error, self.limits, &self.lines);
        let store = &mut self.store;
        let tools = self.tools.as_ref().map(|guest| guest.call_tools(&mut *store)).transpose().map_err(failed)?;
        let prompts = self.prompts.as_ref().map(|guest| guest.call_prompts(&mut *store)).transpose().map_err(failed)?;
        let resources = self.resources.as_ref().map(|guest| guest.call_resources(&mut *store));
        let resources = resources.transpose().map_err(failed)?;
        let templates = self.resources.as_ref().map(|guest| guest.call_templates(&mut *store));
        let templates = templates.transpose().map_err(failed)?;
        Ok(Declared {
            tools: tools.unwrap_or_default(),
            prompts: prompts.unwrap_or_default(),
            resources: resources.unwrap_or_default(),
            templates: templates.unwrap_or_default(),
        })
    }

    /// Calls a tool, whose arguments were checked.
    pub(crate) fn call_tool(&mut self, call: ToolCall, context: CallContext) -> Result<ToolOutcome, Ended> {
        let Some(guest) = self.tools.clone() else { return Err(CallFailure::Unknown.into()) };
        let invocation = tools::Invocation {
            name: call.name,
            arguments_json: Value::Object(call.arguments).to_string(),
            caller: context.caller.clone(),
            accepts: call.accepts,
            responses: responses(call.responses),
            state: call.state,
        };
        match self.within(Present::new(context), |store| guest.call_call(store, &invocation))? {
            Ok(outcome) => parts::tool_outcome(outcome).map_err(bad_output),
            Err(tools::Failure::UnknownTool) => Err(CallFailure::Unknown.into()),
            Err(tools::Failure::InvalidArguments(what)) => {
                Ok(ToolOutcome::Complete(ToolResult::error(cut(&what, TEXT_BYTES_MAX))))
            }
            Err(tools::Failure::Failed(reason)) => Err(CallFailure::Failed(cut(&reason, TEXT_BYTES_MAX)).into()),
        }
    }

    /// Fills a prompt in.
    pub(crate) fn get_prompt(&mut self, call: PromptCall, context: CallContext) -> Result<PromptOutcome, Ended> {
        let Some(guest) = self.prompts.clone() else { return Err(CallFailure::Unknown.into()) };
        let request = prompts::Request {
            name: call.name,
            arguments: call.arguments,
            caller: context.caller.clone(),
            accepts: call.accepts,
            responses: responses(call.responses),
            state: call.state,
        };
        match self.within(Present::new(context), |store| guest.call_get(store, &request))? {
            Ok(outcome) => parts::prompt_outcome(outcome).map_err(bad_output),
            Err(prompts::Failure::UnknownPrompt) => Err(CallFailure::Unknown.into()),
            Err(prompts::Failure::InvalidArguments(what)) => {
                Err(CallFailure::Invalid(cut(&what, TEXT_BYTES_MAX)).into())
            }
            Err(prompts::Failure::Failed(reason)) => Err(CallFailure::Failed(cut(&reason, TEXT_BYTES_MAX)).into()),
        }
    }

    /// Reads a resource.
    pub(crate) fn read_resource(&mut self, uri: &str, context: CallContext) -> Result<Vec<ResourceContent>, Ended> {
        let Some(guest) = self.resources.clone() else { return Err(CallFailure::Unknown.into()) };
        let caller = context.caller.clone();
        match self.within(Present::new(context), |store| guest.call_read(store, uri, caller.as_deref()))? {
            Ok(contents) => parts::contents(contents).map_err(bad_output),
            Err(resources::Failure::NotFound) => Err(CallFailure::Unknown.into()),
            Err(resources::Failure::Failed(reason)) => Err(CallFailure::Failed(cut(&reason, TEXT_BYTES_MAX)).into()),
        }
    }

    /// Asks for suggestions; without the interface there are none.
    pub(crate) fn complete(&mut self, question: Question, context: CallContext) -> Result<Suggestions, Ended> {
        let Some(guest) = self.completions.clone() else { return Ok(Suggestions::default()) };
        let question = completions::Question {
            subject: match question.subject {
                Subject::Prompt(name) => completions::Subject::Prompt(name),
                Subject::Template(template) => completions::Subject::Template(template),
            },
            argument: question.argument,
            value: question.value,
            others: question.others,
        };
        match self.within(Present::question(context), |store| guest.call_complete(store, &question))? {
            Ok(completions::Suggestions { mut values, total, more }) => {
                let more = more || values.len() > SUGGESTIONS_MAX;
                values.truncate(SUGGESTIONS_MAX);
                Ok(Suggestions { values, total, more })
            }
            Err(reason) => Err(CallFailure::Failed(cut(&reason, TEXT_BYTES_MAX)).into()),
        }
    }

    /// One call within its bounds.
    fn within<T>(
        &mut self,
        present: Present,
        call: impl FnOnce(&mut Store<Host>) -> wasmtime::Result<T>,
    ) -> Result<T, Ended> {
        let cut_off = CutOff::new(self.limits.tool_time, present.context.cancel.clone(), self.grace);
        let ticks = self.store.data_mut().time.restart_until(self.limits.tool_compute, cut_off);
        self.store.set_epoch_deadline(ticks);
        let host = self.store.data_mut();
        host.http.open = true;
        host.call = Some(present);
        let answer = call(&mut self.store);
        self.store.data_mut().call.take().into_iter().for_each(Present::end);
        self.count_memory();
        answer.map_err(|error| self.ended(&error))
    }

    fn ended(&mut self, error: &wasmtime::Error) -> Ended {
        self.spent = true;
        let fault = self.fault(error, self.limits.tool_compute);
        let detail = match self.store.data().time.cut() {
            Some(Cut::Cancelled) => return Ended::Said(CallFailure::Cancelled),
            Some(Cut::Time) => format!("it took longer than {:?}, the limit `tool-time`", self.limits.tool_time),
            Some(Cut::Compute) => {
                format!("it computed for longer than {:?}, the limit `tool-compute`", self.limits.tool_compute)
            }
            None => return Ended::Fault(fault),
        };
        Ended::Fault(Fault { kind: FaultKind::Timeout, detail, ..fault })
    }
}

fn fault(error: &wasmtime::Error, limits: crate::Limits, lines: &crate::source_lines::SourceLines) -> Fault {
    crate::fault::of(error, LOAD_CALL_TIME_MAX, &limits, lines)
}

fn responses(responses: BTreeMap<String, Value>) -> Vec<InputResponse> {
    responses.into_iter().map(|(name, result)| InputResponse { name, result_json: result.to_string() }).collect()
}

fn bad_output(detail: String) -> Ended {
    Ended::Fault(Fault::new(FaultKind::BadOutput, detail))
}
