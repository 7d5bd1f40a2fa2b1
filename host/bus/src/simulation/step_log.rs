//! A log that does nothing by itself: appends wait until they are committed by hand, commits until they are told, and
//! reads until they are answered. Underneath is the database that a disk log writes to.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use tempfile::TempDir;
use tidemill_event::{Position, Timestamp, TypePattern};
use tidemill_log::{
    Append, AppendError, BoxFuture, Clock, Commit, DeadLetterTotals, Durability, Follower, KeptDeadLetter, Key, Log,
    LogFigures, LogInfo, LogReader, Page, Placed, ReadError, ReadLimit, Record, Store, StoreOptions, open_reader,
};
use tokio::sync::oneshot;

type Job = Box<dyn FnOnce(&LogReader) + Send>;

pub(crate) struct StepLog {
    store: Mutex<Store>,
    reader: Mutex<LogReader>,
    /// To see what is there without the code that is tested.
    rows: Mutex<rusqlite::Connection>,
    follower: Mutex<Option<Follower>>,
    queue: Mutex<VecDeque<Append>>,
    untold: Mutex<Option<Commit>>,
    reads: Mutex<Vec<Job>>,
    epoch: u32,
    first: AtomicU64,
    last: AtomicU64,
    thinned: Vec<TypePattern>,
    /// Its files, if they are its own.
    _folder: Option<TempDir>,
}

impl StepLog {
    /// A log of epoch 1 in a directory of its own.
    pub(crate) fn empty() -> Arc<Self> {
        let folder = TempDir::new().unwrap();
        let clock: Clock = Arc::new(|| Timestamp::from_unix_ms(1_000));
        let options = StoreOptions { fsync: false, clock, ..StoreOptions::default() };
        let log = Self::open(folder.path(), options);
        Self { _folder: Some(folder), ..Arc::into_inner(log).unwrap() }.into()
    }

    pub(super) fn open(folder: &Path, options: StoreOptions) -> Arc<Self> {
        let thinned = options.retention.rules.iter().flat_map(|rule| rule.types.iter().cloned()).collect();
        let store = Store::open(folder, options).unwrap();
        let (epoch, last) = (store.epoch(), store.last());
        let log = Self {
            store: Mutex::new(store),
            reader: Mutex::new(open_reader(folder).unwrap()),
            rows: Mutex::new(rusqlite::Connection::open(folder.join("log.db")).unwrap()),
            follower: Mutex::default(),
            queue: Mutex::default(),
            untold: Mutex::default(),
            reads: Mutex::default(),
            epoch,
            first: AtomicU64::new(0),
            last: AtomicU64::new(last),
            thinned,
            _folder: None,
        };
        let first = log.sequences().first().map_or(last + 1, |first| *first);
        log.first.store(first, Ordering::Relaxed);
        Arc::new(log)
    }

    pub(super) fn epoch(&self) -> u32 {
        self.epoch
    }

    pub(super) fn last(&self) -> u64 {
        self.last.load(Ordering::Relaxed)
    }

    pub(super) fn first(&self) -> u64 {
        self.first.load(Ordering::Relaxed)
    }

