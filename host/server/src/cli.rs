//! The command line: what can be typed, and the exit codes.
//!
//! Owns the arguments and how a command ends. The commands that talk to a server over HTTP know nothing of its inside;
//! `log` works on a data directory and needs no server; `serve` is started by whoever builds the server.

mod client;
mod config;
mod env_file;
mod lines;
mod log;
mod plugin;
mod printable;
mod publish;
mod report;
mod tail;
mod token;
mod types;

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::{Args, Parser, Subcommand};

use crate::keeper;
pub(crate) use config::{ConfigArgs, ConfigFlags, PluginCheck, describe};
pub(crate) use log::LogArgs;
pub(crate) use plugin::PluginArgs;
pub(crate) use publish::PublishArgs;
pub(crate) use tail::TailArgs;
pub(crate) use token::TokenArgs;
pub(crate) use types::TypesArgs;

/// Events in, through sandboxed WebAssembly plugins, out as Server-Sent Events.
#[derive(Debug, Parser)]
#[command(name = "tidemill", version, propagate_version = true, max_term_width = 100, after_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXAMPLES: &str = "\
Try it:
  tidemill serve                                        start a server on 127.0.0.1:3000
  tidemill tail --types 'order.*'                       in a second terminal: watch
  tidemill publish order.created '{\"total\": 12}'        in a third one: publish";

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the server
    Serve(ServeArgs),
    /// Publish one event, or a file of events
    Publish(PublishArgs),
    /// Print events as they come
    Tail(TailArgs),
    /// Write plugins, and show, replace or switch off those of a server
    Plugin(PluginArgs),
    /// Make types for consumers of the event types that plugins own: TypeScript, Python, JSON Schema, AsyncAPI
    Types(TypesArgs),
    /// Check or show the configuration
    Config(ConfigArgs),
    /// Make a token for development, or look into one
    Token(TokenArgs),
    /// Look at the log in a data directory, check it, export it, or make one of an export
    Log(LogArgs),
    /// Started by a process beside itself: ends what that has started if it is killed
    #[command(name = keeper::COMMAND, hide = true)]
    KeepGroups,
}

/// `tidemill serve`
#[derive(Debug, Args)]
#[command(after_help = "\
Without any option: 127.0.0.1:3000, plugins from ./plugins, and ./tidemill.toml if there is one.

Examples:
  tidemill serve --listen 0.0.0.0:8080 --plugins /etc/tidemill/plugins
  tidemill serve --listen 127.0.0.1:0 --print-addr      prints {\"listener\":\"http\",\"address\":\"127.0.0.1:41763\"}
  TIDEMILL_SUBSCRIBE_HEARTBEAT=5s tidemill serve

`tidemill config show` lists every setting.")]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    pub(crate) config: ConfigFlags,
    /// Print the address of each listener on standard output, as one JSON line each
    #[arg(long)]
    pub(crate) print_addr: bool,
}

/// How a command ended; the numbers are part of the command line's contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Everything was done.
    Success = 0,
    /// The server was reached, or the log opened, but not everything was done.
    Failed = 1,
    /// The command or the configuration is wrong (also what the argument parser uses).
    Usage = 2,
    /// No server was reached.
    Unreachable = 3,
    /// Everything was done that can be: what is damaged or bad was named and left out.
    Partial = 4,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command ended early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// There is something to tell.
    #[error("{message}")]
    Told { exit: Exit, message: String },
    /// Nobody reads the output any more (`tidemill tail | head`): not worth a word.
    #[error("the output was closed")]
    OutputClosed,
}

impl Failure {
    fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self::Told { exit, message: message.into() }
    }
}

impl From<io::Error> for Failure {
    /// What is written is the output of a command; errors of other files are told with their path where they happen.
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::OutputClosed,
            _ => Self::new(Exit::Failed, format!("cannot write the output: {error}")),
        }
    }
}

/// Where a command writes: results, and remarks about them.
pub(crate) struct Output<'a> {
    pub(crate) out: &'a mut dyn Write,
    pub(crate) err: &'a mut dyn Write,
}

/// Runs `tidemill publish`.
pub(crate) async fn publish(args: PublishArgs) -> ExitCode {
    let (mut out, mut err) = (io::stdout(), io::stderr());
    let mut output = Output { out: &mut out, err: &mut err };
    let result = publish::run(&args, &mut output).await;
    end(result)
}

