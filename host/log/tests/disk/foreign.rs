//! Files that are not ours, and those of a later version.

use rusqlite::Connection;
use tidemill_log::{DeadLetter, OpenError, open_reader, verify};

use super::bench::{Bench, DATABASE, append, letter, publish};

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
    database.execute_batch("PRAGMA user_version = 4").unwrap();
    drop(database);
    let text = refusal(&bench);
    assert!(text.contains("schema version 4") && text.contains("use a newer one"), "{text}");
}

/// Version 1 did not say in which generation a plugin failed.
#[test]
fn an_earlier_schema_is_brought_up_to_date_by_the_writer() {
    let bench = Bench::new();
    bench.with(|store| {
        publish(store, 1);
        append(store, |append| append.dead_letters = vec![DeadLetter { generation: 0, ..letter(1) }]).unwrap();
    });
    let database = Connection::open(bench.path().join(DATABASE)).unwrap();
    let back = "DROP TABLE plugin_state; ALTER TABLE dead_letters DROP COLUMN generation; PRAGMA user_version = 1";
    database.execute_batch(back).unwrap();
    drop(database);
    let refused = open_reader(bench.path()).unwrap_err().to_string();
    assert!(refused.contains("brings it up to date"), "{refused}");
    bench.with(|store| {
        assert!(publish(store, 1).duplicate);
        append(store, |append| append.dead_letters = vec![letter(2)]).unwrap();
    });
    let letters = open_reader(bench.path()).unwrap().dead_letters(0, 10).unwrap();
    let generations: Vec<u64> = letters.iter().map(|kept| kept.letter.generation).collect();
    assert_eq!((generations, &letters[1].letter), (vec![0, 7], &letter(2)));
}

/// Version 2 kept nothing for plugins.
#[test]
fn a_log_of_before_there_was_state_is_brought_up_to_date() {
    let bench = Bench::new();
    bench.with(|store| assert!(!publish(store, 1).duplicate));
    let database = Connection::open(bench.path().join(DATABASE)).unwrap();
    database.execute_batch("DROP TABLE plugin_state; PRAGMA user_version = 2").unwrap();
    drop(database);
    bench.with(|store| assert!(publish(store, 1).duplicate));
    assert_eq!(open_reader(bench.path()).unwrap().plugin_state().unwrap(), []);
}

#[test]
fn there_has_to_be_a_log_to_read_one() {
    let bench = Bench::new();
    let missing = open_reader(bench.path()).unwrap_err();
    assert!(matches!(missing, OpenError::Missing(_)), "{missing}");
    assert!(!bench.path().join(DATABASE).exists(), "reading makes none");
}
