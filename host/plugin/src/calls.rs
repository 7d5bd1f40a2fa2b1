//! Calls of a plugin by clients: beside the pipeline, each on a thread and an instance of its own, so many at once and so many
//! that wait. Must not know protocols.

mod pool;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Instant;

use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::figures::CallEnd;
use crate::instance::Ended;
use crate::limits::{CALL_NAME_BYTES_MAX, RETIRED_CALL_TIME_MAX, TOOL_CALLS_WAITING_MAX, TOOL_NICENESS};
use crate::verdict::{Fault, FaultKind};
use crate::voice;
use crate::{
    CallContext, Plugin, PromptCall, PromptOutcome, Question, ResourceContent, Suggestions, ToolCall, ToolOutcome,
};
pub(crate) use pool::Pool;
use pool::{Borrowed, Waits};

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallFailure {
    /// The plugin has no such thing.
    #[error("there is no such thing")]
    Unknown,
    /// What is wrong with what was asked.
    #[error("{0}")]
    Invalid(String),
    /// Nobody waits for it any more.
    #[error("the call was cancelled")]
    Cancelled,
    /// There are too many calls; it can be made again later.
    #[error("{0}")]
    Busy(String),
    /// The plugin failed, or could not do it.
    #[error("{0}")]
    Failed(String),
}

impl Plugin {
    /// Calls a tool. Arguments that its schema does not allow are invalid, and named.
    pub async fn call_tool(self: &Arc<Self>, call: ToolCall, context: CallContext) -> Result<ToolOutcome, CallFailure> {
        let (plugin, what) = (Arc::clone(self), format!("tool `{}`", call.name));
        let outcome = self.called(what, context, move |instance, context| {
            let Some(tool) = plugin.offer.tool(&call.name) else { return Err(CallFailure::Unknown.into()) };
            let problems = tool.input.problems(&Value::Object(call.arguments.clone()));
            if !problems.is_empty() {
                return Err(CallFailure::Invalid(problems.join("\n")).into());
            }
            let outcome = instance.get()?.call_tool(call, context)?;
            if let (Some(schema), ToolOutcome::Complete(result)) = (&tool.output, &outcome)
                && !result.is_error
            {
                let problems = schema.problems(result.structured.as_ref().unwrap_or(&Value::Null));
                if !problems.is_empty() {
                    let detail = format!("its result is not what its schema says: {}", problems.join("; "));
                    return Err(Ended::Fault(Fault::new(FaultKind::BadOutput, detail)));
                }
            }
            Ok(outcome)
        });
        let outcome = outcome.await?;
        let end = match &outcome {
            ToolOutcome::Complete(result) if result.is_error => CallEnd::Error,
            ToolOutcome::Complete(_) => CallEnd::Complete,
            ToolOutcome::InputRequired { .. } => CallEnd::InputRequired,
        };
        self.figures().note_client_call(end);
        Ok(outcome)
    }

    /// Fills a prompt in.
    pub async fn get_prompt(
        self: &Arc<Self>,
        call: PromptCall,
        context: CallContext,
    ) -> Result<PromptOutcome, CallFailure> {
        let known = self.offer.prompt(&call.name).ok_or(CallFailure::Unknown)?;
        let given = |name: &str| call.arguments.iter().any(|(own, _)| own == name);
        if let Some(missing) = known.arguments.iter().find(|argument| argument.required && !given(&argument.name)) {
            return Err(CallFailure::Invalid(format!("the argument `{}` is missing", missing.name)));
        }
        let what = format!("prompt `{}`", call.name);
        let outcome = self.called(what, context, move |instance, context| instance.get()?.get_prompt(call, context));
        self.noted(outcome.await)
    }

    /// Reads a resource.
    pub async fn read_resource(
        self: &Arc<Self>,
        uri: String,
        context: CallContext,
    ) -> Result<Vec<ResourceContent>, CallFailure> {
        let what = format!("resource `{uri}`");
        let read = self.called(what, context, move |instance, context| instance.get()?.read_resource(&uri, context));
        self.noted(read.await)
    }

    /// Asks what may be meant by the beginning of a value. A plugin that does not suggest anything is not called.
    pub async fn complete(
        self: &Arc<Self>,
        question: Question,
        context: CallContext,
    ) -> Result<Suggestions, CallFailure> {
        if !self.offer.completes {
            return Ok(Suggestions::default());
        }
        let what = format!("completion of `{}`", question.argument);
        let answer = self.called(what, context, move |instance, context| instance.get()?.complete(question, context));
        self.noted(answer.await)
    }

    fn noted<T>(&self, answer: Result<T, CallFailure>) -> Result<T, CallFailure> {
        answer.inspect(|_| self.figures().note_client_call(CallEnd::Complete))
    }

