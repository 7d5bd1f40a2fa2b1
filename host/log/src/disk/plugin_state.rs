//! What plugins keep, as rows.

use std::sync::Arc;

use bytes::Bytes;
use rusqlite::{Connection, Row, params};
use tidemill_event::{StateChange, StateEntry, Timestamp};

use super::row;

/// Stores what keys are from now on.
pub(super) fn write(connection: &Connection, changes: &[StateChange]) -> rusqlite::Result<()> {
    for StateChange { plugin, key, entry } in changes {
        match entry {
            Some(entry) => {
                let expires = entry.expires_at.map(Timestamp::unix_ms);
                let crc = key_crc(plugin, key, entry);
                connection
                    .prepare_cached("INSERT OR REPLACE INTO plugin_state VALUES (?, ?, ?, ?, ?, ?)")?
                    .execute(params![plugin, key, entry.version, expires, crc, &entry.value[..]])?;
            }
            None => {
                let mut delete = connection.prepare_cached("DELETE FROM plugin_state WHERE plugin = ? AND key = ?")?;
                delete.execute(params![plugin, key])?;
            }
        }
    }
    Ok(())
}

/// The keys of all plugins. One that is damaged is left out, and said in the log.
pub(super) fn read(connection: &Connection) -> rusqlite::Result<Vec<StateChange>> {
    let mut query = connection.prepare("SELECT plugin, key, version, expires_at, crc, value FROM plugin_state")?;
    let mut rows = query.query([])?;
    let mut keys = Vec::new();
    while let Some(row) = rows.next()? {
        match kept(row) {
            Ok(key) => keys.push(key),
            Err(error) => {
                let (plugin, key) = (row.get::<_, String>(0), row.get::<_, String>(1));
                tracing::error!(?plugin, ?key, "a plugin's key is damaged, and is lost: {error}");
            }
        }
    }
    Ok(keys)
}

fn kept(row: &Row<'_>) -> rusqlite::Result<StateChange> {
    let (plugin, key) = (row.get::<_, String>(0)?, row.get::<_, String>(1)?);
    let expires: Option<u64> = row.get(3)?;
    let entry = StateEntry {
        value: Bytes::copy_from_slice(row.get_ref(5)?.as_blob()?),
        version: row.get(2)?,
        expires_at: expires.map(Timestamp::from_unix_ms),
    };
    if key_crc(&plugin, &key, &entry) != row.get::<_, u32>(4)? {
        return Err(row::damage(4, "the checksum does not fit the content"));
    }
    Ok(StateChange { plugin: Arc::from(plugin), key, entry: Some(entry) })
}

fn key_crc(plugin: &str, key: &str, entry: &StateEntry) -> u32 {
    let expires = entry.expires_at.unwrap_or(Timestamp::MAX);
    let names = row::crc(entry.version, expires, [plugin, key].join("\0").as_bytes());
    row::crc(u64::from(names), expires, &entry.value)
}
