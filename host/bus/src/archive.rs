//! What is no longer in the ring: pages of the log, read once and shared by all who come by.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{Shared, WeakShared};
use hashbrown::HashMap;
use quick_cache::sync::Cache;
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};
use tidemill_event::Position;
use tidemill_log::{BoxFuture, Log, ReadError, ReadLimit};

use crate::limits::{ARCHIVE_BYTES_MAX, PAGE_BYTES_MAX, PAGE_EVENTS};
use crate::ring::Segment;

/// A page of the log: everything that it still has after one sequence, up to another.
#[derive(Debug)]
pub(crate) struct ArchivePage {
    /// None: retention left nothing here.
    pub(crate) segment: Option<Arc<Segment>>,
    pub(crate) to: u64,
}

#[derive(Debug, Clone)]
struct ByBytes;

impl Weighter<u64, Arc<ArchivePage>> for ByBytes {
    fn weight(&self, _: &u64, page: &Arc<ArchivePage>) -> u64 {
        page.segment.as_ref().map_or(0, |segment| segment.weight() as u64) + 128
    }
}

pub(crate) struct Archive {
    log: Arc<dyn Log>,
    epoch: u32,
    pages: Cache<u64, Arc<ArchivePage>, ByBytes>,
    /// Reads under way, by where their pages begin.
    readings: Mutex<HashMap<u64, WeakShared<Reading>>>,
}

type Reading = BoxFuture<'static, Result<Arc<ArchivePage>, ReadError>>;

impl std::fmt::Debug for Archive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Archive").field("pages", &self.pages.len()).finish_non_exhaustive()
    }
}

impl Archive {
    pub(crate) fn new(log: Arc<dyn Log>, epoch: u32) -> Self {
        // Few shards: each bounds its own part, and a page has to fit one.
        let mut bounds = OptionsBuilder::new();
        bounds.weight_capacity(ARCHIVE_BYTES_MAX).estimated_items_capacity(128).shards(2);
        // Fails only if one of these two is missing.
        let bounds = bounds.build().unwrap_or_else(|_| unreachable!("both bounds are given"));
        let pages = Cache::with_options(bounds, ByBytes, DefaultHashBuilder::default(), Default::default());
        Self { log, epoch, pages, readings: Mutex::default() }
    }

    /// A page that goes on after a sequence; it may begin before it. The log may have stored more than subscribers were
    /// told of: `last` is where that ends, and so does the page. It comes after `after`.
    pub(crate) async fn page(self: Arc<Self>, after: u64, last: u64) -> Result<Arc<ArchivePage>, ReadError> {
        // Pages begin at round sequences, so that readers in different places share them.
        let round = after - after % PAGE_EVENTS;
        if round < after
            && let Ok(page) = self.page_at(round, last).await
            && page.to > after
        {
            return Ok(page);
        }
        self.page_at(after, last).await
    }

    /// The page that begins after a sequence. Several who want it at once share one read.
    async fn page_at(self: &Arc<Self>, start: u64, last: u64) -> Result<Arc<ArchivePage>, ReadError> {
        match self.pages.get(&start) {
            Some(page) => Ok(page),
            None => self.reading(start, last).await,
        }
    }

    /// The read that is under way, or a new one. Whoever shares it drives it: one of them who is not asked any more, being
    /// stuck with bytes that nobody takes, holds up no other.
    fn reading(self: &Arc<Self>, start: u64, last: u64) -> Shared<Reading> {
        let mut readings = self.lock();
        if let Some(reading) = readings.get(&start).and_then(WeakShared::upgrade) {
            return reading;
        }
        let archive = Arc::clone(self);
        let reading: Reading = Box::pin(async move {
            let end = Ended { archive: &archive, start };
            end.archive.read(start, last).await
        });
        let reading = reading.shared();
        if let Some(weak) = reading.downgrade() {
            readings.insert(start, weak);
        }
        reading
    }

    async fn read(&self, start: u64, last: u64) -> Result<Arc<ArchivePage>, ReadError> {
        let limit = ReadLimit { records: usize::try_from(PAGE_EVENTS).unwrap_or(1), bytes: PAGE_BYTES_MAX };
        let mut page = self.log.read(Position::new(self.epoch, start), limit).await?;
        page.records.retain(|record| record.position.sequence <= last);
        let segment = (!page.records.is_empty()).then(|| Arc::new(Segment::new(page.records)));
        let page = Arc::new(ArchivePage { segment, to: page.to.min(last) });
        if page.to > start {
            self.pages.insert(start, Arc::clone(&page));
        }
        Ok(page)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, WeakShared<Reading>>> {
        self.readings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes a read that has begun off the list, whether it came to its end or everybody who wanted it went away.
struct Ended<'a> {
    archive: &'a Archive,
    start: u64,
}

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.archive.lock().remove(&self.start);
    }
}
