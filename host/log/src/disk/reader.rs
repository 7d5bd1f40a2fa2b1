//! The readers' side of the database: short, chunked reads. None stays open between calls, since a long one would keep
//! the write-ahead log from being copied back and let it grow without bound.

use std::ops::ControlFlow;
use std::path::Path;

use rusqlite::{Connection, OptionalExtension};
use tidemill_event::{Position, StateChange, Timestamp};

use super::open::{self, OpenError};
use super::scan::Scan;
use super::state::LastCommit;
use super::{letters, plugin_state, row};
use crate::{DeadLetterTotals, KeptDeadLetter, Page, ReadError, ReadLimit};

/// A connection that reads a log, beside its writer or without one.
#[derive(Debug)]
pub struct LogReader {
    pub(super) connection: Connection,
    epoch: u32,
}

/// What a log on disk holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    /// The form of the database.
    pub schema_version: i32,
    /// The oldest event that it has, and when it was stored.
    pub oldest: Option<(Position, Timestamp)>,
    /// The newest event that it has, likewise.
    pub newest: Option<(Position, Timestamp)>,
    /// The newest position that it ever gave out.
    pub last: Position,
    /// Events that it has.
    pub records: u64,
    /// Bytes of these events as they are stored.
    pub bytes: u64,
    /// Dead letters that it has.
    pub dead_letters: DeadLetterTotals,
}

/// Opens the log in a directory for reading.
pub fn open_reader(folder: &Path) -> Result<LogReader, OpenError> {
    let path = folder.join(open::FILE);
    let connection = open::reader(&path)?;
    let epoch = connection.query_row("SELECT value FROM meta WHERE name = 'epoch'", [], |row| row.get(0));
    let epoch = epoch.map_err(|error| OpenError::sqlite(&path, &error))?;
    Ok(LogReader { connection, epoch })
}

impl LogReader {
    /// The epoch that the log had when this reader was opened.
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// What plugins keep: the newest change of each key.
    pub fn plugin_state(&self) -> Result<Vec<StateChange>, ReadError> {
        plugin_state::read(&self.connection).map_err(|error| failed(&error, 0))
    }

    /// The newest sequence that was committed.
    pub fn last(&self) -> Result<u64, ReadError> {
        let last = "SELECT last FROM commits ORDER BY last DESC LIMIT 1";
        self.connection.query_row(last, [], |row| row.get(0)).map_err(|error| failed(&error, 0))
    }