/// Runs `tidemill tail` until the limit is reached or a signal to stop arrives.
pub(crate) async fn tail(args: TailArgs) -> ExitCode {
    // One write for everything that came at once; standard output alone would make one per line.
    let (mut out, mut err) = (io::BufWriter::with_capacity(64 << 10, io::stdout()), io::stderr());
    let mut output = Output { out: &mut out, err: &mut err };
    let result = tokio::select! {
        result = tail::run(&args, &mut output) => result,
        () = stop_signal() => Ok(Exit::Success),
        () = output_closed() => Err(Failure::OutputClosed),
    };
    let flushed = output.out.flush().map_err(Failure::from);
    end(result.and_then(|exit| flushed.map(|()| exit)))
}

/// Runs `tidemill plugin`.
pub(crate) async fn plugin(args: PluginArgs) -> ExitCode {
    let (mut out, mut err) = (io::stdout(), io::stderr());
    let mut output = Output { out: &mut out, err: &mut err };
    let result = plugin::run(&args, &mut output).await;
    end(result)
}

/// Runs `tidemill types`.
pub(crate) async fn types(args: TypesArgs) -> ExitCode {
    let (mut out, mut err) = (io::stdout(), io::stderr());
    let mut output = Output { out: &mut out, err: &mut err };
    let result = types::run(&args, &mut output).await;
    end(result)
}

/// Runs `tidemill config`. Whoever knows what plugins' tables may hold passes that in.
pub(crate) fn config(args: &ConfigArgs, check_plugin: PluginCheck<'_>) -> ExitCode {
    let (mut out, mut err) = (io::stdout(), io::stderr());
    let mut output = Output { out: &mut out, err: &mut err };
    end(config::run(args, config::environment(), check_plugin, &mut output))
}

/// Runs `tidemill log`.
pub(crate) fn log(args: &LogArgs) -> ExitCode {
    // An export to standard output writes lines of any number.
    let (mut out, mut err) = (io::BufWriter::with_capacity(64 << 10, io::stdout()), io::stderr());
    let mut output = Output { out: &mut out, err: &mut err };
    let result = log::run(args, &mut output);
    let flushed = output.out.flush().map_err(Failure::from);
    end(result.and_then(|exit| flushed.map(|()| exit)))
}

/// Runs `tidemill token`.
pub(crate) async fn token(args: TokenArgs) -> ExitCode {
    let (mut out, mut err) = (io::stdout(), io::stderr());
    let result = token::run(&args, &mut Output { out: &mut out, err: &mut err }).await;
    end(result)
}

/// Ends a command that did not get as far as doing anything, with its reason on standard error.
pub(crate) fn fail(exit: Exit, message: &str) -> ExitCode {
    end(Err(Failure::new(exit, message)))
}

fn end(result: Result<Exit, Failure>) -> ExitCode {
    match result {
        Ok(exit) => exit.into(),
        Err(Failure::OutputClosed) => Exit::Success.into(),
        Err(Failure::Told { exit, message }) => {
            // If standard error is closed, too, the exit code has to do.
            let _ = writeln!(io::stderr(), "tidemill: {message}");
            exit.into()
        }
    }
}

/// Resolves on Ctrl-C, SIGTERM, or when the terminal is closed.
async fn stop_signal() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let (Ok(mut terminate), Ok(mut hangup)) = (signal(SignalKind::terminate()), signal(SignalKind::hangup())) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
                _ = hangup.recv() => {}
            }
            return;
        }
    }
    // If the handler cannot be installed the default action of the signal still ends the process.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Resolves when nobody can read standard output any more, so that `tidemill tail | head -1` ends with `head` and not with
/// the next event.
async fn output_closed() {
    #[cfg(unix)]
    {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        let mut look = tokio::time::interval(std::time::Duration::from_millis(500));
        loop {
            look.tick().await;
            let stdout = io::stdout();
            // No interest in anything: errors and hang-ups are reported all the same.
            let mut watched = [PollFd::new(&stdout, PollFlags::empty())];
            let polled = poll(&mut watched, Some(&Timespec::default()));
            if polled.is_ok() && watched[0].revents().intersects(PollFlags::ERR | PollFlags::HUP) {
                return;
            }
        }
    }
    #[cfg(not(unix))]
    std::future::pending::<()>().await;
}

#[cfg(test)]
mod tests;
