//! What was acknowledged last, kept beside the database.
//!
//! A database that is found with less than that lost something: it was restored from a copy, cut off, or damaged so
//! that its write-ahead log ends early. Its sequences will be given out again, so it gets a new epoch. The mark is
//! written after every commit and never synced: after a loss of power it may say too little, never too much.
//!
//! Where commits are not synced either (durability `os`), too little is not enough: both may have lost the same events.
//! The mark then has a second line, synced when the log is opened and taken away when it is closed: the boot of the
//! machine during which commits were not synced. Found after another boot, the log counts as having lost something.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use tidemill_event::Position;

pub(super) const FILE: &str = "log.mark";

/// Bytes of the first line.
const LINE: u64 = 32;

/// What a mark says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Said {
    /// What was acknowledged last.
    pub(super) last: Position,
    /// Commits may not be synced.
    pub(super) unsynced: bool,
    /// And the machine was started anew since.
    pub(super) unsure: bool,
}

/// What the mark says, if there is one that says anything.
pub(super) fn read(folder: &Path) -> Option<Said> {
    let text = std::fs::read_to_string(folder.join(FILE)).ok()?;
    let mut lines = text.lines();
    let (epoch, sequence) = lines.next()?.split_once('.')?;
    let last = Position::new(epoch.trim().parse().ok()?, sequence.trim().parse().ok()?);
    let boot = lines.next();
    let unsure = boot.is_some_and(|boot| boot != this_boot() || boot == UNKNOWN);
    Some(Said { last, unsynced: boot.is_some(), unsure })
}

const UNKNOWN: &str = "unknown";

/// Names this run of the machine. Where nothing does, every run counts as another one.
fn this_boot() -> String {
    let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id");
    id.map_or_else(|_| UNKNOWN.to_owned(), |id| id.trim().to_owned())
}

#[derive(Debug)]
pub(super) struct Mark(File);

impl Mark {
    /// Opens or creates the mark; what it says, if it says anything.
    pub(super) fn open(folder: &Path) -> io::Result<(Self, Option<Said>)> {
        let path = folder.join(FILE);
        let said = read(folder);
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
        Ok((Self(file), said))
    }

    /// Says what was acknowledged last. Of fixed length, so that one write replaces all of it.
    pub(super) fn write(&self, last: Position) -> io::Result<()> {
        self.0.write_all_at(format!("{:>10}.{:<20}\n", last.epoch, last.sequence).as_bytes(), 0)
    }

    /// Says whether commits are synced from now on.
    pub(super) fn note_sync(&self, synced: bool) -> io::Result<()> {
        self.0.set_len(LINE)?;
        if synced { Ok(()) } else { self.0.write_all_at(format!("{}\n", this_boot()).as_bytes(), LINE) }
    }

    /// Makes sure that it is there after a loss of power; it need not be up to date.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.0.sync_all()
    }
}
