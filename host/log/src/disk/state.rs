//! What changes with every commit: totals, sequences, keys. Kept with the commit, so that opening a log reads one row.

use hashbrown::HashMap;
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};
use tidemill_event::{Timestamp, TypePattern};

use super::mark::Said;
use super::{letters, row};
use crate::clock::first_epoch;
use crate::known::Known;
use crate::retention::{RuleState, Totals};
use crate::{Key, Retention, RetentionPolicy, Rule};

/// What changes with every commit. A copy is worked on; it counts once the commit succeeded.
#[derive(Debug, Clone)]
pub(super) struct State {
    pub(super) first: u64,
    pub(super) last: u64,
    /// Up to this sequence the bounds of the whole log removed everything.
    pub(super) cut: u64,
    /// Up to this sequence rules removed events between others; beyond it none may be missing.
    pub(super) thinned: u64,
    pub(super) stored_at: Timestamp,
    pub(super) totals: Totals,
    pub(super) rules: Vec<RuleState>,
    pub(super) dead_letters: Totals,
}

/// The totals as they are kept with a commit.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Saved {
    pub(super) first: u64,
    pub(super) cut: u64,
    pub(super) thinned: u64,
    pub(super) log: Totals,
    rules: Vec<SavedRule>,
}

#[derive(Debug, Serialize, Deserialize)]
struct SavedRule {
    name: String,
    totals: Totals,
    cleared: u64,
}

/// The last commit, as it is kept.
#[derive(Debug)]
pub(super) struct LastCommit {
    pub(super) last: u64,
    stored_at: Timestamp,
    pub(super) saved: Saved,
}

impl LastCommit {
    /// Reads it; an error that [`row::is_damage`] if it is not what was written.
    pub(super) fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let mut newest =
            connection.prepare_cached("SELECT last, stored_at, crc, totals FROM commits ORDER BY last DESC LIMIT 1")?;
        newest.query_row([], |row| {
            let (last, stored_at) = (row.get(0)?, Timestamp::from_unix_ms(row.get(1)?));
            let totals = row.get_ref(3)?.as_str()?;
            if row::crc(last, stored_at, totals.as_bytes()) != row.get::<_, u32>(2)? {
                return Err(row::damage(3, "the checksum of the last commit does not fit"));
            }
            let saved = serde_json::from_str(totals).map_err(|error| row::damage(3, &error.to_string()))?;
            Ok(Self { last, stored_at, saved })
        })
    }

    /// Fails if the oldest or the newest events are not those that this commit left.
    pub(super) fn check_ends(&self, connection: &Connection) -> rusqlite::Result<()> {
        let ends = "SELECT (SELECT min(sequence) FROM events), (SELECT max(sequence) FROM events)";
        let (first, last) =
            connection.query_row(ends, [], |row| Ok((row.get::<_, Option<u64>>(0)?, row.get::<_, Option<u64>>(1)?)))?;
        let (first, last) = (first.unwrap_or(self.last + 1), last.unwrap_or(self.last));
        if first != self.saved.first {
            let reason = format!("the oldest event has sequence {first}, it should be {}", self.saved.first);
            return Err(row::damage(0, &reason));
        }
        if last != self.last && (last > self.last || self.saved.thinned < self.last) {
            let reason = format!("the newest event has sequence {last}, it should be {}", self.last);
            return Err(row::damage(0, &reason));
        }
        Ok(())
    }
}

/// A new database's only commit.
pub(super) fn save_first(connection: &Connection) -> rusqlite::Result<()> {
    let state = State {
        first: 1,
        last: 0,
        cut: 0,
        thinned: 0,
        stored_at: Timestamp::default(),
        totals: Totals::default(),
        rules: Vec::new(),
        dead_letters: Totals::default(),
    };
    save(connection, &state, &[])
}

/// Keeps the totals and, with the sequence at which they hold, new keys: 28 bytes for each, the key, its first sequence
/// and its number of events, little-endian; a checksum follows them.
pub(super) fn save(connection: &Connection, state: &State, keys: &[(Key, u64, u32)]) -> rusqlite::Result<()> {
    let rule = |rule: &RuleState| SavedRule { name: rule.name.clone(), totals: rule.totals, cleared: rule.cleared };
    let rules = state.rules.iter().map(rule).collect();
    let saved = Saved { first: state.first, cut: state.cut, thinned: state.thinned, log: state.totals, rules };
    let totals = serde_json::to_string(&saved).map_err(|e| rusqlite::Error::ToSqlConversionFailure(e.into()))?;
    let mut blob = Vec::with_capacity(keys.len() * 28 + 4);
    for (key, first, events) in keys {
        blob.extend_from_slice(&key.0);
        blob.extend_from_slice(&first.to_le_bytes());
        blob.extend_from_slice(&events.to_le_bytes());
    }
    if !keys.is_empty() {
        blob.extend_from_slice(&keys_crc(state.last, &blob).to_le_bytes());
    }
    let crc = row::crc(state.last, state.stored_at, totals.as_bytes());
    // A commit without events leaves the sequence where it is, and has no new keys.
    let mut save = connection.prepare_cached(
        "INSERT INTO commits VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET \
        crc = excluded.crc, totals = excluded.totals",
    )?;
    save.execute(params![state.last, state.stored_at.unix_ms(), crc, totals, blob])?;
    Ok(())
}

