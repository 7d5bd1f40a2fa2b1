//! The immutable set of plugins that one batch runs through (invariant I7), and which of them an event meets.

use std::sync::Arc;

use hashbrown::HashMap;
use tidemill_event::TypeMatcher;

use crate::{EventTypeInfo, Kind, LoadError, Plugin};

/// All loaded plugins at one moment. A batch that began with a generation ends with it.
#[derive(Debug)]
pub struct Generation {
    number: u64,
    plugins: Vec<Arc<Plugin>>,
    stages: Vec<Stage>,
    /// Stage indices by type pattern.
    routes: TypeMatcher<usize>,
    owners: HashMap<String, usize>,
}

/// One step of the chain: a plugin as a filter or as a transform.
#[derive(Debug, Clone)]
pub struct Stage {
    /// Which plugin.
    pub plugin: Arc<Plugin>,
    /// As what.
    pub kind: Kind,
}

impl Generation {
    /// Puts plugins in order. Two owners of one type are refused.
    pub(crate) fn new(number: u64, mut plugins: Vec<Arc<Plugin>>) -> Result<Self, LoadError> {
        plugins.sort_by(|a, b| (a.order, &a.name).cmp(&(b.order, &b.name)));
        let mut owners: HashMap<String, usize> = HashMap::new();
        for (index, plugin) in plugins.iter().enumerate() {
            for name in plugin.event_types.keys() {
                if let Some(other) = owners.insert(name.clone(), index) {
                    let owner = plugins[other].name.to_string();
                    return Err(LoadError::TypeOwned { event_type: name.clone(), owner });
                }
            }
        }
        let mut stages = Vec::new();
        let mut routes = TypeMatcher::default();
        for plugin in &plugins {
            for kind in [Kind::Filter, Kind::Transform] {
                if plugin.kinds.contains(&kind) {
                    plugin.subscribes.iter().for_each(|pattern| routes.insert(pattern, stages.len()));
                    stages.push(Stage { plugin: Arc::clone(plugin), kind });
                }
            }
        }
        Ok(Self { number, plugins, stages, routes, owners })
    }

    /// Counts up with every change.
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// All plugins, in the order of the chain.
    pub fn plugins(&self) -> &[Arc<Plugin>] {
        &self.plugins
    }

    /// The chain.
    pub fn stages(&self) -> &[Stage] {
        &self.stages
    }

    /// Indices of the stages that an event of this type meets, in no particular order; a stage that subscribes to the
    /// type twice may be named twice. Costs nothing for stages that it does not meet.
    pub fn stages_of<'a>(&'a self, event_type: &'a str) -> impl Iterator<Item = usize> {
        self.routes.find(event_type).copied()
    }

    /// The plugin that owns a type.
    pub fn owner(&self, event_type: &str) -> Option<&Arc<Plugin>> {
        self.owners.get(event_type).map(|index| &self.plugins[*index])
    }

    /// All owned types, with their owners.
    pub fn event_types(&self) -> impl Iterator<Item = (&Arc<Plugin>, &EventTypeInfo)> {
        self.plugins.iter().flat_map(|plugin| plugin.event_types().map(move |info| (plugin, info)))
    }

    pub(crate) fn contains(&self, plugin: &Arc<Plugin>) -> bool {
        self.plugins.iter().any(|own| Arc::ptr_eq(own, plugin))
    }
}
