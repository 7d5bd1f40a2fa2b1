//! Types of published events of which plugins make something that belongs to the async lane: known once it happened, so that
//! further ones go there before any plugin has seen them.

use std::sync::Arc;

use hashbrown::HashMap;
use tidemill_plugin::{Generation, Plugin};

use crate::limits::STRAYS_MAX;

#[derive(Default)]
pub(crate) struct Strays {
    generation: u64,
    by_type: HashMap<String, Arc<Plugin>>,
}

impl Strays {
    /// Forgets what was learned of other plugins.
    pub(super) fn enter(&mut self, generation: &Generation) {
        if self.generation != generation.number() {
            self.generation = generation.number();
            self.by_type.clear();
        }
    }

    pub(super) fn find(&self, event_type: &str) -> Option<Arc<Plugin>> {
        if self.by_type.is_empty() { None } else { self.by_type.get(event_type).cloned() }
    }

    pub(super) fn note(&mut self, event_type: &str, plugin: &Arc<Plugin>) {
        if self.by_type.len() < STRAYS_MAX {
            self.by_type.insert(event_type.to_owned(), Arc::clone(plugin));
        }
    }
}
