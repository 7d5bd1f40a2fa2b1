//! Making a log out of events from elsewhere. It appears when it is complete, or not at all.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tidemill_event::{Event, Timestamp};

use super::mark;
use super::open::{self, OpenError};
use super::store::{Store, StoreOptions};
use crate::limits::{COMMIT_BYTES_MAX, COMMIT_EVENTS_MAX};
use crate::{Append, AppendError, RetentionPolicy};

/// The directory in which a log is made before it is moved to its place.
const UNFINISHED: &str = "importing";

/// A log was not made.
#[derive(Debug, thiserror::Error)]
pub enum ImportError<E> {
    /// There is one already.
    #[error("there is a log in {0} already; import into another `data-dir`, or move that one away")]
    Exists(std::path::PathBuf),
    /// The directory cannot be used.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The log does not take the events.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// The events do not come.
    #[error(transparent)]
    Source(E),
}

/// Makes a log in a directory that has none, out of events in order, each with the time at which it was stored before,
/// if that is known. The log has a new epoch. How many events it has.
pub fn import<E>(
    folder: &Path,
    events: impl Iterator<Item = Result<(Event, Option<Timestamp>), E>>,
    progress: impl FnMut(u64),
) -> Result<u64, ImportError<E>> {
    let _lock = open::lock(folder)?;
    let place = folder.join(open::FILE);
    if place.exists() {
        return Err(ImportError::Exists(place));
    }
    let unfinished = folder.join(UNFINISHED);
    // Left by an import that was interrupted.
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished).map_err(|error| OpenError::io(&unfinished, error))?;
    }
    let made = make(folder, &unfinished, events, progress);
    if made.is_err() {
        // If this fails, the next import tries again.
        let _ = fs::remove_dir_all(&unfinished);
    }
    made
}

fn make<E>(
    folder: &Path,
    unfinished: &Path,
    events: impl Iterator<Item = Result<(Event, Option<Timestamp>), E>>,
    mut progress: impl FnMut(u64),
) -> Result<u64, ImportError<E>> {
    let place = folder.join(open::FILE);
    let io = |error| ImportError::Open(OpenError::io(unfinished, error));
    let now = crate::system_clock();
    let time = Arc::new(AtomicU64::new(now().unix_ms()));
    let clock = Arc::clone(&time);
    let options = StoreOptions {
        // Synced once, when all is there.
        fsync: false,
        retention: RetentionPolicy::default(),
        known_max: 0,
        clock: Arc::new(move || Timestamp::from_unix_ms(clock.load(Ordering::Relaxed))),
        ..StoreOptions::default()
    };
    // Of a log that was here before: the new one gets a later epoch.
    if folder.join(mark::FILE).exists() {
        fs::create_dir_all(unfinished)
            .and_then(|()| fs::copy(folder.join(mark::FILE), unfinished.join(mark::FILE)))
            .map_err(io)?;
    }
    let mut store = Store::open(unfinished, options)?;
    let (mut batch, mut bytes, mut batch_time, mut count) = (Vec::new(), 0, Timestamp::default(), 0);
    // Times never go back; those of before are kept where they can be.
    let mut flush = |batch: &mut Vec<Event>, at: Timestamp, count: &mut u64| -> Result<(), AppendError> {
        time.store(at.unix_ms(), Ordering::Relaxed);
        *count += batch.len() as u64;
        let commit = store.commit(vec![Append::unkeyed(std::mem::take(batch), Box::new(|_| {}))]);
        if store.wal_bytes() > crate::limits::CHECKPOINT_BYTES {
            store.copy_back();
        }
        commit.told.into_iter().try_for_each(|(_, result)| result.map(|_| ()))
    };
    for item in events {
        let (event, stored_at) = item.map_err(ImportError::Source)?;
        let stored_at = stored_at.unwrap_or_else(|| now());
        let full = batch.len() >= COMMIT_EVENTS_MAX || bytes >= COMMIT_BYTES_MAX;
        if !batch.is_empty() && (stored_at != batch_time || full) {
            flush(&mut batch, batch_time, &mut count)?;
            bytes = 0;
            progress(count);
        }
        batch_time = stored_at;
        bytes += event.weight();
        batch.push(event);
    }
    flush(&mut batch, batch_time, &mut count)?;
    progress(count);
    store.finish();
    drop(store);
    // It is gone once all of it was copied: closing tries again.
    let wal = unfinished.join(format!("{}-wal", open::FILE));
    if fs::metadata(&wal).is_ok_and(|file| file.len() > 0) {
        let reason = "not all of it could be written; is there room?".into();
        return Err(OpenError::Failed { path: wal, reason }.into());
    }
    let settle = || -> std::io::Result<()> {
        fs::File::open(unfinished.join(open::FILE))?.sync_all()?;
        // The mark first: a database without one would count as restored.
        fs::rename(unfinished.join(mark::FILE), folder.join(mark::FILE))?;
        // Left by a log that was removed: SQLite would take it for this one's.
        for suffix in ["-wal", "-shm"] {
            let stale = folder.join(format!("{}{suffix}", open::FILE));
            if stale.exists() {
                fs::remove_file(stale)?;
            }
        }
        fs::rename(unfinished.join(open::FILE), &place)?;
        fs::File::open(folder)?.sync_all()?;
        fs::remove_dir_all(unfinished)
    };
    settle().map_err(io)?;
    Ok(count)
}
