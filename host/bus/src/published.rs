//! An event as a publisher handed it in.

use std::sync::Arc;

use tidemill_event::Event;
use tidemill_log::Key;

use crate::Trail;

/// An event as a publisher handed it in.
#[derive(Debug, Clone)]
pub struct Published {
    /// The event.
    pub event: Event,
    /// Whether the publisher gave its id. An id that the host made cannot come again, and is not remembered.
    pub id_given: bool,
    /// How many events of plugins, each published on account of the one before, led to it; 0 for any other.
    pub hops: u8,
    /// Where it is written down what plugins do with it, if that is wanted.
    pub trail: Option<Arc<Trail>>,
}

impl Published {
    /// By which it is recognised if it is published again.
    pub(crate) fn key(&self) -> Option<Key> {
        self.id_given.then(|| Key::new(self.event.source(), self.event.id()))
    }
}

impl From<Event> for Published {
    /// An event whose id the publisher gave.
    fn from(event: Event) -> Self {
        Self { event, id_given: true, hops: 0, trail: None }
    }
}
