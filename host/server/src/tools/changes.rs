//! That what there is for clients changed, to be told to those who want to know. Must not know who they are.

use std::sync::Arc;

use tidemill_plugin::Listing;
use tokio::sync::{broadcast, watch};

use crate::limits::RESOURCE_UPDATES_KEPT_MAX;

/// Counts of changes, and addresses of resources whose content changed.
#[derive(Debug)]
pub(crate) struct Changes {
    pub(super) tools: watch::Sender<u64>,
    pub(super) prompts: watch::Sender<u64>,
    pub(super) resources: watch::Sender<u64>,
    pub(super) updates: broadcast::Sender<Arc<str>>,
}

impl Default for Changes {
    fn default() -> Self {
        let (tools, prompts, resources) = (watch::Sender::new(0), watch::Sender::new(0), watch::Sender::new(0));
        Self { tools, prompts, resources, updates: broadcast::Sender::new(RESOURCE_UPDATES_KEPT_MAX) }
    }
}

impl Changes {
    /// One of the lists may be another than before.
    pub(super) fn one(&self, listing: Listing) {
        let list = match listing {
            Listing::Tools => &self.tools,
            Listing::Prompts => &self.prompts,
            Listing::Resources => &self.resources,
        };
        list.send_modify(|count| *count += 1);
    }

    /// All of them may be.
    pub(super) fn all(&self) {
        [Listing::Tools, Listing::Prompts, Listing::Resources].into_iter().for_each(|listing| self.one(listing));
    }

    /// The content of a resource is another than before.
    pub(super) fn updated(&self, uri: &str) {
        // Without anybody who wants to know it is not told.
        let _ = self.updates.send(uri.into());
    }
}
