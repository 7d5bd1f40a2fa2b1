//! One process from its start to its end: its output becomes messages, lines that it is sent are written to it, and when it is
//! not wanted any more, or ends, its whole group ends with it. Must not know who reads the messages.

use std::future::pending;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use bytes::Bytes;
use tokio::process::{Child, ChildStderr, ChildStdout};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::environment;
use super::figures::Figures;
use super::group::Group;
use super::input;
use super::lines::{Line, Lines};
use super::message::Message;
use super::queue::{Closed, Receiver, Sender};
use super::shared::Shared;
use crate::config::Source;
use crate::keeper::Keeper;
use crate::limits::{SOURCE_LAST_WORDS_MAX, SOURCE_LEFT_OVER_BYTES, SOURCE_LEFT_OVER_PAUSE, SOURCE_MESSAGE_OVERHEAD};

/// Where messages of a process go.
#[derive(Debug)]
pub(super) enum Outlet {
    /// To the one connection that it was started for. While that reads nothing, nothing is read of the process.
    Own(Sender<Message>),
    /// To all that are attached.
    Shared(Shared),
}

/// What a process runs with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run<'a> {
    pub(super) source: &'a Source,
    pub(super) figures: &'a Figures,
    pub(super) to: &'a Outlet,
    /// Cancelled, the process is to end.
    pub(super) stop: &'a CancellationToken,
    /// What ends it if nobody else can.
    pub(super) keeper: Option<&'a Keeper>,
    /// For whom, in log lines.
    pub(super) connection: &'a str,
}

/// The ends of pipes from which a process is read.
struct Output {
    out: Lines<ChildStdout>,
    errors: Lines<ChildStderr>,
    /// The last line of `errors`: often why it ended.
    last_words: String,
    /// Bytes that were read once the group was gone.
    left_over: usize,
}

impl Run<'_> {
    /// Starts the process and returns once nothing is left of it: how long it ran, if it could be started.
    pub(super) async fn until_it_ends(self, lines: Receiver<Bytes>) -> Option<Duration> {
        let (name, connection) = (&*self.source.name, self.connection);
        let started = environment::command(self.source).and_then(|mut command| command.spawn());
        let mut child = match started {
            Ok(child) => child,
            Err(error) => {
                tracing::warn!(source = name, connection, "cannot start `{}`: {error}", self.source.command[0]);
                let message = format!("cannot start `{}`: {error}", self.source.command[0]);
                if self.say(Message::Error(message)).await.is_ok() {
                    let _ = self.say(Message::Close { code: None, signal: None }).await;
                }
                return None;
            }
        };
        let _running = self.figures.start();
        let at = Instant::now();
        let pid = child.id().unwrap_or_default();
        tracing::info!(source = name, connection, pid, "started `{}`", self.source.command[0]);
        let mut group = Group::of(pid, self.keeper);
        let writer = child.stdin.take().map(|stdin| tokio::spawn(input::write(lines, stdin)));
        let output = child.stdout.take().zip(child.stderr.take());
        let mut output = output.map(|(out, errors)| Output::new(out, errors, self.source.line_max));
        let ended = tokio::select! {
            status = self.read(&mut child, group.as_mut(), output.as_mut()) => status.ok(),
            () = self.stop.cancelled() => None,
            () = self.to.closed() => None,
        };
        // Without an input, and with nobody who takes its output, most programs end by themselves.
        writer.inspect(tokio::task::JoinHandle::abort);
        let last_words = output.map(|output| output.last_words).unwrap_or_default();
        let status = match (ended, &mut group) {
            (Some(status), _) => Some(status),
            (None, Some(group)) => {
                let (status, ()) = tokio::join!(child.wait(), group.end(self.source.stop_after));
                status.ok()
            }
            (None, None) => child.kill().await.and(child.wait().await).ok(),
        };
        let (code, signal) = status.map_or((None, None), |status| (status.code(), status.signal()));
        let ran = at.elapsed();
        if ended.is_some() && code != Some(0) {
            tracing::warn!(source = name, connection, pid, code, signal, ?ran, last_words, "the process failed");
        } else {
            tracing::info!(source = name, connection, pid, code, signal, ?ran, "the process ended");
        }
        let close = Message::Close { code, signal };
        // Whoever has it stopped may be gone, or reads no more.
        let patience = if ended.is_some() { Duration::MAX } else { SOURCE_LEFT_OVER_PAUSE };
        let stopped = async {
            match ended {
                Some(_) => self.stop.cancelled().await,
                None => pending().await,
            }
        };
        tokio::select! {
            _ = timeout(patience, self.say(close)) => {}
            () = stopped => {}
        }
        Some(ran)
    }

    /// Passes its output on until it has ended and all is read.
    async fn read(
        &self,
        child: &mut Child,
        group: Option<&mut Group<'_>>,
        output: Option<&mut Output>,
    ) -> std::io::Result<ExitStatus> {
        let (Some(group), Some(output)) = (group, output) else { return child.wait().await };
        let status = loop {
            tokio::select! {
                status = child.wait() => break status?,
                message = output.next(self) => self.pass(message).await,
            }
        };
        // What it has started and left behind ends with it.
        let mut end = std::pin::pin!(group.end(self.source.stop_after));
        loop {
            tokio::select! {
                () = &mut end => break,
                message = output.next(self) => self.pass(message).await,
            }
        }
        while output.left_over < SOURCE_LEFT_OVER_BYTES && !output.is_done() {
            let Ok(message) = timeout(SOURCE_LEFT_OVER_PAUSE, output.next(self)).await else { break };
            output.left_over += message.len() + SOURCE_MESSAGE_OVERHEAD;
            self.pass(message).await;
        }
        Ok(status)
    }

    async fn pass(&self, message: Message) {
        // Nobody reads it: noticed where that ends the process.
        let _ = self.say(message).await;
    }

    async fn say(&self, message: Message) -> Result<(), Closed> {
        self.figures.note(&message);
        self.to.put(message, self.figures).await
    }
}

