//! What a plugin stands on while a client calls it: its events go through the pipeline like others; there are no streams.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock, Weak};

use async_trait::async_trait;
use tidemill_bus::{Bus, Published};
use tidemill_event::Event;
use tidemill_plugin::{Listing, Platform};

/// One runner's ground.
#[derive(Debug, Default)]
pub(super) struct Ground {
    /// Not held: the bus holds the plugins, and those hold this.
    bus: OnceLock<Weak<Bus>>,
    published: AtomicU64,
}

impl Ground {
    pub(super) fn stand_on(&self, bus: &Arc<Bus>) {
        // Set once, when the runner is made.
        let _ = self.bus.set(Arc::downgrade(bus));
    }

    /// How many events were published in calls.
    pub(super) fn published(&self) -> u64 {
        self.published.load(Relaxed)
    }
}

#[async_trait]
impl Platform for Ground {
    async fn publish(&self, _: Option<&str>, events: Vec<(Event, bool)>) -> Result<(), String> {
        let Some(bus) = self.bus.get().and_then(Weak::upgrade) else { return Err("the run is over".into()) };
        let count = events.len() as u64;
        let published = |(event, id_given)| Published { event, id_given, hops: 0, trail: None };
        bus.publish(events.into_iter().map(published).collect()).await.map_err(|error| error.to_string())?;
        self.published.fetch_add(count, Relaxed);
        Ok(())
    }

    fn streams(&self, path: Option<&str>) -> Option<u32> {
        path.is_none().then_some(0)
    }

    fn changed(&self, _: Listing) {}

    fn updated(&self, _: &str) {}
}