    /// Makes a call when it is its turn, and waits for it. Whoever stops waiting, by dropping this too, cancels it.
    async fn called<T: Send + 'static>(
        self: &Arc<Self>,
        what: String,
        mut context: CallContext,
        call: impl FnOnce(&mut Borrowed, CallContext) -> Result<T, Ended> + Send + 'static,
    ) -> Result<T, CallFailure> {
        let what = voice::cut(&what, CALL_NAME_BYTES_MAX);
        let cancel = context.cancel.child_token();
        context.cancel = cancel.clone();
        let _dropped = cancel.clone().drop_guard();
        let mut unanswered = Unanswered(Some(self));
        let work = async {
            let turn = self.turn().await?;
            let answer = self.start(what, context, turn, call)?;
            let gone = || CallFailure::Failed(format!("the call of plugin `{}` was given up", self.name));
            answer.await.unwrap_or_else(|_| Err(gone()))
        };
        let retired = async {
            self.pool.retired.cancelled().await;
            tokio::time::sleep(RETIRED_CALL_TIME_MAX).await;
        };
        let answer = tokio::select! {
            biased;
            answer = work => answer,
            () = cancel.cancelled() => Err(CallFailure::Cancelled),
            () = retired => Err(CallFailure::Failed(format!("plugin `{}` was replaced meanwhile", self.name))),
        };
        unanswered.0.take();
        if let Err(failure) = &answer {
            self.figures().note_client_call(match failure {
                CallFailure::Unknown | CallFailure::Invalid(_) => CallEnd::Error,
                CallFailure::Cancelled => CallEnd::Cancelled,
                CallFailure::Busy(_) => CallEnd::Busy,
                CallFailure::Failed(_) => CallEnd::Failed,
            });
        }
        answer
    }

    async fn turn(&self) -> Result<OwnedSemaphorePermit, CallFailure> {
        if let Ok(turn) = Arc::clone(&self.pool.turns).try_acquire_owned() {
            return Ok(turn);
        }
        let waits = Waits(&self.pool.waiting);
        let max = self.limits().tool_concurrency;
        let busy = |why: &str| CallFailure::Busy(format!("plugin `{}` is busy: {why}; call again later", self.name));
        if self.pool.waiting.fetch_add(1, Ordering::Relaxed) >= TOOL_CALLS_WAITING_MAX {
            return Err(busy(&format!("{max} calls go on (`tool-concurrency`) and {TOOL_CALLS_WAITING_MAX} wait")));
        }
        let turn = Arc::clone(&self.pool.turns).acquire_owned();
        let turn = tokio::time::timeout(self.limits().tool_time, turn).await;
        drop(waits);
        turn.ok().and_then(Result::ok).ok_or_else(|| busy("the call got no turn"))
    }

    fn start<T: Send + 'static>(
        self: &Arc<Self>,
        what: String,
        context: CallContext,
        turn: OwnedSemaphorePermit,
        call: impl FnOnce(&mut Borrowed, CallContext) -> Result<T, Ended> + Send + 'static,
    ) -> Result<oneshot::Receiver<Result<T, CallFailure>>, CallFailure> {
        let (send, answer) = oneshot::channel();
        let plugin = Arc::clone(self);
        let run = move || {
            step_back();
            let answer = plugin.perform(&what, context, call);
            // The next one may begin before this one is told.
            drop(turn);
            let _ = send.send(answer);
        };
        let thread = thread::Builder::new().name("tidemill-tool".into()).spawn(run);
        thread.map_err(|error| CallFailure::Busy(format!("there is no thread for the call: {error}")))?;
        Ok(answer)
    }

    /// On the call's own thread.
    fn perform<T>(
        self: &Arc<Self>,
        what: &str,
        context: CallContext,
        call: impl FnOnce(&mut Borrowed, CallContext) -> Result<T, Ended>,
    ) -> Result<T, CallFailure> {
        let _running = self.figures().client_call_runs();
        let mut borrowed = Borrowed::new(self);
        let began = Instant::now();
        let answer = call(&mut borrowed, context);
        self.figures().note_client_time(began.elapsed());
        borrowed.give_back(answer.as_ref().err());
        // Clients decide how often: figures count all of them, the log shows some.
        let shown = || self.code.rates.failures.admit();
        answer.map_err(|ended| match ended {
            Ended::Said(failure) => {
                if let CallFailure::Failed(reason) = &failure
                    && shown()
                {
                    tracing::warn!(plugin = &*self.name, what, reason, "a call of the plugin did not succeed");
                }
                failure
            }
            Ended::Fault(fault) => {
                self.figures().note_fault(fault.kind);
                let place = place(&fault).map(|line| format!(", in {line}")).unwrap_or_default();
                if shown() {
                    tracing::warn!(plugin = &*self.name, what, backtrace = fault.backtrace, "plugin failed: {fault}");
                }
                CallFailure::Failed(format!("plugin `{}` failed ({what}): {fault}{place}", self.name))
            }
        })
    }
}

/// Somebody who waits for a call of a plugin. Dropped with it, they have cancelled it.
struct Unanswered<'p>(Option<&'p Plugin>);

impl Drop for Unanswered<'_> {
    fn drop(&mut self) {
        self.0.iter().for_each(|plugin| plugin.figures().note_client_call(CallEnd::Cancelled));
    }
}

/// Where in the plugin's own source it happened: the innermost call that is no part of the language.
fn place(fault: &Fault) -> Option<&str> {
    let own = |line: &&str| line.contains(" at ") && !line.contains(" at /rustc/");
    fault.backtrace.lines().find(own).or_else(|| fault.backtrace.lines().next())
}

/// Lets the threads of events go first, from here to the end of this thread: calls that wake together are many, and may take
/// as long as they like, which publishers and subscribers must not notice.
fn step_back() {
    // Threads have priorities of their own on Linux alone. Where it is not allowed all are equal, as before.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), TOOL_NICENESS);
}
