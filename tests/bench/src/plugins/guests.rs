//! How plugins are loaded here: an engine with a cache of its own, the host's default limits, and guests by the name of
//! their file. Must not know what is measured with them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow};
use tempfile::TempDir;
use tidemill_event::Event;
use tidemill_plugin::{Engine, Kind, Lane, Limits, Outlet, Plugin, PluginSettings, Plugins, States, Verdict};
use tokio::sync::Semaphore;

/// Plugins of a host that has nothing else.
pub(super) struct Host {
    pub(super) plugins: Arc<Plugins>,
    /// Where compiled components are kept; goes with the host.
    _cache: TempDir,
}

impl Host {
    pub(super) fn start() -> Result<Self> {
        let cache = tempfile::Builder::new().prefix("tidemill-bench-cache-").tempdir()?;
        let engine = Engine::new(Some(cache.path()))?;
        let plugins = Arc::new(Plugins::new(engine, Limits::default(), |_| {})?);
        Ok(Self { plugins, _cache: cache })
    }

    /// Loads a component under a name.
    pub(super) fn put(&self, name: &str, component: &[u8], settings: &str) -> Result<Arc<Plugin>> {
        let settings = PluginSettings::from_toml(settings).map_err(|problems| anyhow!(problems.join("; ")))?;
        self.plugins.put(name, component, &settings).with_context(|| format!("loading {name}"))
    }

    /// Loads a component out of a directory.
    pub(super) fn load(&self, directory: &Path, name: &str, settings: &str) -> Result<Arc<Plugin>> {
        self.put(name, &component(directory, name)?, settings)
    }

    /// The same with state that nothing is kept of.
    pub(super) fn lane_with_state(&self) -> Lane {
        let outlet = Outlet { states: States::default(), room: Arc::new(Semaphore::new(1024)), waits: false };
        Lane::with_outlet(self.plugins.engine().clone(), outlet)
    }

    /// One worker's way into the plugins.
    pub(super) fn lane(&self) -> Lane {
        Lane::new(self.plugins.engine().clone())
    }
}

/// A component's bytes.
pub(super) fn component(directory: &Path, name: &str) -> Result<Vec<u8>> {
    let path: PathBuf = directory.join(format!("{name}.wasm"));
    fs::read(&path).with_context(|| format!("{} is not there: cargo xtask guests makes it", path.display()))
}

/// The one kind of a plugin that has only one.
pub(super) fn kind_of(plugin: &Plugin) -> Kind {
    plugin.kinds().first().copied().unwrap_or(Kind::Filter)
}

/// Whether a filter kept the event.
pub(super) fn kept(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Keep)
}

/// The data of the one event that a transform made of one.
pub(super) fn made<'a>(verdict: &'a Verdict, event: &'a Event) -> Option<&'a [u8]> {
    match verdict {
        Verdict::Keep => Some(event.data()),
        Verdict::Emit(changes) => changes.first()?.data.as_deref(),
        _ => None,
    }
}
