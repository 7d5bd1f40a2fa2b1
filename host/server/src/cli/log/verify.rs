//! `tidemill log verify`: is everything as it was written?

use std::path::Path;

use serde_json::json;
use tidemill_log::{Verified, VerifyError};

use super::super::{Exit, Failure, Output};
use super::{CommonArgs, cannot_open, cannot_read};

pub(super) fn run(args: &CommonArgs, output: &mut Output<'_>) -> Result<Exit, Failure> {
    let folder = args.folder()?;
    let mut progress = args.progress("verifying");
    let found = tidemill_log::verify(&folder, |done, of| progress.at(done, Some(of)));
    drop(progress);
    let found = found.map_err(|error| match error {
        VerifyError::Open(error) => cannot_open(&error),
        VerifyError::Read(error) => cannot_read(&error),
    })?;
    if args.json {
        writeln!(output.out, "{}", json(&found))?;
    } else {
        tell(&found, &folder, output)?;
    }
    Ok(if found.is_whole() { Exit::Success } else { Exit::Failed })
}

fn tell(found: &Verified, folder: &Path, output: &mut Output<'_>) -> Result<(), Failure> {
    let out = &mut *output.out;
    let range = found.range.map(|(first, last)| format!(", {first} to {last}")).unwrap_or_default();
    let (data, events) = (folder.display(), found.records);
    if found.is_whole() {
        writeln!(out, "the log in {data} is whole: {events} events{range}")?;
        return Ok(());
    }
    writeln!(out, "the log in {data} is damaged; {events} events are as they were written{range}")?;
    for (sequence, reason) in &found.damaged {
        writeln!(out, "  damaged: sequence {sequence}: {reason}")?;
    }
    for reason in &found.structure {
        writeln!(out, "  damaged: the file: {}", reason.trim())?;
    }
    if found.miscounted != 0 {
        let (many, than) = (found.miscounted.unsigned_abs(), if found.miscounted > 0 { "fewer" } else { "more" });
        writeln!(out, "  damaged: there are {many} events {than} than were stored")?;
    }
    writeln!(
        out,
        "Nothing was changed. Where a range cannot be read, its last sequence is named. Restore a backup, or go on with \
         what is readable:\n  \
         1. stop the server\n  \
         2. tidemill log export --data {data} --out events.jsonl     (exit code 4: it names what it leaves out)\n  \
         3. tidemill log import events.jsonl --data NEW-DIRECTORY\n  \
         4. tidemill serve --data NEW-DIRECTORY"
    )?;
    Ok(())
}

fn json(found: &Verified) -> serde_json::Value {
    let damaged: Vec<_> =
        found.damaged.iter().map(|(sequence, reason)| json!({"sequence": sequence, "reason": reason})).collect();
    json!({
        "whole": found.is_whole(),
        "events": found.records,
        "first": found.range.map(|(first, _)| first.to_string()),
        "last": found.range.map(|(_, last)| last.to_string()),
        "damaged": damaged,
        "structure": found.structure,
        "miscounted": found.miscounted,
    })
}
