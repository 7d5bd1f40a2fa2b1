//! One event as a row, with a check that tells when the disk gave back something else.

use std::sync::Arc;

use rusqlite::Row;
use tidemill_event::{Event, Position, Timestamp};

use crate::Record;

/// What a row counts for in retention: its body, and about what SQLite puts around it.
pub(super) const fn bytes(body: usize) -> u64 {
    body as u64 + 20
}

/// The CRC-32 (IEEE 802.3) of a row. SQLite checks its write-ahead log only; a byte that flips in the database would
/// otherwise be taken for an event's.
pub(super) fn crc(number: u64, stored_at: Timestamp, body: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&number.to_le_bytes());
    hasher.update(&stored_at.unix_ms().to_le_bytes());
    hasher.update(body);
    hasher.finalize()
}

/// Whether an error says that the file has something else than what was written to it.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    use rusqlite::{Error, ErrorCode};
    match error {
        Error::FromSqlConversionFailure(..)
        | Error::IntegralValueOutOfRange(..)
        | Error::InvalidColumnType(..)
        | Error::Utf8Error(..)
        | Error::QueryReturnedNoRows => true,
        _ => matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)),
    }
}

/// The error for a value that is not what was written.
pub(super) fn damage(column: usize, reason: &str) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Null, reason.into())
}

/// A row that is not what was written.
#[derive(Debug)]
pub(super) struct Damaged {
    pub(super) sequence: u64,
    pub(super) reason: String,
}

/// Reads the columns of a row: sequence, stored_at, crc, body.
pub(super) fn read(row: &Row<'_>, epoch: u32) -> rusqlite::Result<Result<Arc<Record>, Damaged>> {
    // No row has 0: one that is out of range is nowhere.
    let sequence = row.get(0).unwrap_or(0);
    let damaged = |reason: String| Ok(Err(Damaged { sequence, reason }));
    let (Ok(stored_at), Ok(crc_before)) = (row.get::<_, u64>(1), row.get::<_, u32>(2)) else {
        return damaged("a number is out of range".into());
    };
    let Ok(body) = row.get_ref(3)?.as_blob() else { return damaged("the body is missing".into()) };
    let stored_at = Timestamp::from_unix_ms(stored_at);
    if crc(sequence, stored_at, body) != crc_before {
        return damaged("the checksum does not fit the content".into());
    }
    match Event::read_stored(body) {
        Ok(event) => Ok(Ok(Arc::new(Record { position: Position::new(epoch, sequence), stored_at, event }))),
        Err(error) => damaged(error.to_string()),
    }
}
