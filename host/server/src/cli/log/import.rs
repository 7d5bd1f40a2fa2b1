//! `tidemill log import`: a new log out of an export.

use std::{fs, io::Write, path::PathBuf};

use clap::Args;
use serde_json::json;
use tidemill_event::{Event, Problem, Timestamp};
use tidemill_log::ImportError;

use super::super::lines::Lines;
use super::super::{Exit, Failure, Output};
use super::progress::Progress;
use super::{CommonArgs, DATABASE, cannot_open, line, open};

/// `tidemill log import`
#[derive(Debug, Args)]
#[command(after_help = "\
Each line is an event in the CloudEvents JSON format, as `tidemill log export` writes them. Events
keep their order and the time at which they were stored (`storedat`); positions are new, in a new
epoch. An import is trusted: no plugin sees the events. To have them checked, publish them to a
server.

Nothing is made if any line is bad. Of a file every bad line is named, of standard input the first.

Examples:
  tidemill log import events.jsonl --data restored
  zcat events.jsonl.gz | tidemill log import - --data restored
  tidemill log import events.jsonl --data restored --skip-bad

Exit codes: 0 the log was made; 1 it was not; 2 the command is wrong, or there is a log already;
4 the log was made without the bad lines.")]
pub(super) struct ImportArgs {
    /// JSON Lines; - is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    common: CommonArgs,
    /// Leave out bad lines instead of making nothing
    #[arg(long)]
    skip_bad: bool,
}

/// Bad lines that are named; a file that is something else altogether has millions.
const NAMED_MAX: u64 = 100;

pub(super) fn run(args: &ImportArgs, output: &mut Output<'_>) -> Result<Exit, Failure> {
    let folder = args.common.folder()?;
    let place = folder.join(DATABASE);
    if place.exists() {
        return Err(not_made(ImportError::Exists(place)));
    }
    let mut total = None;
    // What can be read twice is checked before anything is written.
    if !args.skip_bad && fs::metadata(&args.file).is_ok_and(|file| file.is_file()) {
        total = Some(check(args, output.err)?);
    }
    let mut events = Events::open(args, "importing", total, output.err)?;
    let trusted = events.by_ref().filter_map(|item| match item {
        Ok(None) if args.skip_bad => None,
        Ok(None) => Some(Err(Failure::new(Exit::Failed, "a line is bad; nothing was made (--skip-bad leaves it out)"))),
        Ok(Some(event)) => Some(Ok(event)),
        Err(failure) => Some(Err(failure)),
    });
    let made = tidemill_log::import(&folder, trusted, |_| {}).map_err(not_made)?;
    events.end()?;
    let skipped = events.bad;
    // Its bar is cleared.
    drop(events);
    let epoch = open(&folder)?.epoch();
    if args.common.json {
        writeln!(output.out, "{}", json!({"events": made, "epoch": epoch, "skipped": skipped}))?;
    } else {
        let left_out = if skipped == 0 { String::new() } else { format!("; {skipped} bad lines were left out") };
        writeln!(output.out, "imported {made} events into {}, epoch {epoch}{left_out}", folder.display())?;
    }
    Ok(if skipped == 0 { Exit::Success } else { Exit::Partial })
}

/// Reads everything and names the bad lines. How many events there are, if all are good.
fn check(args: &ImportArgs, err: &mut dyn Write) -> Result<u64, Failure> {
    let mut events = Events::open(args, "checking", None, err)?;
    events.by_ref().try_for_each(|item| item.map(|_| ()))?;
    events.end()?;
    if events.bad > 0 {
        let message = format!("{} lines are bad; nothing was made (--skip-bad leaves them out)", events.bad);
        return Err(Failure::new(Exit::Failed, message));
    }
    Ok(events.good)
}

fn not_made(error: ImportError<Failure>) -> Failure {
    match error {
        ImportError::Source(failure) => failure,
        ImportError::Open(error) => cannot_open(&error),
        ImportError::Exists(_) => Failure::new(Exit::Usage, error.to_string()),
        ImportError::Append(_) => Failure::new(Exit::Failed, error.to_string()),
    }
}

/// The events of a file, line by line. A bad line is told and stands as none.
struct Events<'a> {
    lines: Lines,
    progress: Progress,
    total: Option<u64>,
    err: &'a mut dyn Write,
    good: u64,
    bad: u64,
}

impl<'a> Events<'a> {
    fn open(
        args: &ImportArgs,
        doing: &'static str,
        total: Option<u64>,
        err: &'a mut dyn Write,
    ) -> Result<Self, Failure> {
        let (lines, progress) = (Lines::open(&args.file)?, args.common.progress(doing));
        Ok(Self { lines, progress, total, err, good: 0, bad: 0 })
    }

    fn tell(&mut self, number: u64, problems: &[Problem]) -> Result<(), Failure> {
        self.bad += 1;
        if self.bad > NAMED_MAX {
            return Ok(());
        }
        let detail = |problem: &Problem| match &*problem.at {
            "" => problem.detail.clone(),
            at => format!("{at}: {}", problem.detail),
        };
        let details: Vec<String> = problems.iter().map(detail).collect();
        self.progress.tell(self.err, format_args!("line {number}: {}", details.join("; ")))?;
        Ok(())
    }

    /// Says how many bad lines were not named.
    fn end(&mut self) -> Result<(), Failure> {
        let unnamed = self.bad.saturating_sub(NAMED_MAX);
        if unnamed > 0 {
            self.progress.tell(self.err, format_args!("and {unnamed} more lines"))?;
        }
        Ok(())
    }
}

impl Iterator for Events<'_> {
    type Item = Result<Option<(Event, Option<Timestamp>)>, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        let (number, text) = match self.lines.next_line() {
            Ok(found) => found?,
            Err(failure) => return Some(Err(failure)),
        };
        Some(match line::read(&text) {
            Ok(event) => {
                self.good += 1;
                self.progress.at(self.good, self.total);
                Ok(Some(event))
            }
            Err(problems) => self.tell(number, &problems).map(|()| None),
        })
    }
}
