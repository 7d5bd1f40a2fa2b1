//! The current generation and how it changes: put, remove, and what became of each attempt.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;

use crate::call::Platform;
use crate::limits::PLUGINS_MAX;
use crate::loader::Loader;
use crate::trips::Trips;
use crate::{
    BreakerState, Engine, Figures, Generation, Limits, LoadError, Plugin, PluginSettings, Then, TrustedRoots, Version,
};

/// All plugins of a host.
pub struct Plugins {
    loader: Loader,
    current: ArcSwap<Generation>,
    /// Also serialises changes; batches never wait for it.
    reports: Mutex<BTreeMap<String, PluginReport>>,
    observer: Observer,
    trips: Arc<Trips>,
}

/// Is told of every change, on the thread that makes it.
pub(crate) type Observer = Arc<dyn Fn(Notice) + Send + Sync>;

impl fmt::Debug for Plugins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plugins").field("current", &self.current).finish_non_exhaustive()
    }
}

/// What is known of one plugin.
#[derive(Debug, Clone)]
pub struct PluginReport {
    /// Its name.
    pub name: String,
    /// Whether it runs.
    pub state: PluginState,
    /// The version that runs.
    pub running: Option<Arc<Plugin>>,
    /// Why the newest version does not run.
    pub error: Option<String>,
    /// The version in the plugins directory, if an earlier one runs in its place.
    pub set_aside: Option<Version>,
    /// What it did since the host started, in all versions.
    pub figures: Arc<Figures>,
}

/// Whether a plugin takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PluginState {
    /// The newest version runs.
    Running,
    /// An older version runs, because the newest was refused.
    Outdated,
    /// No version runs, because the newest was refused.
    Failed,
    /// An earlier version runs, because the newest was set aside.
    RolledBack,
    /// Switched off, by its settings or by hand.
    Disabled,
}

impl PluginState {
    /// The name used in answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Outdated => "outdated",
            Self::Failed => "failed",
            Self::RolledBack => "rolled-back",
            Self::Disabled => "disabled",
        }
    }
}

/// A change that others may want to know about.
#[derive(Debug, Clone)]
pub enum Notice {
    /// A plugin runs that did not run before.
    Loaded(Arc<Plugin>),
    /// A plugin runs in another version or with other settings.
    Replaced {
        /// What runs now.
        plugin: Arc<Plugin>,
        /// What ran before.
        before: Version,
    },
    /// A plugin that keeps failing was taken out, is tried again, or is back.
    Breaker {
        /// The plugin.
        plugin: Arc<Plugin>,
        /// Where its breaker stands now.
        state: BreakerState,
    },
    /// A plugin is gone or switched off.
    Removed {
        /// Its name.
        name: String,
    },
    /// A version was refused.
    Failed {
        /// The plugin's name.
        name: String,
        /// Why, and what to do.
        error: String,
        /// The version that goes on running.
        still: Option<Version>,
    },
}

impl Plugins {
    /// No plugins yet. `observer` is told of every change, on the thread that makes it.
    pub fn new(
        engine: Engine,
        defaults: Limits,
        observer: impl Fn(Notice) + Send + Sync + 'static,
    ) -> Result<Self, LoadError> {
        let trips = Arc::new(Trips::default());
        let tripped = Arc::clone(&trips);
        let observer: Observer = Arc::new(move |notice: Notice| {
            if let Notice::Breaker { plugin, state: BreakerState::Open } = &notice
                && plugin.breaker_settings().then == Then::Rollback
            {
                tripped.add(plugin.name());
            }
            observer(notice);
        });
        Ok(Self {
            loader: Loader::new(engine, defaults, Arc::clone(&observer))?,
            current: ArcSwap::from_pointee(Generation::new(1, Vec::new())?),
            reports: Mutex::default(),
            observer,
            trips,
        })
    }

    /// Has plugins' requests over TLS trust these authorities; without it, those that browsers trust.
    #[must_use]
    pub fn trusting(mut self, roots: TrustedRoots) -> Self {
        self.loader.trust(roots);
        self
    }

    /// What plugins reach of the server while clients call them. Once; without it they reach nothing.
    pub fn stand_on(&self, platform: Arc<dyn Platform>) {
        self.loader.stand_on(platform);
    }

    /// The engine, for new lanes.
    pub const fn engine(&self) -> &Engine {
        self.loader.engine()
    }

    /// Which plugins are to go back to the version before.
    pub(crate) fn trips(&self) -> &Trips {
        &self.trips
    }

    /// The generation that new batches begin with.
    pub fn current(&self) -> Arc<Generation> {
        self.current.load_full()
    }

    /// What is known of each plugin, by name.
    pub fn reports(&self) -> Vec<PluginReport> {
        self.lock().values().cloned().collect()
    }

    /// What is known of one plugin.
    pub fn report(&self, name: &str) -> Option<PluginReport> {
        self.lock().get(name).cloned()
    }

    /// Loads a component and puts it in place of the version that runs, if there is one. On failure that version goes
    /// on running (invariant I7). Takes as long as compiling takes; batches are not held up.
    pub fn put(&self, name: &str, bytes: &[u8], settings: &PluginSettings) -> Result<Arc<Plugin>, LoadError> {
        self.put_in_place_of(name, bytes, settings, None)
    }

    /// What would come of [`put`](Self::put). Nothing is changed, and nobody told.
    pub(crate) fn check(&self, name: &str, bytes: &[u8], settings: &PluginSettings) -> Result<Arc<Plugin>, LoadError> {
        let plugin = Arc::new(self.loader.load(name, bytes, settings, &Arc::default())?);
        self.next(|plugins| take_in(plugins, &plugin))?;
        Ok(plugin)
    }

