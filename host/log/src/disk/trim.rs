//! Retention on disk, in small steps between commits.

use rusqlite::{Connection, TransactionBehavior, params};
use tidemill_event::{Event, Timestamp};

use super::state::{self, State};
use super::store::{Store, append_error};
use super::{letters, row};
use crate::limits::TRIM_ROWS_MAX;
use crate::retention::RuleState;
use crate::{AppendError, RetentionPolicy};

impl Store {
    /// One step of applying retention: at most a few thousand rows, in one commit. Whether there is more to do.
    pub fn trim_step(&mut self) -> Result<bool, AppendError> {
        let now = (self.clock)().max(self.state.stored_at);
        self.try_trim(now).map_err(|error| append_error(&error))
    }

    /// Whether anything but age asks for a step. Costs nothing.
    pub(super) fn is_over(&self) -> bool {
        let never = Timestamp::default();
        self.policy.log.exceeded(self.state.totals, self.state.stored_at.max(never), self.state.stored_at)
            || self.state.rules.iter().any(|rule| {
                rule.cleared < self.state.last
                    && rule.retention.exceeded(rule.totals, self.state.stored_at, self.state.stored_at)
            })
    }

    fn try_trim(&mut self, now: Timestamp) -> rusqlite::Result<bool> {
        let dead = letters::due(&self.connection, &self.policy.dead_letters, self.state.dead_letters, now)?;
        let mut next = self.state.clone();
        if !dead.is_empty() {
            letters::forget(&mut self.connection, &dead, &mut next.dead_letters)?;
            self.state.dead_letters = next.dead_letters;
        }
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let looked_at = trim_log(&transaction, &self.policy, &mut next, now)?;
        let looked_at = trim_rules(&transaction, &mut next, now, looked_at)?;
        let changed = next.totals != self.state.totals;
        if changed {
            let first = "SELECT min(sequence) FROM events";
            let first: Option<u64> = transaction.query_row(first, [], |row| row.get(0))?;
            next.first = first.unwrap_or(next.last + 1);
            state::save(&transaction, &next, &[])?;
            transaction.commit()?;
        }
        self.state = next;
        Ok(looked_at >= TRIM_ROWS_MAX || dead.len() >= 256)
    }
}

/// Removes the oldest events while the whole log is over its bounds; how many rows were looked at.
fn trim_log(
    connection: &Connection,
    policy: &RetentionPolicy,
    next: &mut State,
    now: Timestamp,
) -> rusqlite::Result<usize> {
    // Most of the time the oldest event may stay.
    let mut oldest =
        connection.prepare_cached("SELECT sequence, stored_at, length(body) FROM events ORDER BY sequence LIMIT ?")?;
    let mut rows = oldest.query([TRIM_ROWS_MAX])?;
    let (mut cut, mut count) = (None, 0);
    while let Some(row) = rows.next()?
        && policy.log.exceeded(next.totals, Timestamp::from_unix_ms(row.get(1)?), now)
    {
        let sequence: u64 = row.get(0)?;
        cut = Some(sequence);
        count += 1;
        let bytes = row::bytes(row.get(2)?);
        next.totals.remove(bytes);
        if next.rules.iter().any(|rule| rule.cleared < sequence) {
            let event_type = event_type(connection, sequence)?;
            let concerned = |rule: &&mut RuleState| rule.cleared < sequence && rule.matcher.matches(&event_type);
            next.rules.iter_mut().filter(concerned).for_each(|rule| rule.totals.remove(bytes));
        }
    }
    drop(rows);
    if let Some(cut) = cut {
        next.cut = cut;
        connection.prepare_cached("DELETE FROM events WHERE sequence <= ?")?.execute([cut])?;
    }
    Ok(count)
}

/// The same for each rule; the count goes on from `looked_at`.
fn trim_rules(
    connection: &Connection,
    next: &mut State,
    now: Timestamp,
    mut looked_at: usize,
) -> rusqlite::Result<usize> {
    for index in 0..next.rules.len() {
        let mut rows = connection.prepare_cached(
            "SELECT sequence, stored_at, body FROM events WHERE sequence > ? ORDER BY sequence LIMIT ?",
        )?;
        let mut rows = rows.query(params![next.rules[index].cleared, TRIM_ROWS_MAX])?;
        let mut gone = Vec::new();
        while looked_at < TRIM_ROWS_MAX
            && let Some(row) = rows.next()?
        {
            let (sequence, stored_at) = (row.get(0)?, Timestamp::from_unix_ms(row.get(1)?));
            let body = row.get_ref(2)?.as_blob().unwrap_or_default();
            let rule = &next.rules[index];
            if !rule.retention.exceeded(rule.totals, stored_at, now) {
                break;
            }
            looked_at += 1;
            if let Ok(event) = Event::read_stored(body)
                && rule.matcher.matches(event.event_type())
            {
                let bytes = row::bytes(body.len());
                next.totals.remove(bytes);
                let concerned =
                    |rule: &&mut RuleState| rule.cleared < sequence && rule.matcher.matches(event.event_type());
                next.rules.iter_mut().filter(concerned).for_each(|rule| rule.totals.remove(bytes));
                gone.push(sequence);
            }
            next.rules[index].cleared = sequence;
        }
        drop(rows);
        next.thinned = gone.last().copied().unwrap_or(0).max(next.thinned);
        for sequence in gone {
            connection.prepare_cached("DELETE FROM events WHERE sequence = ?")?.execute([sequence])?;
        }
    }
    Ok(looked_at)
}

/// Counts what a rule is about, from the beginning.
pub(super) fn count(connection: &Connection, rule: &mut RuleState) -> rusqlite::Result<()> {
    let mut all = connection.prepare("SELECT body FROM events ORDER BY sequence")?;
    let mut rows = all.query([])?;
    while let Some(row) = rows.next()? {
        let body = row.get_ref(0)?.as_blob().unwrap_or_default();
        if let Ok(event) = Event::read_stored(body)
            && rule.matcher.matches(event.event_type())
        {
            rule.totals.add(row::bytes(body.len()));
        }
    }
    Ok(())
}

fn event_type(connection: &Connection, sequence: u64) -> rusqlite::Result<String> {
    let mut body = connection.prepare_cached("SELECT body FROM events WHERE sequence = ?")?;
    body.query_row([sequence], |row| {
        let body = row.get_ref(0)?.as_blob().unwrap_or_default();
        Ok(Event::read_stored(body).map(|event| event.event_type().to_owned()).unwrap_or_default())
    })
}
