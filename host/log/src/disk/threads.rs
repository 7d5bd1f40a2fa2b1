//! The threads of a disk log. The writer takes whatever waits, without waiting for more, and makes one commit of it:
//! while the disk syncs one commit, the next one gathers.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use rusqlite::Connection;
use tidemill_event::Event;
use tokio::sync::oneshot;

use super::open::OpenError;
use super::reader::LogReader;
use super::store::Store;
use crate::limits::{CHECKPOINT_BYTES, COMMIT_BYTES_MAX, COMMIT_EVENTS_MAX, TRIM_PAUSE, WAL_BYTES_MAX};
use crate::{Append, AppendError, DeadLetterTotals, Durability, Follower, LogFigures, LogInfo};

pub(super) enum Command {
    Append(Box<Append>),
    Trim(oneshot::Sender<Result<(), AppendError>>),
    Forget(Vec<u64>, oneshot::Sender<Result<usize, AppendError>>),
}

/// Work for a reader.
pub(super) type Read = Box<dyn FnOnce(&LogReader) + Send>;

/// What the writer shows to others.
pub(super) struct Shared {
    pub(super) follower: Mutex<Option<Follower>>,
    pub(super) figures: Arc<LogFigures>,
    info: Mutex<LogInfo>,
}

impl Shared {
    pub(super) fn new(store: &Store) -> Self {
        Self { follower: Mutex::new(None), figures: Arc::default(), info: Mutex::new(info(store, None)) }
    }

    pub(super) fn info(&self) -> LogInfo {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, LogInfo> {
        self.info.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn info(store: &Store, failing: Option<AppendError>) -> LogInfo {
    let state = &store.state;
    LogInfo {
        epoch: store.epoch(),
        first: state.first,
        last: state.last,
        records: state.totals.records,
        bytes: state.totals.bytes,
        disk_bytes: None,
        durability: if store.fsync() { Durability::Fsync } else { Durability::Os },
        known: 0,
        dead_letters: DeadLetterTotals { count: state.dead_letters.records, bytes: state.dead_letters.bytes },
        failing,
    }
}

pub(super) fn start_reader(
    number: usize,
    reader: LogReader,
    jobs: async_channel::Receiver<Read>,
) -> io::Result<JoinHandle<()>> {
    let run = move || {
        while let Ok(job) = jobs.recv_blocking() {
            job(&reader);
        }
    };
    thread::Builder::new().name(format!("tidemill-log-read-{number}")).spawn(run)
}

/// Starts the writer and the thread that copies its write-ahead log back.
pub(super) fn start_writer(
    store: Store,
    commands: Receiver<Command>,
    shared: Arc<Shared>,
    last: Arc<AtomicU64>,
    path: &Path,
) -> Result<[JoinHandle<()>; 2], OpenError> {
    // One request is enough: it copies all there is.
    let (ask, asked) = sync_channel(1);
    let copier = Connection::open(path).map_err(|error| OpenError::sqlite(path, &error))?;
    let io = |error| OpenError::io(path, error);
    let copy = move || copy_back(&copier, &asked);
    let copier = thread::Builder::new().name("tidemill-log-copy".into()).spawn(copy).map_err(io)?;
    let writer = Writer {
        store,
        commands,
        shared,
        last,
        ask,
        path: path.to_owned(),
        due: Vec::new(),
        more: false,
        trimmed: Instant::now(),
        failed: false,
        wal_bytes_max: WAL_BYTES_MAX,
    };
    let writer = thread::Builder::new().name("tidemill-log-write".into()).spawn(|| writer.run()).map_err(io)?;
    Ok([writer, copier])
}

fn copy_back(connection: &Connection, asked: &Receiver<()>) {
    while asked.recv().is_ok() {
        // PASSIVE: takes nobody's lock for longer than a moment, and leaves what is in use for the next time.
        if let Err(error) = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())) {
            tracing::warn!("cannot copy the write-ahead log back: {error}");
        }
    }
}

struct Writer {
    store: Store,
    commands: Receiver<Command>,
    shared: Arc<Shared>,
    last: Arc<AtomicU64>,
    ask: SyncSender<()>,
    path: PathBuf,
    /// Who waits for trimming to be complete.
    due: Vec<oneshot::Sender<Result<(), AppendError>>>,
    /// The last step of trimming left something to do.
    more: bool,
    /// When that was.
    trimmed: Instant,
    /// It failed: the next one is not hurried.
    failed: bool,
    /// Bytes of the write-ahead log from which on the writer waits for its copy.
    wal_bytes_max: u64,
}

impl Writer {
    fn run(mut self) {
        loop {
            let first = if self.more {
                match self.commands.try_recv() {
                    Ok(command) => Some(command),
                    Err(TryRecvError::Empty) => None,
                    Err(TryRecvError::Disconnected) => break,
                }
            } else {
                match self.commands.recv_timeout(TRIM_PAUSE) {
                    Ok(command) => Some(command),
                    Err(RecvTimeoutError::Timeout) => None,
                    Err(RecvTimeoutError::Disconnected) => break,
                }
            };
            self.shared.figures.writing.begin();
            if let Some(first) = first {
                self.take(first);
            }
            // Age and dead letters are looked at now and then only, but also while events keep coming.
            let over = self.store.is_over() && !self.failed;
            if self.more || over || self.trimmed.elapsed() >= TRIM_PAUSE {
                self.trim();
            }
            self.copy_back();
            self.shared.figures.writing.end();
        }
        // The next start finds an empty write-ahead log; if this fails it is only slower.
        self.store.finish();
    }

