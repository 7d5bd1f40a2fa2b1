//! `tidemill log export`: events or dead letters as JSON Lines, as far as they can be read.

use std::{io::Write, path::PathBuf};

use clap::Args;
use serde_json::json;
use tidemill_event::{Position, Timestamp, TypeMatcher, TypePattern};
use tidemill_log::{LogReader, ReadError};

use super::super::{Exit, Failure, Output};
use super::file::NewFile;
use super::progress::Progress;
use super::walk::{Found, Walk, shown};
use super::{CommonArgs, cannot_read, line, open};

/// `tidemill log export`
#[derive(Debug, Args)]
#[command(after_help = "\
Each line is an event in the CloudEvents JSON format with two extension attributes: `position`,
and `storedat`, the time at which it was stored. A server may run; what it stores meanwhile may be
left out.

Examples:
  tidemill log export --out events.jsonl
  tidemill log export --types 'order.*' --since 2026-11-20T00:00:00Z | jq .subject
  tidemill log export --dead-letters --out failed.jsonl

Exit codes: 0 all of it was exported; 1 it was not; 2 the command is wrong, or there is no log;
4 what cannot be read was left out, and is named on standard error.")]
pub(super) struct ExportArgs {
    #[command(flatten)]
    common: CommonArgs,
    /// Where to write; - is standard output. The file appears when it is complete
    #[arg(long, value_name = "FILE", default_value = "-")]
    out: PathBuf,
    /// Replace the file if there is one
    #[arg(long)]
    force: bool,
    /// Where to begin: earliest, after a position (7.1042), or at a time (RFC 3339)
    #[arg(long, value_name = "WHERE", value_parser = since, default_value = "earliest")]
    since: Since,
    /// Only these types: exact, or all that begin so (order.*); separated by commas
    #[arg(long, value_name = "PATTERNS", value_delimiter = ',')]
    types: Vec<TypePattern>,
    /// Dead letters instead of events: events that a plugin failed on, with what it said
    #[arg(long, conflicts_with = "since")]
    dead_letters: bool,
}

#[derive(Debug, Clone, Copy)]
enum Since {
    Earliest,
    After(Position),
    At(Timestamp),
}

/// Dead letters in one read.
const LETTERS: usize = 100;

/// What was exported, and what was not.
#[derive(Default)]
struct Tally {
    exported: u64,
    damaged: u64,
    renamed: u64,
}

pub(super) fn run(args: &ExportArgs, output: &mut Output<'_>) -> Result<Exit, Failure> {
    let folder = args.common.folder()?;
    let reader = open(&folder)?;
    let wanted: TypeMatcher<()> =
        if args.types.is_empty() { [TypePattern::All].iter() } else { args.types.iter() }.collect();
    let mut file = match args.out.to_str() {
        Some("-") => None,
        _ => Some(NewFile::create(&args.out, args.force)?),
    };
    let out: &mut dyn Write = match &mut file {
        Some(file) => file,
        None => output.out,
    };
    let mut export = Export { reader: &reader, wanted, out, err: output.err, tally: Tally::default() };
    if args.dead_letters {
        export.dead_letters()?;
    } else {
        export.events(args.since, args.common.progress("exporting"))?;
    }
    let tally = export.tally;
    let to_file = file.is_some();
    file.map_or(Ok(()), NewFile::finish)?;
    let summary = tally.summary(args);
    writeln!(if to_file { &mut *output.out } else { &mut *output.err }, "{summary}")?;
    Ok(if tally.damaged == 0 { Exit::Success } else { Exit::Partial })
}

struct Export<'a> {
    reader: &'a LogReader,
    wanted: TypeMatcher<()>,
    out: &'a mut dyn Write,
    err: &'a mut dyn Write,
    tally: Tally,
}

impl Export<'_> {
    fn events(&mut self, since: Since, mut progress: Progress) -> Result<(), Failure> {
        let last = self.reader.last().map_err(|error| cannot_read(&error))?;
        let after = self.after(since, last)?;
        let mut walk = Walk::new(self.reader, after, last);
        let mut text = Vec::new();
        while let Some(found) = walk.next() {
            match found.map_err(|error| cannot_read(&error))? {
                Found::Records(records) => {
                    for record in records.iter().filter(|record| self.wanted.matches(record.event.event_type())) {
                        self.tally.renamed += u64::from(line::write_record(record, &mut text));
                        self.tally.exported += 1;
                    }
                }
                Found::Damaged(range, reason) => {
                    self.tally.damaged += 1;
                    progress.tell(self.err, format_args!("{} cannot be read: {reason}", shown(&range)))?;
                }
                // Nobody who asks for the earliest misses what was removed before.
                Found::Removed(range) if *range.start() == 1 => {}
                Found::Removed(range) => {
                    progress.tell(self.err, format_args!("{} are gone: removed by retention", shown(&range)))?;
                }
            }
            self.out.write_all(&text)?;
            text.clear();
            progress.at(walk.done(), Some(walk.total()));
        }
        if self.tally.renamed > 0 {
            let told = "events had attributes `position` or `storedat` of their own; the log's stand in their place";
            progress.tell(self.err, format_args!("{} {told}", self.tally.renamed))?;
        }
        Ok(())
    }

    fn after(&self, since: Since, last: u64) -> Result<Position, Failure> {
        let epoch = self.reader.epoch();
        match since {
            Since::Earliest => Ok(Position::new(epoch, 0)),
            Since::After(position) if position.epoch == epoch => Ok(position),
            Since::After(_) => {
                let error = ReadError::ForeignEpoch { epoch };
                Err(Failure::new(Exit::Usage, format!("--since: {error}; or give a time")))
            }
            Since::At(time) => self.reader.position_at(time, last).map_err(|error| cannot_read(&error)),
        }
    }

    fn dead_letters(&mut self) -> Result<(), Failure> {
        let (mut after, mut text) = (0, Vec::new());
        loop {
            let letters = match self.reader.dead_letters(after, LETTERS) {
                Ok(letters) => letters,
                Err(ReadError::Damaged { reason, .. }) => {
                    self.tally.damaged += 1;
                    writeln!(self.err, "dead letters after number {after} cannot be read: {reason}")?;
                    return Ok(());
                }
                Err(error) => return Err(cannot_read(&error)),
            };
            let Some(last) = letters.last() else { return Ok(()) };
            after = last.number;
            for kept in letters.iter().filter(|kept| self.wanted.matches(kept.letter.event.event_type())) {
                line::write_dead_letter(kept, &mut text);
                self.tally.exported += 1;
            }
            self.out.write_all(&text)?;
            text.clear();
        }
    }
}

impl Tally {
    fn summary(&self, args: &ExportArgs) -> String {
        let Self { exported, damaged, .. } = self;
        if args.common.json {
            let exported_name = if args.dead_letters { "deadLetters" } else { "events" };
            return json!({exported_name: exported, "unreadable": damaged}).to_string();
        }
        let what = if args.dead_letters { "dead letters" } else { "events" };
        let left_out = if *damaged == 0 { "" } else { "; what cannot be read is left out" };
        format!("exported {exported} {what}{left_out}")
    }
}

fn since(text: &str) -> Result<Since, String> {
    let position = || text.parse().map(Since::After).ok();
    let time = || text.parse().map(Since::At).ok();
    match text {
        "earliest" => Ok(Since::Earliest),
        _ => position().or_else(time).ok_or_else(|| {
            "expected earliest, a position such as 7.1042 or a time such as 2026-11-20T09:30:00Z".into()
        }),
    }
}
