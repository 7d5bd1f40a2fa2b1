//! The floor of a durable log: SQLite with nothing around it, rows of the same size, the same guarantee, so many rows in
//! a transaction. Knows no host.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use rusqlite::{Connection, params};

use crate::cpu;
use crate::hub::scratch;

/// Rows per second that one writer commits in groups, on these cores, in the file system that hosts get as well.
pub(super) fn rows_per_s(cores: &[usize], group: u64, bytes: usize, duration: Duration) -> Result<f64> {
    let directory = scratch()?;
    let file = directory.path().join("bare.db");
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            cpu::pin(cores)?;
            write(&file, group, bytes, duration)
        });
        writer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn write(file: &Path, group: u64, bytes: usize, duration: Duration) -> Result<f64> {
    let mut database = Connection::open(file)?;
    let mode: String = database.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    ensure!(mode == "wal", "the journal mode is {mode}");
    database.execute_batch(
        "PRAGMA synchronous = FULL;
         CREATE TABLE event (sequence INTEGER PRIMARY KEY, stored_at INTEGER, crc INTEGER, body BLOB);",
    )?;
    let body = vec![b'x'; bytes];
    let (mut sequence, start) = (0u64, Instant::now());
    while start.elapsed() < duration {
        let commit = database.transaction()?;
        {
            let mut insert = commit.prepare_cached("INSERT INTO event VALUES (?1, ?2, ?3, ?4)")?;
            for _ in 0..group {
                sequence += 1;
                insert.execute(params![sequence, 1_795_230_447_000u64 + sequence, 0x8000_0000u32, body])?;
            }
        }
        commit.commit()?;
    }
    Ok(sequence as f64 / start.elapsed().as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_groups_are_in_the_file() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("bare.db");
        let rate = write(&file, 10, 500, Duration::from_millis(20)).unwrap();
        let rows: u64 = Connection::open(&file)
            .unwrap()
            .query_row("SELECT count(*) FROM event WHERE length(body) = 500", [], |row| row.get(0))
            .unwrap();
        assert!(rate > 0.0 && rows > 0 && rows.is_multiple_of(10), "{rate} {rows}");
    }
}