    fn take(&mut self, first: Command) {
        let mut appends = Vec::new();
        let (mut events, mut bytes) = (0, 0);
        let mut next = Some(first);
        while let Some(command) = next {
            match command {
                Command::Append(append) => {
                    events += append.events.len();
                    bytes += append.events.iter().map(Event::weight).sum::<usize>() + append.state.bytes();
                    appends.push(*append);
                }
                Command::Trim(done) => {
                    self.due.push(done);
                    self.more = true;
                }
                Command::Forget(numbers, done) => {
                    self.commit(std::mem::take(&mut appends));
                    let forgotten = self.store.forget_dead_letters(&numbers);
                    *self.shared.lock() = info(&self.store, forgotten.clone().err());
                    let _ = done.send(forgotten);
                }
            }
            let room = events < COMMIT_EVENTS_MAX && bytes < COMMIT_BYTES_MAX;
            next = if room { self.commands.try_recv().ok() } else { None };
        }
        self.commit(appends);
    }

    fn commit(&mut self, appends: Vec<Append>) {
        if appends.is_empty() {
            return;
        }
        let began = Instant::now();
        let mut commit = self.store.commit(appends);
        self.shared.figures.note_commit(began.elapsed());
        let failures = commit.told.iter().filter(|(_, result)| result.is_err()).count();
        self.shared.figures.note_failures(failures as u64);
        let mut errors = commit.told.iter().filter_map(|(_, result)| result.as_ref().err());
        let failing = errors.find(|error| **error != AppendError::Unfounded).cloned();
        if let Some(error) = &failing {
            tracing::error!(path = %self.path.display(), "events were not stored: {error}");
        }
        self.last.store(self.store.last(), Ordering::Release);
        *self.shared.lock() = info(&self.store, failing);
        let records = std::mem::take(&mut commit.records);
        if !records.is_empty()
            && let Some(follower) = &mut *self.shared.follower.lock().unwrap_or_else(PoisonError::into_inner)
        {
            follower(records);
        }
        commit.tell();
    }

    fn trim(&mut self) {
        let step = self.store.trim_step();
        (self.more, self.failed, self.trimmed) = (*step.as_ref().unwrap_or(&false), step.is_err(), Instant::now());
        if let Err(error) = &step {
            tracing::warn!("retention was not applied: {error}");
        }
        let failing = self.shared.lock().failing.clone();
        *self.shared.lock() = info(&self.store, failing);
        if !self.more {
            let result = step.map(|_| ());
            std::mem::take(&mut self.due).into_iter().for_each(|done| {
                let _ = done.send(result.clone());
            });
        }
    }

    fn copy_back(&mut self) {
        let bytes = self.store.wal_bytes();
        if bytes > self.wal_bytes_max {
            // With a reader that stays (a backup, another program) it cannot begin anew: then it grows, and waiting with
            // every commit would only stop everything else.
            let begun = self.store.copy_back();
            self.wal_bytes_max = if begun { WAL_BYTES_MAX } else { bytes + WAL_BYTES_MAX };
        } else if bytes > CHECKPOINT_BYTES {
            // Full: it was asked already.
            let _ = self.ask.try_send(());
        }
    }
}
