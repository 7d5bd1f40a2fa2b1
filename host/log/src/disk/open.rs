//! Opening the database: what is refused, how it is set up, and which epoch it has.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::{row, state, whole};

/// The database in a data directory.
pub(super) const FILE: &str = "log.db";
/// Held by the one process that writes.
const LOCK: &str = "log.lock";
/// "TDML": tells our databases from others.
const APPLICATION_ID: i32 = 0x5444_4d4c;
pub(super) const SCHEMA_VERSION: i32 = 3;
/// Earlier versions can lose committed transactions when a write-ahead log is reset (fixed in 3.51.3).
const SQLITE_MIN: i32 = 3_051_003;

const SCHEMA: &str = "
CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
-- One row for each event. crc: see row.rs.
CREATE TABLE events (
    sequence INTEGER PRIMARY KEY, stored_at INTEGER NOT NULL, crc INTEGER NOT NULL, body BLOB NOT NULL
) STRICT;
-- One row for each commit of the last while: totals after it, and the idempotency keys that came with it.
CREATE TABLE commits (
    last INTEGER PRIMARY KEY, stored_at INTEGER NOT NULL, crc INTEGER NOT NULL, totals TEXT NOT NULL, keys BLOB NOT NULL
) STRICT;
CREATE TABLE dead_letters (
    number INTEGER PRIMARY KEY AUTOINCREMENT, key BLOB NOT NULL UNIQUE, stored_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL, bytes INTEGER NOT NULL, plugin TEXT NOT NULL, version TEXT NOT NULL,
    reason TEXT NOT NULL, detail TEXT NOT NULL, crc INTEGER NOT NULL, body BLOB NOT NULL,
    generation INTEGER NOT NULL DEFAULT 0
) STRICT;
-- One row for each key of a plugin. expires_at: null if it stays.
CREATE TABLE plugin_state (
    plugin TEXT NOT NULL, key TEXT NOT NULL, version INTEGER NOT NULL, expires_at INTEGER, crc INTEGER NOT NULL,
    value BLOB NOT NULL, PRIMARY KEY (plugin, key)
) STRICT, WITHOUT ROWID;
";

/// What makes each version of the one before, from version 2 on.
const UPGRADES: [&str; SCHEMA_VERSION as usize - 1] = [
    "ALTER TABLE dead_letters ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;",
    "CREATE TABLE plugin_state (
        plugin TEXT NOT NULL, key TEXT NOT NULL, version INTEGER NOT NULL, expires_at INTEGER, crc INTEGER NOT NULL,
        value BLOB NOT NULL, PRIMARY KEY (plugin, key)
    ) STRICT, WITHOUT ROWID;",
];

/// A log cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The directory or a file in it cannot be used.
    #[error("cannot use {path}: {source}", path = path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another process writes to it.
    #[error("{path} is in use by another process; stop that server, or give this one another `data-dir`", path = .0.display())]
    InUse(PathBuf),
    /// There is none.
    #[error("there is no log in {path}; `tidemill serve` makes one", path = .0.display())]
    Missing(PathBuf),
    /// Not a log, or one of a later version.
    #[error("{path} is not a log that this version can read: {reason}", path = path.display())]
    Foreign {
        /// Which file.
        path: PathBuf,
        /// What it is instead.
        reason: String,
    },
    /// It is damaged beyond reading on.
    #[error(
        "{path} is damaged: {reason}. Nothing was changed. `tidemill log verify` says what is readable; \
        `tidemill log export` saves that, and `tidemill log import` makes a new log of it in another `data-dir`",
        path = path.display()
    )]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// SQLite says no.
    #[error("cannot open {path}: {reason}", path = path.display())]
    Failed {
        /// Which file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

impl OpenError {
    pub(super) fn sqlite(path: &Path, error: &rusqlite::Error) -> Self {
        let (path, reason) = (path.to_owned(), error.to_string());
        // A statement that does not fit the tables, which are ours: the kind is checked first.
        let unfit = error.sqlite_error().is_some_and(|error| error.extended_code == 1);
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::NotADatabase) => Self::Foreign { path, reason },
            _ if unfit || row::is_damage(error) => Self::Damaged { path, reason },
            _ => Self::Failed { path, reason },
        }
    }

    pub(super) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }
}

/// Takes the right to write to the log in a directory, for as long as the file is held.
pub(super) fn lock(folder: &Path) -> Result<File, OpenError> {
    fs::create_dir_all(folder).map_err(|e| OpenError::io(folder, e))?;
    let path = folder.join(LOCK);
    let open = File::options().create(true).truncate(false).write(true).open(&path);
    let file = open.map_err(|e| OpenError::io(&path, e))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(OpenError::InUse(folder.join(FILE))),
        Err(fs::TryLockError::Error(error)) => Err(OpenError::io(&path, error)),
    }
}

