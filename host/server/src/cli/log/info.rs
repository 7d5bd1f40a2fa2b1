//! `tidemill log info`: what a log holds, as its last commit counted it.

use std::{fs, path::Path};

use bytesize::ByteSize;
use serde_json::json;
use tidemill_event::{Position, Timestamp};
use tidemill_log::Summary;

use super::super::{Exit, Failure, Output};
use super::{CommonArgs, DATABASE, cannot_read, open};

pub(super) fn run(args: &CommonArgs, output: &mut Output<'_>) -> Result<Exit, Failure> {
    let folder = args.folder()?;
    // Before this command opens the log, which makes files of its own beside it.
    let disk_bytes = disk_bytes(&folder);
    let summary = open(&folder)?.summary().map_err(|error| cannot_read(&error))?;
    if args.json {
        writeln!(output.out, "{}", json(&summary, disk_bytes))?;
    } else {
        write!(output.out, "{}", text(&summary, disk_bytes, &folder))?;
    }
    Ok(Exit::Success)
}

fn text(summary: &Summary, disk_bytes: u64, folder: &Path) -> String {
    let bytes = |bytes: u64| format!("{} ({bytes} bytes)", ByteSize(bytes));
    let none = || "none".to_owned();
    let position = |at: Option<(Position, Timestamp)>| at.map_or_else(none, |(position, _)| position.to_string());
    let stored = |at: Option<(Position, Timestamp)>| at.map_or_else(none, |(_, time)| time.to_string());
    let rows = [
        ("log", folder.join(DATABASE).display().to_string()),
        ("schema version", summary.schema_version.to_string()),
        ("epoch", summary.last.epoch.to_string()),
        ("first position", position(summary.oldest)),
        ("last position", summary.last.to_string()),
        ("oldest stored", stored(summary.oldest)),
        ("newest stored", stored(summary.newest)),
        ("events", summary.records.to_string()),
        ("bytes", bytes(summary.bytes)),
        ("bytes on disk", bytes(disk_bytes)),
        ("dead letters", format!("{}, {}", summary.dead_letters.count, bytes(summary.dead_letters.bytes))),
    ];
    rows.map(|(name, value)| format!("{name:<16}{value}\n")).concat()
}

/// Names are those of `GET /events/stats`.
fn json(summary: &Summary, disk_bytes: u64) -> serde_json::Value {
    json!({
        "schemaVersion": summary.schema_version,
        "epoch": summary.last.epoch,
        "first": summary.oldest.map(|(position, _)| position.to_string()),
        "last": summary.last.to_string(),
        "oldestStoredAt": summary.oldest.map(|(_, time)| time.to_string()),
        "newestStoredAt": summary.newest.map(|(_, time)| time.to_string()),
        "events": summary.records,
        "bytes": summary.bytes,
        "diskBytes": disk_bytes,
        "deadLetters": {"count": summary.dead_letters.count, "bytes": summary.dead_letters.bytes},
    })
}

fn disk_bytes(folder: &Path) -> u64 {
    let size = |suffix: &str| fs::metadata(folder.join(format!("{DATABASE}{suffix}"))).map_or(0, |file| file.len());
    ["", "-wal", "-shm"].into_iter().map(size).sum()
}
