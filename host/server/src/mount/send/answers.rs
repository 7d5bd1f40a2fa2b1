//! A method of MCP that was sent for a connection: it is answered in the background, and what comes of it goes to the
//! connection's mailbox. It ends with the connection.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use tidemill_jq_program::Program;
use tidemill_plugin::ToolProgress;
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::app::App;
use crate::auth::Principal;
use crate::clock;
use crate::connections::Addressee;
use crate::limits::{SEND_ASKS_MAX, SEND_PROGRESS_MAX};
use crate::mcp::{self, Refused, Visit};
use crate::problem::{Kind, Problem};
use crate::sse::NotPosted;

/// What is asked.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) id: String,
    pub(super) connection: Uuid,
    pub(super) method: String,
    pub(super) params: Option<Map<String, Value>>,
}

/// A message as programs make it.
#[derive(Deserialize)]
struct Said {
    name: Option<String>,
    data: Box<RawValue>,
}

/// A question, and where its answer goes.
struct Asking {
    question: Question,
    to: Addressee,
    messages: Arc<Program>,
}

/// Has a question answered, if there is room for one more.
pub(super) fn ask(
    app: &Arc<App>,
    to: Addressee,
    who: &Arc<Principal>,
    question: Question,
    messages: &Arc<Program>,
) -> Result<(), Problem> {
    let place = Arc::clone(&to.asks).try_acquire_owned().map_err(|_| {
        let detail = format!("the connection waits for {SEND_ASKS_MAX} answers already; wait for one of them");
        Problem::new(Kind::Busy, detail).retry_after(1)
    })?;
    let visit = mcp::visit(app, who)?;
    let (app, who, messages) = (Arc::clone(app), Arc::clone(who), Arc::clone(messages));
    let mailbox = Arc::clone(&to.mailbox);
    tokio::spawn(async move {
        let asking = Asking { question, to, messages };
        // Whoever is gone is told nothing; dropped, the call is cancelled.
        tokio::select! {
            biased;
            () = mailbox.closed() => {}
            () = asking.run(&app, &who, visit) => {}
        }
        drop(place);
    });
    Ok(())
}

impl Asking {
    async fn run(&self, app: &Arc<App>, who: &Arc<Principal>, visit: Visit) {
        let Question { method, params, .. } = &self.question;
        let (report, mut reports) = mpsc::channel(SEND_PROGRESS_MAX);
        let tell = move |progress: ToolProgress| drop(report.try_send(progress));
        let tell: Option<&(dyn Fn(ToolProgress) + Send + Sync)> =
            if method == "tools/call" { Some(&tell) } else { None };
        let asked = mcp::ask(app, visit, who, method, params.clone(), tell);
        tokio::pin!(asked);
        let answer = loop {
            tokio::select! {
                biased;
                Some(progress) = reports.recv() => self.progress(progress).await,
                answer = &mut asked => break answer,
            }
        };
        while let Ok(progress) = reports.try_recv() {
            self.progress(progress).await;
        }
        let said = match answer {
            Ok(result) => self.say("result", result).await,
            Err(refused) => self.say("error", error(&refused)).await,
        };
        if let Err(NotPosted::Unfit(why)) = said {
            let message = format!("the answer cannot be a message: {why}");
            drop(self.say("error", error(&Refused { code: -32603, message })).await);
        }
    }

    async fn progress(&self, progress: ToolProgress) {
        let percent = progress.total.filter(|total| *total > 0.0).map(|total| progress.done / total * 100.0);
        let ToolProgress { done, total, message } = progress;
        drop(self.say("progress", json!({"done": done, "total": total, "percent": percent, "message": message})).await);
    }

    /// Posts what the program makes of it, when there is room.
    async fn say(&self, what: &str, value: Value) -> Result<(), NotPosted> {
        let Question { id, connection, method, params } = &self.question;
        let mut input = json!({
            "id": id,
            "connection": connection.to_string(),
            "request": {"method": method, "params": params},
            "now": clock::now().to_string(),
        });
        if method == "tools/call" {
            input["tool"] = params.as_ref().and_then(|params| params.get("name")).cloned().unwrap_or_default();
        }
        input[what] = value;
        for Said { name, data } in self.shaped(&input) {
            self.to.mailbox.post_wait(name.as_deref(), data.get().as_bytes()).await?;
        }
        Ok(())
    }

    fn shaped(&self, input: &Value) -> Vec<Said> {
        let shaped = self.messages.first(input.to_string().as_bytes()).and_then(|output| {
            let output = output.unwrap_or_else(|| b"[]".to_vec());
            let wrong = |error| format!("expected a list of `{{name, data}}`: {error}");
            serde_json::from_slice(&output).map_err(wrong)
        });
        shaped.unwrap_or_else(|error| {
            self.to.mount.profile().failures.note("`messages`", &error);
            Vec::new()
        })
    }
}

fn error(refused: &Refused) -> Value {
    json!({"code": refused.code, "message": refused.message})
}
