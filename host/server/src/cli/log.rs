//! `tidemill log info|verify|export|import`: the log in a data directory, with or without a server beside it.
//!
//! Owns the arguments and what is said about a log that cannot be opened. Must not know how a log is kept: that is
//! `tidemill-log`'s.

mod export;
mod file;
mod import;
mod info;
mod line;
mod progress;
mod verify;
mod walk;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use tidemill_log::{LogReader, OpenError, ReadError, open_reader};

use super::config::{DataFlags, describe};
use super::{Exit, Failure, Output};
use crate::telemetry;
use export::ExportArgs;
use import::ImportArgs;
use progress::Progress;

/// `tidemill log`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tidemill log info                                      what is in ./data, also while a server runs
  tidemill log verify --data /var/lib/tidemill           is every event as it was written?
  tidemill log export --out events.jsonl                 one CloudEvent per line
  tidemill log import events.jsonl --data restored       a new log, to serve with --data restored

Exit codes:
  0  everything was done; `verify`: the log is whole
  1  it was not done; `verify`: the log is damaged
  2  the command or the configuration is wrong, or there is no log (`import`: there is one already)
  4  it was done without what is damaged or bad, which is named on standard error")]
pub(crate) struct LogArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Say what the log holds
    Info(CommonArgs),
    /// Read everything and name what is damaged
    Verify(CommonArgs),
    /// Write the events as JSON Lines, one CloudEvent per line
    Export(ExportArgs),
    /// Make a new log of an export
    Import(ImportArgs),
}

/// What all of them take.
#[derive(Debug, Args)]
struct CommonArgs {
    #[command(flatten)]
    data: DataFlags,
    /// Say the result as one JSON object, and show no progress
    #[arg(long)]
    json: bool,
    /// Show no progress
    #[arg(long, short)]
    quiet: bool,
}

impl CommonArgs {
    /// The data directory.
    fn folder(&self) -> Result<PathBuf, Failure> {
        let config = self.data.load().map_err(|error| Failure::new(Exit::Usage, describe(&error)))?;
        // Some of what the log finds wrong with itself is told in log lines.
        telemetry::start(&config.telemetry);
        Ok(config.data_dir)
    }

    fn progress(&self, doing: &'static str) -> Progress {
        Progress::new(doing, !self.quiet && !self.json)
    }
}

/// The database in a data directory.
const DATABASE: &str = "log.db";

pub(super) fn run(args: &LogArgs, output: &mut Output<'_>) -> Result<Exit, Failure> {
    match &args.action {
        Action::Info(args) => info::run(args, output),
        Action::Verify(args) => verify::run(args, output),
        Action::Export(args) => export::run(args, output),
        Action::Import(args) => import::run(args, output),
    }
}

fn open(folder: &std::path::Path) -> Result<LogReader, Failure> {
    open_reader(folder).map_err(|error| cannot_open(&error))
}

fn cannot_open(error: &OpenError) -> Failure {
    match error {
        OpenError::Missing(_) => Failure::new(Exit::Usage, format!("{error}; `--data DIRECTORY` names another place")),
        OpenError::Foreign { .. } | OpenError::InUse(_) => Failure::new(Exit::Usage, error.to_string()),
        _ => Failure::new(Exit::Failed, error.to_string()),
    }
}

fn cannot_read(error: &ReadError) -> Failure {
    Failure::new(Exit::Failed, error.to_string())
}