    /// The sequences that are in the database.
    pub(super) fn sequences(&self) -> Vec<u64> {
        let rows = self.rows.lock().unwrap();
        let mut all = rows.prepare_cached("SELECT sequence FROM events ORDER BY sequence").unwrap();
        all.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    /// Appends that wait.
    pub(super) fn queued(&self) -> usize {
        self.queue.lock().unwrap().len()
    }

    pub(super) fn has_untold(&self) -> bool {
        self.untold.lock().unwrap().is_some()
    }

    /// Reads that wait.
    pub(crate) fn reads(&self) -> usize {
        self.reads.lock().unwrap().len()
    }

    /// Commits some appends together. From here on readers see them; nobody was told.
    pub(crate) fn commit(&self, appends: usize) -> Vec<Arc<Record>> {
        assert!(!self.has_untold(), "a writer tells before it commits again");
        let mut queue = self.queue.lock().unwrap();
        let appends = appends.min(queue.len());
        let mut store = self.store.lock().unwrap();
        let commit = store.commit(queue.drain(..appends).collect());
        self.last.store(store.last(), Ordering::Relaxed);
        let records = commit.records.clone();
        *self.untold.lock().unwrap() = Some(commit);
        records
    }

    /// Tells of the last commit: subscribers, then publishers.
    pub(crate) fn tell(&self) {
        let Some(mut commit) = self.untold.lock().unwrap().take() else { return };
        let records = std::mem::take(&mut commit.records);
        if !records.is_empty()
            && let Some(follower) = &mut *self.follower.lock().unwrap()
        {
            follower(records);
        }
        commit.tell();
    }

    /// Answers one read; those that came later may be answered earlier.
    pub(crate) fn answer_read(&self, which: usize) {
        let job = self.reads.lock().unwrap().swap_remove(which);
        job(&self.reader.lock().unwrap());
    }

    /// Applies retention.
    pub(super) fn trim_step(&self) -> bool {
        let more = self.store.lock().unwrap().trim_step().unwrap();
        let first = self.sequences().first().map_or(self.last() + 1, |first| *first);
        self.first.store(first, Ordering::Relaxed);
        more
    }

    /// What an orderly shutdown does at last.
    pub(super) fn finish(&self) {
        self.store.lock().unwrap().finish();
    }

    fn later<T: Send + 'static>(
        &self,
        read: impl FnOnce(&LogReader) -> Result<T, ReadError> + Send + 'static,
    ) -> BoxFuture<'_, Result<T, ReadError>> {
        let (send, receive) = oneshot::channel();
        let job: Job = Box::new(move |reader| {
            // Whoever asked may be gone.
            let _ = send.send(read(reader));
        });
        self.reads.lock().unwrap().push(job);
        Box::pin(async move { receive.await.unwrap() })
    }
}

impl Log for StepLog {
    fn append(&self, batch: Append) {
        self.queue.lock().unwrap().push_back(batch);
    }

    fn follow(&self, follower: Follower) {
        *self.follower.lock().unwrap() = Some(follower);
    }

    fn read(&self, after: Position, limit: ReadLimit) -> BoxFuture<'_, Result<Page, ReadError>> {
        let last = self.last();
        self.later(move |reader| reader.read(after, limit, last))
    }

    fn position_at(&self, time: Timestamp) -> BoxFuture<'_, Result<Position, ReadError>> {
        let last = self.last();
        self.later(move |reader| reader.position_at(time, last))
    }

    fn known(&self, keys: &[Key]) -> Vec<Option<Placed>> {
        vec![None; keys.len()]
    }

    fn trim(&self) -> BoxFuture<'_, Result<(), AppendError>> {
        Box::pin(async { Ok(()) })
    }

    fn dead_letters(&self, _: u64, _: usize) -> BoxFuture<'_, Result<Vec<KeptDeadLetter>, ReadError>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn forget_dead_letters(&self, _: Vec<u64>) -> BoxFuture<'_, Result<usize, AppendError>> {
        Box::pin(async { Ok(0) })
    }

    fn plugin_state(&self) -> Result<Vec<tidemill_event::StateChange>, ReadError> {
        Ok(Vec::new())
    }

    fn thinned(&self) -> &[TypePattern] {
        &self.thinned
    }

    fn info(&self) -> LogInfo {
        LogInfo {
            epoch: self.epoch,
            first: self.first(),
            last: self.last(),
            records: 0,
            bytes: 0,
            disk_bytes: None,
            durability: Durability::Os,
            known: 0,
            dead_letters: DeadLetterTotals::default(),
            failing: None,
        }
    }

    fn figures(&self) -> Arc<LogFigures> {
        Arc::default()
    }

    fn close(&self) {}
}
