//! What plugins keep: with the events of its commit, or not at all.

use bytes::Bytes;
use rusqlite::Connection;
use std::sync::Arc;
use tidemill_event::{StateChange, StateChanges, StateEntry, Timestamp};
use tidemill_log::{AppendError, open_reader};

use super::bench::{Bench, DATABASE, append};

fn change(key: &str, value: Option<&str>, version: u64) -> StateChange {
    let entry = value.map(|value| StateEntry {
        value: Bytes::copy_from_slice(value.as_bytes()),
        version,
        expires_at: version.is_multiple_of(2).then(|| Timestamp::from_unix_ms(version)),
    });
    StateChange { plugin: Arc::from("keeper"), key: key.into(), entry }
}

#[test]
fn the_newest_of_each_key_is_kept() {
    let bench = Bench::new();
    bench.with(|store| {
        let changes = vec![change("a", Some("1"), 1), change("b", Some("2"), 2), change("c", Some("3"), 3)];
        append(store, |append| append.state.changes = changes).unwrap();
        let changes = vec![change("a", Some("4"), 4), change("b", None, 0)];
        append(store, |append| append.state.changes = changes).unwrap();
    });
    let kept = open_reader(bench.path()).unwrap().plugin_state().unwrap();
    assert_eq!(kept, [change("a", Some("4"), 4), change("c", Some("3"), 3)]);
}

#[test]
fn what_builds_on_a_history_that_broke_off_is_not_stored() {
    let bench = Bench::new();
    bench.with(|store| {
        let broken = StateChanges { changes: vec![change("a", Some("1"), 1)], ..StateChanges::default() };
        broken.history.break_off();
        let refused = append(store, |append| append.state = broken);
        assert_eq!(refused, Err(AppendError::Unfounded));
        append(store, |append| append.state.changes = vec![change("b", Some("1"), 1)]).unwrap();
    });
    assert_eq!(open_reader(bench.path()).unwrap().plugin_state().unwrap(), [change("b", Some("1"), 1)]);
}

#[test]
fn a_damaged_key_is_never_taken_for_what_was_kept() {
    let bench = Bench::new();
    bench.with(|store| {
        let changes = vec![change("a", Some("one"), 1), change("b", Some("two"), 2)];
        append(store, |append| append.state.changes = changes).unwrap();
    });
    for column in ["value = 'onf'", "version = 7", "expires_at = 7", "key = 'x'", "plugin = 'x'"] {
        let database = Connection::open(bench.path().join(DATABASE)).unwrap();
        let column = column.replace("'onf'", "CAST('onf' AS BLOB)");
        database.execute_batch(&format!("BEGIN; UPDATE plugin_state SET {column} WHERE key = 'a'; COMMIT")).unwrap();
        drop(database);
        let kept = open_reader(bench.path()).unwrap().plugin_state().unwrap();
        assert_eq!(kept, [change("b", Some("two"), 2)], "{column}");
        bench.with(|store| {
            append(store, |append| append.state.changes = vec![change("a", Some("one"), 1), change("x", None, 0)])
                .unwrap();
        });
        let database = Connection::open(bench.path().join(DATABASE)).unwrap();
        database.execute_batch("DELETE FROM plugin_state WHERE plugin = 'x'").unwrap();
    }
}