    /// What the log holds, as its last commit counted it, whatever its size.
    pub fn summary(&self) -> Result<Summary, ReadError> {
        let read = || -> rusqlite::Result<Summary> {
            let snapshot = self.connection.unchecked_transaction()?;
            let commit = LastCommit::read(&snapshot)?;
            let end = |order: &str| -> rusqlite::Result<Option<(Position, Timestamp)>> {
                let sql = format!("SELECT sequence, stored_at FROM events ORDER BY sequence {order} LIMIT 1");
                let end = |row: &rusqlite::Row<'_>| {
                    Ok((Position::new(self.epoch, row.get(0)?), Timestamp::from_unix_ms(row.get(1)?)))
                };
                snapshot.query_row(&sql, [], end).optional()
            };
            let dead_letters = letters::totals(&snapshot)?;
            Ok(Summary {
                schema_version: open::SCHEMA_VERSION,
                oldest: end("ASC")?,
                newest: end("DESC")?,
                last: Position::new(self.epoch, commit.last),
                records: commit.saved.log.records,
                bytes: commit.saved.log.bytes,
                dead_letters: DeadLetterTotals { count: dead_letters.records, bytes: dead_letters.bytes },
            })
        };
        read().map_err(|error| failed(&error, 0))
    }

    /// See [`Log::read`](crate::Log::read). `last` is a sequence that was committed before this call.
    pub fn read(&self, after: Position, limit: ReadLimit, last: u64) -> Result<Page, ReadError> {
        if after.epoch != self.epoch {
            return Err(ReadError::ForeignEpoch { epoch: self.epoch });
        }
        self.try_read(after.sequence, limit, last)
            .map_err(|error| failed(&error, last.max(after.sequence.saturating_add(1))))?
    }

    fn try_read(&self, after: u64, limit: ReadLimit, last: u64) -> rusqlite::Result<Result<Page, ReadError>> {
        // One snapshot for all statements, so that nothing is trimmed in between.
        let snapshot = self.connection.unchecked_transaction()?;
        let commit = LastCommit::read(&snapshot)?;
        let end = commit.last.max(last);
        if after >= end {
            return Ok(Ok(Page { records: Vec::new(), to: after }));
        }
        let found: Option<u64> =
            snapshot.prepare_cached("SELECT min(sequence) FROM events")?.query_row([], |row| row.get(0))?;
        let (first, found) = (commit.saved.first, found.unwrap_or(commit.last + 1));
        if after + 1 < first.max(found) {
            let damaged =
                || ReadError::Damaged { to: first.max(found) - 1, reason: "the oldest events are missing".into() };
            if first != found {
                return Ok(Err(damaged()));
            }
            // Otherwise rules removed what was first: a hole like others of theirs.
            if after < commit.saved.cut {
                return Ok(Err(ReadError::Trimmed { first }));
            }
        }
        let mut query = snapshot.prepare_cached(ROWS_AFTER)?;
        let mut scan = Scan::new(after, limit, commit.saved.thinned);
        let mut rows = query.query([after])?;
        let outcome = loop {
            match rows.next() {
                Ok(Some(row)) => match scan.take(row::read(row, self.epoch)?) {
                    ControlFlow::Continue(()) => {}
                    ControlFlow::Break(outcome) => break outcome,
                },
                Ok(None) => break scan.end(commit.last),
                Err(error) if row::is_damage(&error) => {
                    let to = if scan.is_empty() { readable_from(&snapshot, after, end)? - 1 } else { after };
                    break scan.stop(to, error.to_string());
                }
                Err(error) => return Err(error),
            }
        };
        Ok(outcome.map(|page| if page.to >= commit.last { Page { to: page.to.max(last), ..page } } else { page }))
    }

    /// See [`Log::position_at`](crate::Log::position_at).
    pub fn position_at(&self, time: Timestamp, last: u64) -> Result<Position, ReadError> {
        self.try_position_at(time, last).map_err(|error| failed(&error, last))
    }

    fn try_position_at(&self, time: Timestamp, last: u64) -> rusqlite::Result<Position> {
        let snapshot = self.connection.unchecked_transaction()?;
        let commit = LastCommit::read(&snapshot)?;
        let (mut low, mut high) = (commit.saved.first, commit.last.max(last) + 1);
        let mut query = snapshot.prepare_cached(ROWS_AFTER)?;
        // Times never go back. Sequences may be missing; the first good record from one on stands for it.
        while low < high {
            let middle = low + (high - low) / 2;
            let mut rows = query.query([middle - 1])?;
            let found = loop {
                let Some(row) = rows.next()? else { break None };
                if let Ok(record) = row::read(row, self.epoch)? {
                    break Some(record);
                }
            };
            match found {
                Some(record) if record.stored_at < time && record.position.sequence >= middle => {
                    low = record.position.sequence + 1;
                }
                _ => high = middle,
            }
        }
        Ok(Position::new(self.epoch, low - 1))
    }

    /// See [`Log::dead_letters`](crate::Log::dead_letters).
    pub fn dead_letters(&self, after: u64, max: usize) -> Result<Vec<KeptDeadLetter>, ReadError> {
        letters::read(&self.connection, after, max).map_err(|error| failed(&error, 0))
    }
}

/// The columns are those that [`row::read`] expects.
const ROWS_AFTER: &str = "SELECT sequence, stored_at, crc, body FROM events WHERE sequence > ? ORDER BY sequence";

/// The first sequence after `after` from which on reading works again, if it does not work there; one more than `last`
/// if there is none. A damaged page has the rows of a range: its end is searched for.
fn readable_from(snapshot: &Connection, after: u64, last: u64) -> rusqlite::Result<u64> {
    let mut query = snapshot.prepare_cached(ROWS_AFTER)?;
    let mut next = |after: u64| match query.query_row([after], |row| row.get::<_, u64>(0)).optional() {
        Ok(found) => Ok(Some(found.unwrap_or(last + 1))),
        Err(error) if row::is_damage(&error) => Ok(None),
        Err(error) => Err(error),
    };
    let (mut bad, mut step) = (after, 1);
    let (mut good, mut found) = loop {
        if bad + step >= last {
            break (last, last + 1);
        }
        match next(bad + step)? {
            Some(found) => break (bad + step, found),
            None => (bad, step) = (bad + step, step * 2),
        }
    };
    while good - bad > 1 {
        let middle = bad + (good - bad) / 2;
        match next(middle)? {
            Some(sequence) => (good, found) = (middle, sequence),
            None => bad = middle,
        }
    }
    Ok(found.max(after + 2))
}

/// What a failed read means. Without what all reads need, everything up to `last` counts as lost to this reader; what
/// comes later is new and whole.
pub(super) fn failed(error: &rusqlite::Error, last: u64) -> ReadError {
    if row::is_damage(error) {
        return ReadError::Damaged { to: last, reason: error.to_string() };
    }
    ReadError::Failed(error.to_string())
}