fn keys_crc(last: u64, keys: &[u8]) -> u32 {
    row::crc(last, Timestamp::default(), keys)
}

/// What the last commit left, and the epoch if there is one.
pub(super) fn load(
    connection: &Connection,
    policy: &RetentionPolicy,
    known: &mut Known,
    now: Timestamp,
) -> rusqlite::Result<(State, Option<u32>)> {
    let commit = LastCommit::read(connection)?;
    commit.check_ends(connection)?;
    let LastCommit { last, stored_at, saved } = commit;
    let mut saved_rules: HashMap<String, SavedRule> =
        saved.rules.into_iter().map(|rule| (rule.name.clone(), rule)).collect();
    let dead_letters = letters::totals(connection)?;
    let mut state = State {
        first: saved.first,
        last,
        cut: saved.cut,
        thinned: saved.thinned,
        stored_at,
        totals: saved.log,
        rules: policy.rules.iter().map(RuleState::new).collect(),
        dead_letters,
    };
    for rule in &mut state.rules {
        match saved_rules.remove(&rule.name) {
            Some(saved) => (rule.totals, rule.cleared) = (saved.totals, saved.cleared),
            // A new rule counts what is there; so does one whose types changed.
            None => super::trim::count(connection, rule)?,
        }
    }
    // Rules that are no longer set left holes all the same: subscribers of their types are told of those.
    if state.thinned >= state.first {
        for (name, saved) in saved_rules {
            if let Ok(types) = TypePattern::parse_list(&name) {
                let mut rule = RuleState::new(&Rule { types, retention: Retention::default() });
                (rule.totals, rule.cleared) = (saved.totals, saved.cleared);
                state.rules.push(rule);
            }
        }
    }
    load_keys(connection, known, now)?;
    let epoch = connection.query_row("SELECT value FROM meta WHERE name = 'epoch'", [], |row| row.get(0)).optional()?;
    Ok((state, epoch))
}

fn load_keys(connection: &Connection, known: &mut Known, now: Timestamp) -> rusqlite::Result<()> {
    let mut commits =
        connection.prepare("SELECT stored_at, keys, last FROM commits WHERE stored_at >= ? ORDER BY last DESC")?;
    let mut rows = commits.query([known.since(now).unix_ms()])?;
    let mut newest = Vec::new();
    while let Some(row) = rows.next()?
        && newest.len() < known.max()
    {
        let stored_at = Timestamp::from_unix_ms(row.get(0)?);
        let Some((blob, crc)) = row.get_ref(1)?.as_blob()?.split_last_chunk() else { continue };
        let last = row.get(2)?;
        if keys_crc(last, blob) != u32::from_le_bytes(*crc) {
            tracing::error!(
                last,
                "the keys of a commit are damaged: its events are stored again if they are sent again"
            );
            continue;
        }
        for entry in blob.chunks_exact(28).rev() {
            let (mut key, mut first, mut events) = ([0; 16], [0; 8], [0; 4]);
            key.copy_from_slice(&entry[..16]);
            first.copy_from_slice(&entry[16..24]);
            events.copy_from_slice(&entry[24..]);
            newest.push((Key(key), u64::from_le_bytes(first), u32::from_le_bytes(events), stored_at));
        }
    }
    for (key, first, events, stored_at) in newest.into_iter().rev() {
        known.insert(key, first, events, stored_at);
    }
    Ok(())
}

/// The epoch: a new one if there is none yet, or if sequences that were acknowledged are missing.
pub(super) fn settle_epoch(
    connection: &Connection,
    before: Option<u32>,
    marked: Option<Said>,
    last: u64,
    now: Timestamp,
    new: bool,
) -> rusqlite::Result<u32> {
    let fresh = |old: u32| first_epoch(now).max(old.saturating_add(1));
    let epoch = match (before, marked) {
        (Some(epoch), Some(Said { last: marked, unsure: false, .. }))
            if marked.epoch <= epoch && marked.sequence <= last =>
        {
            return Ok(epoch);
        }
        (Some(epoch), marked) => {
            let epoch_marked = marked.map_or(0, |marked| marked.last.epoch);
            let fresh = fresh(epoch.max(epoch_marked));
            match marked {
                Some(Said { last: marked, unsure: true, .. }) if marked.sequence <= last => tracing::warn!(
                    epoch = fresh,
                    "the machine was started anew while the log was not synced (`durability = \"os\"`): events that were \
                    acknowledged may be missing, and the log gets a new epoch"
                ),
                Some(Said { last: marked, .. }) => tracing::error!(
                    acknowledged = marked.sequence,
                    found = last,
                    epoch = fresh,
                    "the log ends before events that were acknowledged: it was restored, cut off or damaged; \
                    it goes on with a new epoch, and subscribers are told"
                ),
                None => tracing::warn!(
                    epoch = fresh,
                    "log.mark is missing: the log counts as restored and gets a new epoch"
                ),
            }
            fresh
        }
        (None, marked) => {
            if let Some(marked) = marked.filter(|_| new) {
                tracing::warn!(before = %marked.last, "there was another log here; this is a new one");
            }
            fresh(marked.map_or(0, |marked| marked.last.epoch))
        }
    };
    connection.execute("INSERT OR REPLACE INTO meta VALUES ('epoch', ?)", [epoch])?;
    Ok(epoch)
}
