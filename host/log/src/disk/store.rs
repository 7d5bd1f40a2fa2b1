//! The writer's side of the database: one commit at a time, all of it or nothing.
//!
//! Owns positions, the epoch and the totals. Must not know threads: whoever has a store calls it from one.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior, params};
use tidemill_event::{Position, StateChanges, Timestamp, TypePattern};

use super::mark::Mark;
use super::open::{self, OpenError};
use super::state::{self, State};
use super::{letters, plugin_state, row};
use crate::assignment::Assignment;
use crate::clock::{Clock, system_clock};
use crate::known::Known;
use crate::{Append, AppendError, Appended, DeadLetter, Done, Record, RetentionPolicy};

/// What a store is made of.
#[derive(Clone)]
pub struct StoreOptions {
    /// Whether a commit waits until the disk confirmed it.
    pub fsync: bool,
    /// What is kept.
    pub retention: RetentionPolicy,
    /// How long a published event is recognised.
    pub known_window: Duration,
    /// How many published events are recognised at most.
    pub known_max: usize,
    /// Where the time comes from.
    pub clock: Clock,
}

impl Default for StoreOptions {
    /// Synced; everything is kept; events are recognised for ten minutes.
    fn default() -> Self {
        Self {
            fsync: true,
            retention: RetentionPolicy::default(),
            known_window: Duration::from_secs(600),
            known_max: 1_000_000,
            clock: system_clock(),
        }
    }
}

/// The database, opened for writing. There is one for a directory at a time.
pub struct Store {
    pub(super) connection: Connection,
    pub(super) state: State,
    pub(super) policy: RetentionPolicy,
    pub(super) clock: Clock,
    known: Arc<Mutex<Known>>,
    epoch: u32,
    fsync: bool,
    mark: Mark,
    /// Pages in the write-ahead log after the last commit.
    wal_pages: Arc<AtomicU64>,
    body: Vec<u8>,
    _lock: std::fs::File,
}

/// What one commit stored.
#[derive(Default)]
pub struct Commit {
    /// The new records, in the order of positions.
    pub records: Vec<Arc<Record>>,
    /// Whom to tell what, in order.
    pub told: Vec<(Done, Result<Appended, AppendError>)>,
}

impl Commit {
    /// Tells everybody.
    pub fn tell(self) {
        self.told.into_iter().for_each(|(done, result)| done(result));
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("epoch", &self.epoch).field("last", &self.state.last).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the log in a directory, or makes one.
    pub fn open(folder: &Path, options: StoreOptions) -> Result<Self, OpenError> {
        let lock = open::lock(folder)?;
        let path = folder.join(open::FILE);
        let (mut connection, new) = open::writer(&path, options.fsync)?;
        let (mark, marked) = Mark::open(folder).map_err(|e| OpenError::io(folder, e))?;
        let now = (options.clock)();
        let mut known = Known::new(options.known_window, options.known_max);
        let loaded = state::load(&connection, &options.retention, &mut known, now);
        let (state, before) = loaded.map_err(|e| OpenError::sqlite(&path, &e))?;
        let epoch = state::settle_epoch(&connection, before, marked, state.last, now, new);
        let epoch = epoch.map_err(|e| OpenError::sqlite(&path, &e))?;
        if marked.is_some_and(|marked| marked.unsynced) {
            // Before the mark says that all is synced.
            let all = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
            all.map_err(|e| OpenError::sqlite(&path, &e))?;
        }
        mark.write(Position::new(epoch, state.last))
            .and_then(|()| mark.note_sync(options.fsync))
            .and_then(|()| mark.sync())
            .map_err(|e| OpenError::io(folder, e))?;
        let wal_pages = Arc::new(AtomicU64::new(0));
        let pages = Arc::clone(&wal_pages);
        let hook = move |_: &mut rusqlite::hooks::Wal, count| {
            pages.store(u64::try_from(count).unwrap_or(0), Ordering::Relaxed);
            Ok(())
        };
        connection.wal_hook(Some(hook)).map_err(|e| OpenError::sqlite(&path, &e))?;
        Ok(Self {
            connection,
            state,
            policy: options.retention,
            clock: options.clock,
            known: Arc::new(Mutex::new(known)),
            epoch,
            fsync: options.fsync,
            mark,
            wal_pages,
            body: Vec::new(),
            _lock: lock,
        })
    }

    /// The epoch of its positions.
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// Types of which rules may have removed events between others, rules that are no longer set included.
    pub fn thinned(&self) -> Vec<TypePattern> {
        self.state.rules.iter().flat_map(|rule| rule.types.iter().cloned()).collect()
    }

    /// The newest sequence that it gave out.
    pub fn last(&self) -> u64 {
        self.state.last
    }

    /// Whether a commit waits until the disk confirmed it.
    pub fn fsync(&self) -> bool {
        self.fsync
    }

    /// Copies the write-ahead log into the database and begins it anew, so that opening it again is quick.
    pub fn finish(&self) {
        let all = self.checkpoint("TRUNCATE");
        let noted = if all { self.mark.note_sync(true) } else { Ok(()) };
        if let Err(error) = noted.and_then(|()| self.mark.sync()) {
            tracing::warn!("cannot sync log.mark: {error}");
        }
    }

    /// Copies the write-ahead log into the database and begins it anew once no reader is in it. Waits for readers, a few
    /// seconds at most; whether it is begun anew.
    pub(super) fn copy_back(&self) -> bool {
        self.checkpoint("RESTART")
    }

    fn checkpoint(&self, mode: &str) -> bool {
        let busy =
            self.connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |row| row.get::<_, bool>(0));
        match &busy {
            Ok(false) => self.wal_pages.store(0, Ordering::Relaxed),
            Ok(true) => tracing::warn!("the write-ahead log grows: somebody reads in it for long"),
            Err(error) => tracing::warn!("cannot copy the write-ahead log back: {error}"),
        }
        matches!(busy, Ok(false))
    }

