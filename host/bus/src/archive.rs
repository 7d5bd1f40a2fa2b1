//! What is no longer in the ring: pages of the log, read once and shared by all who come by.

use std::sync::Arc;

use quick_cache::sync::Cache;
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};
use tidemill_event::Position;
use tidemill_log::{Log, ReadError, ReadLimit};

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
}

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
        Self { log, epoch, pages }
    }

    /// A page that goes on after a sequence; it may begin before it.
    pub(crate) async fn page(self: Arc<Self>, after: u64) -> Result<Arc<ArchivePage>, ReadError> {
        // Pages begin at round sequences, so that readers in different places share them.
        let round = after - after % PAGE_EVENTS;
        if round < after
            && let Ok(page) = self.page_at(round).await
            && page.to > after
        {
            return Ok(page);
        }
        self.page_at(after).await
    }

    /// The page that begins after a sequence. Of several who want it at once, one reads it.
    async fn page_at(&self, start: u64) -> Result<Arc<ArchivePage>, ReadError> {
        match self.pages.get_value_or_guard_async(&start).await {
            Ok(page) => Ok(page),
            Err(place) => {
                let limit = ReadLimit { records: usize::try_from(PAGE_EVENTS).unwrap_or(1), bytes: PAGE_BYTES_MAX };
                let page = self.log.read(Position::new(self.epoch, start), limit).await?;
                let segment = (!page.records.is_empty()).then(|| Arc::new(Segment::new(page.records)));
                let page = Arc::new(ArchivePage { segment, to: page.to });
                // A page at the end grows; it is not kept as it is.
                if page.to > start {
                    let _ = place.insert(Arc::clone(&page));
                }
                Ok(page)
            }
        }
    }
}
