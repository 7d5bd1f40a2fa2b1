//! What the process of a stream says, into the stream's mailbox, and what a client has it told. The stream ends when the
//! process has, and the process when the stream is over. Must not know how processes run.

use std::sync::Arc;

use bytes::Bytes;

use crate::app::App;
use crate::auth::Principal;
use crate::connections::Connection;
use crate::mount::profile::Profile;
use crate::problem::{Kind, Problem};
use crate::source::{Attached, Input, Message, Messages, Unsent};
use crate::sse::crowded::Crowded;
use crate::sse::mailbox::{Mailbox, NotPosted};

/// Why there is no process.
#[derive(Debug)]
pub(super) enum NoProcess {
    /// There are too many: come back later.
    Crowded(Crowded),
    /// Asking again would not help.
    Wrong(Problem),
}

/// The source of a stream, if it has one, of which a process is started now if each connection has its own.
pub(super) fn attach(app: &App, profile: &Profile, who: &Principal) -> Result<Option<Attached>, NoProcess> {
    let Some(name) = &profile.source else { return Ok(None) };
    let Some(source) = app.sources.get(name) else {
        let detail = format!("there is no source `{name}`, which `source` of the mount names; write a `[[source]]`");
        return Err(NoProcess::Wrong(Problem::new(Kind::Unavailable, detail)));
    };
    source.attach(who.name()).map(Some).map_err(|crowded| {
        app.figures.limited.note("source.processes-max");
        tracing::warn!("{crowded}");
        NoProcess::Crowded(Crowded::Bound("source.processes-max"))
    })
}

/// Opens the mailbox of a connection, and has its process, if it has one, fill it.
pub(super) fn open(app: &App, connection: &Connection, attached: Option<Attached>) -> Arc<Mailbox> {
    let (messages, input) = attached.map(|attached| (attached.messages, attached.input)).unzip();
    let mailbox = app.connections.open_mailbox(connection, input);
    if let Some(messages) = messages {
        tokio::spawn(fill(messages, Arc::clone(&mailbox)));
    }
    mailbox
}

/// Posts messages, each when there is room for it, so that a process waits for its client.
async fn fill(mut messages: Messages, mailbox: Arc<Mailbox>) {
    loop {
        let message = tokio::select! {
            message = messages.next() => message,
            () = mailbox.closed() => return,
        };
        let Some(message) = message else { return mailbox.close() };
        let posted = match mailbox.post_wait(None, &message.data()).await {
            Err(NotPosted::Unfit(why)) => {
                let instead = Message::Error(format!("a message was left out: {why}"));
                mailbox.post_wait(None, &instead.data()).await
            }
            posted => posted,
        };
        if posted == Err(NotPosted::Closed) {
            return;
        }
    }
}

/// Sends a JSON text to a process, as one line.
pub(crate) fn tell(input: &Input, text: &Bytes) -> Result<(), Problem> {
    input.send(text).map_err(|unsent| {
        let detail = unsent.to_string();
        match unsent {
            Unsent::NotJson(_) => Problem::new(Kind::BadRequest, detail),
            Unsent::TooLong { .. } => Problem::new(Kind::TooLarge, detail),
            Unsent::Ended(_) => Problem::new(Kind::Conflict, detail),
            Unsent::Busy(_) => Problem::new(Kind::Busy, detail).retry_after(1),
        }
    })
}