    pub(crate) fn known(&self) -> &Arc<Mutex<Known>> {
        &self.known
    }

    /// Bytes in the write-ahead log after the last commit.
    pub(super) fn wal_bytes(&self) -> u64 {
        self.wal_pages.load(Ordering::Relaxed) * 4096
    }

    /// Stores some appends in one commit: all of them, or, if it fails, none. Nobody has been told when it returns.
    pub fn commit(&mut self, appends: Vec<Append>) -> Commit {
        let now = (self.clock)().max(self.state.stored_at);
        let mut next = self.state.clone();
        let mut assignment = Assignment::after(self.state.last);
        let mut commit = Commit::default();
        let (mut letters, mut changes, mut refused) = (Vec::new(), Vec::new(), Vec::new());
        let mut places = Vec::with_capacity(appends.len());
        {
            let mut known = lock(&self.known);
            known.expire(now);
            for append in appends {
                if append.state.history.is_broken() {
                    refused.push(append.done);
                    continue;
                }
                let (placed, events) = assignment.place(&known, &append.groups, append.events);
                for event in events {
                    next.last += 1;
                    let position = Position::new(self.epoch, next.last);
                    commit.records.push(Arc::new(Record { position, stored_at: now, event }));
                }
                places.push(placed);
                letters.push(append.dead_letters);
                changes.push(append.state);
                commit.told.push((append.done, Err(AppendError::Closed)));
            }
        }
        // Otherwise it is the time of the last event still, and of the keys that came with it.
        if !commit.records.is_empty() {
            next.stored_at = now;
        }
        match self.write(&mut next, &commit.records, &assignment, &letters, &changes, now) {
            Ok(numbers) => {
                let mut known = lock(&self.known);
                for (key, first, events) in assignment.keys() {
                    known.insert(*key, *first, *events, now);
                }
                self.state = next;
                self.note_mark();
                for ((told, places), dead_letters) in commit.told.iter_mut().zip(places).zip(numbers) {
                    told.1 = Ok(Appended { places, dead_letters });
                }
            }
            Err(error) => {
                let error = append_error(&error);
                commit.told.iter_mut().for_each(|told| told.1 = Err(error.clone()));
                let lost = changes.iter().filter(|state| !state.changes.is_empty());
                lost.for_each(|state| state.history.break_off());
                commit.records.clear();
            }
        }
        commit.told.extend(refused.into_iter().map(|done| (done, Err(AppendError::Unfounded))));
        commit
    }

    /// Removes dead letters; how many there were.
    pub fn forget_dead_letters(&mut self, numbers: &[u64]) -> Result<usize, AppendError> {
        let forgotten = letters::forget(&mut self.connection, numbers, &mut self.state.dead_letters);
        forgotten.map_err(|error| append_error(&error))
    }

    fn write(
        &mut self,
        next: &mut State,
        records: &[Arc<Record>],
        assignment: &Assignment,
        dead_letters: &[Vec<DeadLetter>],
        changes: &[StateChanges],
        now: Timestamp,
    ) -> rusqlite::Result<Vec<Vec<u64>>> {
        let oldest_known = lock(&self.known).oldest().unwrap_or(next.last);
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let numbers = {
            let mut insert = transaction.prepare_cached("INSERT INTO events VALUES (?, ?, ?, ?)")?;
            for record in records {
                self.body.clear();
                record.event.write_stored(&mut self.body);
                let sequence = record.position.sequence;
                let crc = row::crc(sequence, now, &self.body);
                insert.execute(params![sequence, now.unix_ms(), crc, self.body])?;
                let bytes = row::bytes(self.body.len());
                next.totals.add(bytes);
                for rule in &mut next.rules {
                    if rule.matcher.matches(record.event.event_type()) {
                        rule.totals.add(bytes);
                    }
                }
            }
            // Steps are small, so that old commits go at the pace at which new ones come.
            transaction
                .prepare_cached(
                    "DELETE FROM commits WHERE last IN (SELECT last FROM commits WHERE last < ? ORDER BY last LIMIT 8)",
                )?
                .execute([oldest_known.min(next.last)])?;
            state::save(&transaction, next, assignment.keys())?;
            changes.iter().try_for_each(|state| plugin_state::write(&transaction, &state.changes))?;
            let keep = |letters: &Vec<_>| letters::keep(&transaction, letters, now, &mut next.dead_letters);
            dead_letters.iter().map(keep).collect::<Result<_, _>>()?
        };
        transaction.commit()?;
        Ok(numbers)
    }

    fn note_mark(&self) {
        if let Err(error) = self.mark.write(Position::new(self.epoch, self.state.last)) {
            tracing::warn!("cannot write log.mark: {error}");
        }
    }
}

pub(super) fn lock(known: &Mutex<Known>) -> MutexGuard<'_, Known> {
    known.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a failed write means for whoever appends.
pub(super) fn append_error(error: &rusqlite::Error) -> AppendError {
    /// `SQLITE_IOERR_SHMSIZE`: no room for the index of the write-ahead log.
    const SHM_SIZE: i32 = 10 | (19 << 8);
    let extended = error.sqlite_error().map(|error| error.extended_code);
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DiskFull) => AppendError::Full(error.to_string()),
        _ if extended == Some(SHM_SIZE) => AppendError::Full(error.to_string()),
        _ if row::is_damage(error) => AppendError::Damaged(error.to_string()),
        _ => AppendError::Unknown(error.to_string()),
    }
}
