//! Reads all of a log and says what is wrong with it. Changes nothing.

use std::path::Path;

use tidemill_event::Position;

use super::open::OpenError;
use super::open_reader;
use super::reader::{LogReader, failed};
use super::state::LastCommit;
use crate::{ReadError, ReadLimit};

/// Damages that are named one by one; there may be more.
const NAMED_MAX: usize = 100;

/// What a log was found to have.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verified {
    /// Events that are as they were written.
    pub records: u64,
    /// The first and the last of them.
    pub range: Option<(Position, Position)>,
    /// Events that are not, or ranges that cannot be read, and why.
    pub damaged: Vec<(u64, String)>,
    /// What SQLite found wrong with the file as such.
    pub structure: Vec<String>,
    /// Events fewer (or more) than the log's own count says.
    pub miscounted: i64,
}

impl Verified {
    /// Whether nothing is wrong.
    pub fn is_whole(&self) -> bool {
        self.damaged.is_empty() && self.structure.is_empty() && self.miscounted == 0
    }
}

/// A log cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// It cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// It cannot be read at the moment.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// Reads the log in a directory from end to end. `progress` hears how many events were read, and of how many.
pub fn verify(folder: &Path, mut progress: impl FnMut(u64, u64)) -> Result<Verified, VerifyError> {
    let reader = open_reader(folder)?;
    let mut found = Verified { structure: structure(&reader), ..Verified::default() };
    let (last, total) = match counted(&reader) {
        Ok(counted) => counted,
        Err(ReadError::Damaged { reason, .. }) => {
            found.structure.push(reason);
            return Ok(found);
        }
        Err(error) => return Err(error.into()),
    };
    let mut after = Position::new(reader.epoch(), 0);
    while after.sequence < last && found.damaged.len() < NAMED_MAX {
        match reader.read(after, ReadLimit { records: 500, bytes: 4 << 20 }, last) {
            Ok(page) => {
                found.records += page.records.len() as u64;
                if let (Some(first), Some(last)) = (page.records.first(), page.records.last()) {
                    found.range = Some((found.range.map_or(first.position, |(first, _)| first), last.position));
                }
                after.sequence = page.to;
            }
            Err(ReadError::Trimmed { first }) => after.sequence = first - 1,
            Err(ReadError::Damaged { to, reason }) => {
                found.damaged.push((to, reason));
                after.sequence = to;
            }
            Err(error) => return Err(error.into()),
        }
        progress(found.records, total);
    }
    // If somebody wrote meanwhile, the numbers are of different moments.
    if found.damaged.is_empty() && counted(&reader).ok() == Some((last, total)) {
        found.miscounted = total.cast_signed() - found.records.cast_signed();
    }
    Ok(found)
}

fn structure(reader: &LogReader) -> Vec<String> {
    let check = || -> rusqlite::Result<Vec<String>> {
        let mut check = reader.connection.prepare("PRAGMA integrity_check(20)")?;
        let rows = check.query_map([], |row| row.get(0))?;
        rows.collect()
    };
    match check() {
        Ok(found) if found == ["ok"] => Vec::new(),
        Ok(found) => found,
        Err(error) => vec![error.to_string()],
    }
}

/// The last sequence and the number of events by the last commit, if its first and last events are there.
fn counted(reader: &LogReader) -> Result<(u64, u64), ReadError> {
    let counted = || {
        let snapshot = reader.connection.unchecked_transaction()?;
        let commit = LastCommit::read(&snapshot)?;
        commit.check_ends(&snapshot)?;
        Ok((commit.last, commit.saved.log.records))
    };
    counted().map_err(|error| failed(&error, 0))
}
