//! Files that are not ours, and those of a later version.

use rusqlite::Connection;
use tidemill_log::{OpenError, open_reader, verify};

use super::bench::{Bench, DATABASE};

/// What opening says, for writing and for reading; both refuse it for the same reason.
fn refusal(bench: &Bench) -> String {
    let before = bench.file(DATABASE);
    let (write, read) = (bench.try_open().unwrap_err(), open_reader(bench.path()).unwrap_err());
    assert!(matches!(write, OpenError::Foreign { .. }), "{write}");
    assert_eq!(write.to_string(), read.to_string());
    assert!(verify(bench.path(), |_, _| {}).is_err());
    assert!(bench.file(DATABASE) == before, "it was left alone");
    write.to_string()
}

#[test]
fn another_programs_database_is_refused() {
    let bench = Bench::new();
    let database = Connection::open(bench.path().join(DATABASE)).unwrap();
    database.execute_batch("CREATE TABLE events (sequence INTEGER PRIMARY KEY); PRAGMA application_id = 7").unwrap();
    drop(database);
    assert!(refusal(&bench).contains("another program's database"));
}

#[test]
fn a_text_is_refused() {
    let bench = Bench::new();
    bench.set_file(DATABASE, "shopping list\n".repeat(1000).as_bytes());
    assert!(refusal(&bench).contains("file is not a database"));
}

#[test]
fn a_later_schema_is_refused() {
    let bench = Bench::new();
    bench.with(|_| {});
    let database = Connection::open(bench.path().join(DATABASE)).unwrap();
    database.execute_batch("PRAGMA user_version = 2").unwrap();
    drop(database);
    let text = refusal(&bench);
    assert!(text.contains("schema version 2") && text.contains("use a newer one"), "{text}");
}

#[test]
fn there_has_to_be_a_log_to_read_one() {
    let bench = Bench::new();
    let missing = open_reader(bench.path()).unwrap_err();
    assert!(matches!(missing, OpenError::Missing(_)), "{missing}");
    assert!(!bench.path().join(DATABASE).exists(), "reading makes none");
}