impl Output {
    fn new(out: ChildStdout, errors: ChildStderr, line_max: usize) -> Self {
        let (out, errors) = (Lines::new(out, line_max), Lines::new(errors, line_max));
        Self { out, errors, last_words: String::new(), left_over: 0 }
    }

    fn is_done(&self) -> bool {
        self.out.is_done() && self.errors.is_done()
    }

    /// The next message; never once there are no more. Nothing is lost if it is not awaited to its end.
    async fn next(&mut self, run: &Run<'_>) -> Message {
        loop {
            let (line, of_errors) = tokio::select! {
                line = self.out.next(), if !self.out.is_done() => (line, false),
                line = self.errors.next(), if !self.errors.is_done() => (line, true),
                else => return pending().await,
            };
            let message = match line {
                Some(Line::Text(line)) if of_errors => Message::of_errors(&line),
                Some(Line::Text(line)) => Message::of_output(&line),
                Some(Line::TooLong) => {
                    run.figures.too_long();
                    let most = run.source.line_max;
                    Some(Message::Error(format!("a line of more than {most} bytes (`line-max`) was left out")))
                }
                None => None,
            };
            if let Some(message) = message {
                if let (true, Message::Error(text)) = (of_errors, &message) {
                    self.last_words = text.chars().take(SOURCE_LAST_WORDS_MAX).collect();
                }
                return message;
            }
        }
    }
}

impl Outlet {
    async fn put(&self, message: Message, figures: &Figures) -> Result<(), Closed> {
        match self {
            Self::Own(to) => {
                let bytes = message.len();
                to.put(message, bytes).await
            }
            Self::Shared(shared) => {
                shared.put(&message, figures).await;
                Ok(())
            }
        }
    }

    /// Waits until nobody reads any more.
    async fn closed(&self) {
        match self {
            Self::Own(to) => to.closed().await,
            // It goes on for those who come later.
            Self::Shared(_) => pending().await,
        }
    }
}