    /// [`put`](Self::put) with an earlier version, in place of the one that lies in the plugins directory.
    pub(crate) fn put_in_place_of(
        &self,
        name: &str,
        bytes: &[u8],
        settings: &PluginSettings,
        set_aside: Option<Version>,
    ) -> Result<Arc<Plugin>, LoadError> {
        let figures = self.figures(name);
        let loaded = self.loader.load(name, bytes, settings, &figures).map(Arc::new);
        let mut reports = self.lock();
        let result = loaded.and_then(|plugin| {
            self.swap(|plugins| take_in(plugins, &plugin))?;
            Ok(plugin)
        });
        let before = reports.get(name).and_then(|report| report.running.clone());
        match result {
            Ok(plugin) => {
                let state = if set_aside.is_some() { PluginState::RolledBack } else { PluginState::Running };
                let (name, running) = (name.to_owned(), Some(Arc::clone(&plugin)));
                let report = PluginReport { name: name.clone(), state, running, error: None, set_aside, figures };
                reports.insert(name, report);
                drop(reports);
                (self.observer)(match before {
                    Some(before) => Notice::Replaced { plugin: Arc::clone(&plugin), before: before.version },
                    None => Notice::Loaded(Arc::clone(&plugin)),
                });
                Ok(plugin)
            }
            Err(error) => {
                drop(reports);
                self.refuse(name, error.to_string());
                Err(error)
            }
        }
    }

    /// Notes that a version could not even be read. What runs goes on.
    pub fn refuse(&self, name: &str, error: String) {
        let mut reports = self.lock();
        let running = reports.get(name).and_then(|report| report.running.clone());
        let still = running.as_ref().map(|plugin| plugin.version);
        let state = if running.is_some() { PluginState::Outdated } else { PluginState::Failed };
        let report = reports.entry(name.to_owned()).or_insert_with(|| PluginReport::unknown(name));
        (report.state, report.running, report.error, report.set_aside) = (state, running, Some(error.clone()), None);
        drop(reports);
        (self.observer)(Notice::Failed { name: name.to_owned(), error, still });
    }

    /// Takes a plugin out because its settings say so, and keeps that in the reports.
    pub fn disable(&self, name: &str) {
        let was_running = self.take_out(name);
        let figures = self.figures(name);
        let report = PluginReport { state: PluginState::Disabled, figures, ..PluginReport::unknown(name) };
        self.lock().insert(name.to_owned(), report);
        if was_running {
            (self.observer)(Notice::Removed { name: name.to_owned() });
        }
    }

    /// Takes a plugin out and forgets it.
    pub fn remove(&self, name: &str) {
        let was_running = self.take_out(name);
        self.lock().remove(name);
        if was_running {
            (self.observer)(Notice::Removed { name: name.to_owned() });
        }
    }

    fn take_out(&self, name: &str) -> bool {
        let _changing = self.lock();
        let was_running = self.current.load().plugins().iter().any(|plugin| *plugin.name == *name);
        if was_running {
            // Fewer plugins cannot contradict each other.
            let _ = self.swap(|plugins| {
                plugins.retain(|other| *other.name != *name);
                Ok(())
            });
        }
        was_running
    }

    /// Makes the next generation. The caller holds the lock.
    fn swap(&self, change: impl FnOnce(&mut Vec<Arc<Plugin>>) -> Result<(), LoadError>) -> Result<(), LoadError> {
        let next = Arc::new(self.next(change)?);
        let before = self.current.swap(Arc::clone(&next));
        before.plugins().iter().filter(|plugin| !next.contains(plugin)).for_each(|plugin| plugin.pool.retire());
        Ok(())
    }

    fn next(
        &self,
        change: impl FnOnce(&mut Vec<Arc<Plugin>>) -> Result<(), LoadError>,
    ) -> Result<Generation, LoadError> {
        let current = self.current.load();
        let mut plugins = current.plugins().to_vec();
        change(&mut plugins)?;
        if plugins.len() > PLUGINS_MAX {
            return Err(LoadError::TooMany);
        }
        Generation::new(current.number() + 1, plugins)
    }

    /// The figures of a plugin, which go on over its versions.
    fn figures(&self, name: &str) -> Arc<Figures> {
        self.lock().get(name).map(|report| Arc::clone(&report.figures)).unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, PluginReport>> {
        self.reports.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Puts a plugin in the place of another version of it, or beside the others. It is the newcomer who claims what has an
/// owner, whatever the order.
fn take_in(plugins: &mut Vec<Arc<Plugin>>, plugin: &Arc<Plugin>) -> Result<(), LoadError> {
    plugins.retain(|other| other.name != plugin.name);
    let claimed = |other: &Arc<Plugin>| {
        let claimed = plugin.event_types.keys().find(|name| other.event_types.contains_key(*name));
        claimed.map(|name| LoadError::TypeOwned { event_type: name.clone(), owner: other.name.to_string() })
    };
    if let Some(error) = plugins.iter().find_map(claimed) {
        return Err(error);
    }
    plugins.push(Arc::clone(plugin));
    Ok(())
}

impl PluginReport {
    /// Of a plugin that nothing is known of yet.
    fn unknown(name: &str) -> Self {
        let (name, state) = (name.to_owned(), PluginState::Failed);
        Self { name, state, running: None, error: None, set_aside: None, figures: Arc::default() }
    }
}
