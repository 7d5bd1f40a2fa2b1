//! What a chain holds while it works, and what comes out of it.

use std::sync::Arc;

use tidemill_event::Event;
use tidemill_log::DeadLetter;
use tidemill_plugin::Plugin;

use crate::Outcome;

/// One event on its way. A published event that is split becomes several.
pub(super) struct Item {
    pub(super) event: Event,
    /// Which published event it comes from.
    pub(super) origin: usize,
    /// Its place among the parts of that event, outer split first. Empty: the whole.
    pub(super) path: Vec<u16>,
    /// A transform changed its type or data, so that its type's owner has to look again.
    pub(super) changed: bool,
    /// A transform changed its type, so that stages it waited for may no longer be its own.
    pub(super) rerouted: bool,
    pub(super) dropped: bool,
}

impl Item {
    pub(super) fn place(&self) -> (usize, &[u16]) {
        (self.origin, &self.path)
    }
}

/// What goes to the log, and what is decided without it.
pub(crate) struct Passed {
    /// The events to store, in order.
    pub(crate) events: Vec<Event>,
    /// Which published event each of them comes from.
    pub(crate) origins: Vec<usize>,
    /// What became of each published event; none for those that are to be stored.
    pub(crate) fates: Vec<Option<Outcome>>,
    /// What plugins failed on.
    pub(crate) failures: Vec<Failure>,
    /// What is to be tried again later, in order.
    pub(crate) later: Vec<Later>,
}

/// A published event that a plugin failed on.
pub(crate) struct Failure {
    /// Which.
    pub(crate) origin: usize,
    /// The event as it was published, and how the plugin failed.
    pub(crate) letter: DeadLetter,
}

/// A published event that is to be tried again later.
pub(crate) struct Later {
    /// Which.
    pub(crate) origin: usize,
    /// The event as it was published.
    pub(crate) event: Event,
    /// Why.
    pub(crate) why: Why,
}

/// Why an event has to wait.
pub(crate) enum Why {
    /// It comes after such an event of its source.
    Behind,
    /// A plugin asked for it.
    Asked { by: Arc<str>, reason: String },
    /// A plugin may take long about it, which it may not do here.
    Elsewhere(Arc<Plugin>),
}
