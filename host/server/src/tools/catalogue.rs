//! Which plugin of a generation has what. Of several with one name the first in the order of plugins has it. Must not know who
//! asks.

use std::collections::HashMap;
use std::sync::Arc;

use tidemill_plugin::{Generation, OfferedTool, Plugin, PromptInfo, ResourceAbout};

/// What the plugins of a generation offer to clients.
pub(super) struct Catalogue<'g>(pub(super) &'g Generation);

impl<'g> Catalogue<'g> {
    /// All tools, the first of each name first.
    pub(super) fn tools(self) -> impl Iterator<Item = &'g OfferedTool> {
        self.0.plugins().iter().flat_map(|plugin| &plugin.offer().tools)
    }

    /// The tool of a name.
    pub(super) fn tool(&self, name: &str) -> Option<(&'g Arc<Plugin>, &'g OfferedTool)> {
        self.0.plugins().iter().find_map(|plugin| plugin.offer().tool(name).map(|tool| (plugin, tool)))
    }

    /// The prompt of a name.
    pub(super) fn prompt(&self, name: &str) -> Option<(&'g Arc<Plugin>, &'g Arc<PromptInfo>)> {
        self.0.plugins().iter().find_map(|plugin| plugin.offer().prompt(name).map(|prompt| (plugin, prompt)))
    }

    /// What is known of the resource at an address, and whose it is.
    pub(super) fn resource(&self, uri: &str) -> Option<(&'g Arc<Plugin>, &'g ResourceAbout)> {
        self.0.plugins().iter().find_map(|plugin| plugin.offer().resource(uri).map(|about| (plugin, about)))
    }

    /// Tools of a plugin that others of the same name stand before.
    pub(super) fn shadowed<'b>(&self, plugin: &str, built_in: impl Iterator<Item = &'b String>) -> Vec<String> {
        let mut owners: HashMap<&str, &str> = built_in.map(|name| (name.as_str(), "the server")).collect();
        let mut shadowed = Vec::new();
        for other in self.0.plugins() {
            for tool in &other.offer().tools {
                let owner = *owners.entry(&tool.info.name).or_insert(other.name());
                if **other.name() == *plugin && owner != plugin {
                    shadowed.push(format!("its tool `{}` is not called: {owner} has one of that name", tool.info.name));
                }
            }
        }
        shadowed
    }

    /// Says so in the log.
    pub(super) fn warn_of_shadows<'b>(&self, built_in: &(impl Iterator<Item = &'b String> + Clone)) {
        for plugin in self.0.plugins() {
            for warning in self.shadowed(plugin.name(), built_in.clone()) {
                tracing::warn!(plugin = &**plugin.name(), "{warning}");
            }
        }
    }
}
