//! A log on disk, in SQLite: one thread writes, a few read, one copies the write-ahead log back.

mod letters;
mod mark;
mod open;
mod plugin_state;
mod reader;
mod row;
mod scan;
mod state;
mod store;
mod threads;
mod transfer;
mod trim;
mod verify;
mod whole;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;

use tidemill_event::{Position, StateChange, Timestamp, TypePattern};
use tokio::sync::oneshot;

pub use open::OpenError;
pub use reader::{LogReader, Summary, open_reader};
pub use store::{Commit, Store, StoreOptions};
pub use transfer::{ImportError, import};
pub use verify::{Verified, VerifyError, verify};

use crate::known::Known;
use crate::limits::{APPENDS_MAX, READERS, READS_MAX};
use crate::{
    Append, AppendError, BoxFuture, Follower, KeptDeadLetter, Key, Log, LogFigures, LogInfo, Page, Placed, ReadError,
    ReadLimit,
};
use threads::{Command, Read, Shared};

/// A log on disk.
pub struct DiskLog {
    commands: RwLock<Option<SyncSender<Command>>>,
    reads: async_channel::Sender<Read>,
    shared: Arc<Shared>,
    known: Arc<Mutex<Known>>,
    epoch: u32,
    last: Arc<AtomicU64>,
    thinned: Vec<TypePattern>,
    path: PathBuf,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl std::fmt::Debug for DiskLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DiskLog").field("path", &self.path).field("epoch", &self.epoch).finish_non_exhaustive()
    }
}

impl DiskLog {
    /// Opens the log in a directory, or makes one, and starts its threads.
    pub fn open(folder: &Path, options: StoreOptions) -> Result<Self, OpenError> {
        let store = Store::open(folder, options)?;
        let thinned = store.thinned();
        let (epoch, known) = (store.epoch(), Arc::clone(store.known()));
        let path = folder.join(open::FILE);
        let last = Arc::new(AtomicU64::new(store.last()));
        let shared = Arc::new(Shared::new(&store));
        let (commands, receive) = sync_channel(APPENDS_MAX);
        let (reads, jobs) = async_channel::bounded(READS_MAX);
        let mut threads = Vec::new();
        for number in 0..READERS {
            let reader = open_reader(folder)?;
            threads.push(threads::start_reader(number, reader, jobs.clone()).map_err(|e| OpenError::io(folder, e))?);
        }
        let writer = threads::start_writer(store, receive, Arc::clone(&shared), Arc::clone(&last), &path)?;
        threads.extend(writer);
        Ok(Self {
            commands: RwLock::new(Some(commands)),
            reads,
            shared,
            known,
            epoch,
            last,
            thinned,
            path,
            threads: Mutex::new(threads),
        })
    }

    fn send(&self, command: Command) -> Result<(), Command> {
        let commands = self.commands.read().unwrap_or_else(PoisonError::into_inner);
        match &*commands {
            Some(commands) => commands.send(command).map_err(|unsent| unsent.0),
            None => Err(command),
        }
    }

    fn command<T: Send + 'static>(
        &self,
        make: impl FnOnce(oneshot::Sender<Result<T, AppendError>>) -> Command,
    ) -> BoxFuture<'_, Result<T, AppendError>> {
        let (send, receive) = oneshot::channel();
        let commands = self.commands.read().unwrap_or_else(PoisonError::into_inner);
        // Not waited for: whoever calls may be a task among others on its thread.
        let sent = match commands.as_ref().map(|commands| commands.try_send(make(send))) {
            Some(Ok(())) => Ok(()),
            Some(Err(TrySendError::Full(_))) => Err(AppendError::Unknown("it has too much to do at the moment".into())),
            Some(Err(TrySendError::Disconnected(_))) | None => Err(AppendError::Closed),
        };
        Box::pin(async move {
            sent?;
            receive.await.unwrap_or(Err(AppendError::Closed))
        })
    }

    fn read_with<T: Send + 'static>(
        &self,
        read: impl FnOnce(&LogReader) -> Result<T, ReadError> + Send + 'static,
    ) -> BoxFuture<'_, Result<T, ReadError>> {
        Box::pin(async move {
            let (send, receive) = oneshot::channel();
            let job: Read = Box::new(move |reader| {
                // Whoever asked may be gone.
                let _ = send.send(read(reader));
            });
            let closed = || ReadError::Failed("the log is closed".into());
            self.reads.send(job).await.map_err(|_| closed())?;
            receive.await.map_err(|_| closed())?
        })
    }
}

impl Log for DiskLog {
    fn append(&self, batch: Append) {
        if let Err(Command::Append(batch)) = self.send(Command::Append(Box::new(batch))) {
            (batch.done)(Err(AppendError::Closed));
        }
    }

    fn follow(&self, follower: Follower) {
        *self.shared.follower.lock().unwrap_or_else(PoisonError::into_inner) = Some(follower);
    }

    fn read(&self, after: Position, limit: ReadLimit) -> BoxFuture<'_, Result<Page, ReadError>> {
        // Known before the snapshot is taken: what is not in it and not after this, is gone.
        let last = Arc::clone(&self.last);
        self.read_with(move |reader| reader.read(after, limit, last.load(Ordering::Acquire)))
    }

    fn position_at(&self, time: Timestamp) -> BoxFuture<'_, Result<Position, ReadError>> {
        let last = self.last.load(Ordering::Acquire);
        self.read_with(move |reader| reader.position_at(time, last))
    }

    fn known(&self, keys: &[Key]) -> Vec<Option<Placed>> {
        let known = store::lock(&self.known);
        keys.iter().map(|key| known.get(key)).collect()
    }

    fn trim(&self) -> BoxFuture<'_, Result<(), AppendError>> {
        self.command(Command::Trim)
    }

    fn dead_letters(&self, after: u64, max: usize) -> BoxFuture<'_, Result<Vec<KeptDeadLetter>, ReadError>> {
        self.read_with(move |reader| reader.dead_letters(after, max))
    }

    fn forget_dead_letters(&self, numbers: Vec<u64>) -> BoxFuture<'_, Result<usize, AppendError>> {
        self.command(|done| Command::Forget(numbers, done))
    }

    fn plugin_state(&self) -> Result<Vec<StateChange>, ReadError> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let reader = open_reader(folder).map_err(|error| ReadError::Failed(error.to_string()))?;
        reader.plugin_state()
    }

    fn thinned(&self) -> &[TypePattern] {
        &self.thinned
    }

    fn info(&self) -> LogInfo {
        let mut info = self.shared.info();
        // None of them ends by itself; whatever ended one, nothing can be relied on any more.
        let threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        if threads.iter().any(JoinHandle::is_finished) {
            info.failing = Some(AppendError::Closed);
        }
        drop(threads);
        info.known = store::lock(&self.known).len() as u64;
        let size = |suffix: &str| {
            let path = format!("{}{suffix}", self.path.display());
            std::fs::metadata(path).map_or(0, |file| file.len())
        };
        info.disk_bytes = Some(size("") + size("-wal") + size("-shm"));
        info
    }

    fn figures(&self) -> Arc<LogFigures> {
        Arc::clone(&self.shared.figures)
    }

    fn close(&self) {
        *self.commands.write().unwrap_or_else(PoisonError::into_inner) = None;
        self.reads.close();
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a thread of the log panicked");
            }
        }
    }
}

impl Drop for DiskLog {
    fn drop(&mut self) {
        self.close();
    }
}
