//! What was acknowledged last, kept beside the database.
//!
//! A database that is found with less than that lost something: it was restored from a copy, cut off, or damaged so
//! that its write-ahead log ends early. Its sequences will be given out again, so it gets a new epoch. The mark is
//! written after every commit and never synced: after a loss of power it may say too little, never too much.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use tidemill_event::Position;

pub(super) const FILE: &str = "log.mark";

/// What the mark says, if there is one that says anything.
pub(super) fn read(folder: &Path) -> Option<Position> {
    let text = std::fs::read_to_string(folder.join(FILE)).ok()?;
    let (epoch, sequence) = text.split_once('.')?;
    Some(Position::new(epoch.trim().parse().ok()?, sequence.trim().parse().ok()?))
}

#[derive(Debug)]
pub(super) struct Mark(File);

impl Mark {
    /// Opens or creates the mark; what it says, if it says anything.
    pub(super) fn open(folder: &Path) -> io::Result<(Self, Option<Position>)> {
        let path = folder.join(FILE);
        let said = read(folder);
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
        Ok((Self(file), said))
    }

    /// Says what was acknowledged last. Of fixed length, so that one write replaces all of it.
    pub(super) fn write(&self, last: Position) -> io::Result<()> {
        self.0.write_all_at(format!("{:>10}.{:<20}\n", last.epoch, last.sequence).as_bytes(), 0)
    }

    /// Makes sure that it is there after a loss of power; it need not be up to date.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.0.sync_all()
    }
}