/// The writer's connection; makes the database if there is none. Whether it was made now.
pub(super) fn writer(path: &Path, fsync: bool) -> Result<(Connection, bool), OpenError> {
    let failed = |error: rusqlite::Error| OpenError::sqlite(path, &error);
    if rusqlite::version_number() < SQLITE_MIN {
        let reason = format!("SQLite {} can lose what it committed; at least 3.51.3 is needed", rusqlite::version());
        return Err(OpenError::Failed { path: path.to_owned(), reason });
    }
    whole::check(path)?;
    let connection = Connection::open(path).map_err(failed)?;
    connection.busy_timeout(Duration::from_secs(5)).map_err(failed)?;
    let kind = check_kind(&connection, path)?;
    let new = kind == Kind::Empty;
    let set_up = || -> rusqlite::Result<()> {
        let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
        if mode != "wal" {
            let message = format!("this file system cannot have a write-ahead log (journal mode `{mode}`)");
            return Err(rusqlite::Error::ToSqlConversionFailure(message.into()));
        }
        // FULL syncs the write-ahead log with every commit, NORMAL only before it is copied into the database.
        connection.pragma_update(None, "synchronous", if fsync { "FULL" } else { "NORMAL" })?;
        connection.pragma_update(None, "wal_autocheckpoint", 0)?;
        connection.pragma_update(None, "journal_size_limit", crate::limits::CHECKPOINT_BYTES)?;
        connection.pragma_update(None, "cache_size", -8192)?;
        connection.pragma_update(None, "cell_size_check", true)?;
        connection.pragma_update(None, "temp_store", "MEMORY")?;
        if new {
            let transaction = connection.unchecked_transaction()?;
            transaction.execute_batch(&format!(
                "{SCHEMA} PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {SCHEMA_VERSION};"
            ))?;
            state::save_first(&transaction)?;
            transaction.commit()?;
        }
        if let Kind::Older { steps } = kind {
            let transaction = connection.unchecked_transaction()?;
            let upgrade = UPGRADES[UPGRADES.len() - steps..].concat();
            transaction.execute_batch(&format!("{upgrade} PRAGMA user_version = {SCHEMA_VERSION};"))?;
            transaction.commit()?;
        }
        Ok(())
    };
    set_up().map_err(failed)?;
    if new && let Some(folder) = path.parent() {
        // The names of new files survive a loss of power only once their directory is synced.
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(|e| OpenError::io(folder, e))?;
    }
    Ok((connection, new))
}

/// A connection that only reads.
pub(super) fn reader(path: &Path) -> Result<Connection, OpenError> {
    let failed = |error: rusqlite::Error| OpenError::sqlite(path, &error);
    if !path.exists() {
        return Err(OpenError::Missing(path.to_owned()));
    }
    // Without CREATE. Not READ_ONLY: whoever opens a log after a crash has to recover its write-ahead log.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    connection.busy_timeout(Duration::from_secs(5)).map_err(failed)?;
    connection.pragma_update(None, "query_only", true).map_err(failed)?;
    connection.pragma_update(None, "cache_size", -4096).map_err(failed)?;
    connection.pragma_update(None, "cell_size_check", true).map_err(failed)?;
    let foreign = |reason: &str| Err(OpenError::Foreign { path: path.to_owned(), reason: reason.into() });
    match check_kind(&connection, path)? {
        Kind::Current => Ok(connection),
        Kind::Empty => foreign("it is empty"),
        Kind::Older { .. } => {
            foreign("an earlier version wrote it; `tidemill serve` brings it up to date when it starts")
        }
    }
}

/// What a database is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Empty,
    /// A log of an earlier schema, which the writer changes into the present one, in so many steps.
    Older {
        steps: usize,
    },
    Current,
}

/// What the database is; an error if it is somebody else's or newer.
fn check_kind(connection: &Connection, path: &Path) -> Result<Kind, OpenError> {
    let failed = |error: rusqlite::Error| OpenError::sqlite(path, &error);
    let pragma = |name: &str| connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i32>(0));
    let tables = connection.query_row("SELECT 1 FROM sqlite_schema LIMIT 1", [], |_| Ok(())).optional();
    let empty = tables.map_err(failed)?.is_none();
    let (application, version) = (pragma("application_id").map_err(failed)?, pragma("user_version").map_err(failed)?);
    let foreign = |reason: String| Err(OpenError::Foreign { path: path.to_owned(), reason });
    match (empty, application, version) {
        (true, 0, 0) => Ok(Kind::Empty),
        (_, APPLICATION_ID, SCHEMA_VERSION) => Ok(Kind::Current),
        (_, APPLICATION_ID, version @ 1..SCHEMA_VERSION) => {
            Ok(Kind::Older { steps: usize::try_from(SCHEMA_VERSION - version).unwrap_or(0) })
        }
        (_, APPLICATION_ID, version) => {
            foreign(format!("it has schema version {version}, this program knows {SCHEMA_VERSION}; use a newer one"))
        }
        _ => foreign("it is another program's database".into()),
    }
}
