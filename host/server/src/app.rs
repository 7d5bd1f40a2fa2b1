//! The composition root: builds the parts of a server from its configuration and takes them down again.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::thread;

use anyhow::{Context, bail};
use arc_swap::{ArcSwap, Guard};
use tidemill_bus::{Bus, BusOptions};
use tidemill_log::{DiskLog, Durability, Log, MemoryLog, MemoryOptions, RetentionPolicy, StoreOptions, system_clock};
use tidemill_plugin::{Directory, Engine, Notice, Orders, PluginSettings, Plugins, TrustedRoots, WatchOptions};

use crate::admission::Admission;
use crate::announce;
use crate::audit::Audit;
use crate::auth::{Auth, Principal, Revoked, Tickets};
use crate::config::{self, Config, StoreKind};
use crate::connections::{Connections, Places};
use crate::figures::Figures;
use crate::http::{Hooks, Renderer, Uploads};
use crate::mcp::Mcp;
use crate::mount::Mounts;
use crate::outbound::Outbound;
use crate::rates::Rates;
use crate::source::Sources;
use crate::sse;
use crate::tls::Certificate;
use crate::tools::{Changes, ServerPlatform, Tools};
use crate::traces::Traces;

/// The parts of a running server that requests need.
#[derive(Debug)]
pub(crate) struct App {
    config: ArcSwap<Config>,
    pub(crate) auth: ArcSwap<Auth>,
    pub(crate) tickets: Tickets,
    pub(crate) revoked: Revoked,
    pub(crate) outbound: Outbound,
    /// None without a collector of traces.
    pub(crate) traces: Option<Traces>,
    pub(crate) admission: ArcSwap<Admission>,
    pub(crate) mounts: ArcSwap<Mounts>,
    pub(crate) audit: Audit,
    pub(crate) bus: Bus,
    pub(crate) plugins: Arc<Plugins>,
    pub(crate) renderer: Renderer,
    pub(crate) hooks: Hooks,
    pub(crate) uploads: Uploads,
    pub(crate) connections: Arc<Connections>,
    pub(crate) places: Arc<Places>,
    pub(crate) rates: Rates,
    pub(crate) sources: Sources,
    pub(crate) changes: sse::Changes,
    pub(crate) figures: Figures,
    pub(crate) tools: Tools,
    pub(crate) mcp: Mcp,
    /// The server's own, if it speaks TLS.
    pub(crate) certificate: Option<Arc<Certificate>>,
    /// What a stored event survives.
    pub(crate) durability: Durability,
    /// For changing what plugins run; set once the plugins directory is watched.
    pub(crate) orders: OnceLock<Orders>,
}

impl App {
    /// The configuration in force.
    pub(crate) fn config(&self) -> Guard<Arc<Config>> {
        self.config.load()
    }

    /// Puts another configuration in force: what of it is looked at as often as it is needed.
    pub(crate) fn configure(&self, config: Config) {
        self.config.store(Arc::new(config));
    }

    /// Whether somebody is nobody any more, though the token may be good for longer.
    pub(crate) fn is_nobody(&self, principal: &Principal) -> bool {
        principal.is_withdrawn() || principal.token_id().is_some_and(|id| self.revoked.has(id))
    }

    /// Ends the streams and polls of those who are nobody any more; how many there were.
    pub(crate) fn end_nobodies(&self) -> usize {
        self.connections.close_of(|principal| self.is_nobody(principal))
    }
}

/// Builds everything but the listener. Plugins in the directory are loaded before this returns; later changes are taken
/// in until the [`Directory`] is dropped.
pub(crate) fn build(config: Config, certificate: Option<Arc<Certificate>>) -> anyhow::Result<(Arc<App>, Directory)> {
    let settings = plugin_settings(&config)?;
    let outbound = Outbound::trusting(config.http_client.roots.as_deref())?;
    let auth = Auth::load(&config.auth, config.listen.ip(), &outbound, None)?;
    auth.warn(config.listen.ip());
    fs::create_dir_all(&config.data_dir)
        .with_context(|| format!("cannot create data-dir {}", config.data_dir.display()))?;
    fs::create_dir_all(&config.plugins_dir)
        .with_context(|| format!("cannot create plugins-dir {}", config.plugins_dir.display()))?;
    // The cache wants an absolute path.
    let data_dir = config.data_dir.canonicalize().context("cannot find data-dir")?;
    let engine = Engine::new(Some(&data_dir.join("compiled")))?;

    // Notices come from the first load on, before there is a bus to announce them on.
    let app: Arc<OnceLock<std::sync::Weak<App>>> = Arc::default();
    let announcer = Arc::clone(&app);
    let roots = TrustedRoots::public_and(config.http_client.roots.as_deref()).context("`http-client.roots`")?;
    let plugins = Plugins::new(engine, config.limits, move |notice| {
        let Some(app) = announcer.get().and_then(std::sync::Weak::upgrade) else { return };
        if let Some(event) = announce::event(&notice) {
            app.bus.announce(event);
        }
        if matches!(notice, Notice::Loaded(_) | Notice::Replaced { .. } | Notice::Removed { .. }) {
            app.tools.plugins_changed();
        }
        if matches!(notice, Notice::Replaced { .. } | Notice::Removed { .. }) {
            app.bus.plugins_changed();
            app.hooks.plugins_changed();
            app.renderer.plugins_changed();
        }
    })?;
    let plugins = Arc::new(plugins.trusting(roots));
    let changes = Arc::<Changes>::default();
    plugins.stand_on(Arc::new(ServerPlatform { app: Arc::clone(&app), changes: Arc::clone(&changes) }));
    let log = open_log(&config, &data_dir)?;
    let durability = log.info().durability;
    let processors = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let options = BusOptions {
        workers: config.pipeline.worker_count(processors),
        queue_bytes: config.publish.queue_max,
        queue_wait: config.publish.queue_wait,
        ring_bytes: config.subscribe.ring_max,
        replay_rate: config.subscribe.replay_rate as u64,
        stuck_after: config.publish.stuck_after,
    };
    let bus = Bus::start(&log, &plugins, options).context("cannot start the pipeline")?;
    let watch = WatchOptions {
        settle: config.reload.settle,
        rescan: config.reload.rescan,
        settings,
        versions: data_dir.join("plugins"),
        versions_kept: config.reload.versions,
    };
    let plugins_dir = config.plugins_dir.clone();
    let places = Places::new(config.subscribe.caps, config.server.connections_per_address);
    let admission = Admission::new(&config, None);
    let sources = Sources::new(&config.sources);
    let mounts = Mounts::new(&config.mounts, None);
    let built = Arc::new(App {
        revoked: Revoked::open(&data_dir)?,
        traces: Traces::start(&config.telemetry, &outbound)?,
        config: ArcSwap::from_pointee(config),
        auth: ArcSwap::from_pointee(auth),
        tickets: Tickets::default(),
        outbound,
        admission: ArcSwap::from_pointee(admission),
        mounts: ArcSwap::from_pointee(mounts),
        audit: Audit::default(),
        bus,
        renderer: Renderer::new(Arc::clone(&plugins)),
        hooks: Hooks::new(Arc::clone(&plugins)),
        uploads: Uploads::default(),
        plugins: Arc::clone(&plugins),
        connections: Arc::default(),
        places,
        rates: Rates::default(),
        sources,
        changes: sse::Changes::default(),
        figures: Figures::default(),
        tools: Tools::new(Arc::clone(&plugins), changes)?,
        mcp: Mcp::default(),
        certificate,
        durability,
        orders: OnceLock::new(),
    });
    let _ = app.set(Arc::downgrade(&built));
    built.connections.know(&crate::mount::plain());
    let directory = Directory::open(&plugins_dir, plugins, watch)
        .with_context(|| format!("cannot watch plugins-dir {}", plugins_dir.display()))?;
    let _ = built.orders.set(directory.orders());
    Ok((built, directory))
}

fn open_log(config: &Config, data_dir: &Path) -> anyhow::Result<Arc<dyn Log>> {
    let retention = RetentionPolicy {
        log: config.log.retention,
        rules: config.retention.clone(),
        dead_letters: config.dead_letters,
    };
    let (known_window, known_max) = (config.publish.idempotency_window, config.publish.idempotency_max);
    Ok(match config.log.store {
        StoreKind::Memory => {
            Arc::new(MemoryLog::new(MemoryOptions { retention, known_window, known_max, clock: system_clock() }))
        }
        StoreKind::Disk => {
            let fsync = config.log.durability == config::Durability::Fsync;
            let options = StoreOptions { fsync, retention, known_window, known_max, clock: system_clock() };
            Arc::new(DiskLog::open(data_dir, options)?)
        }
    })
}

/// The tables `[plugins.<name>]`, checked.
pub(crate) fn plugin_settings(config: &Config) -> anyhow::Result<BTreeMap<String, PluginSettings>> {
    let mut settings = BTreeMap::new();
    let mut wrong = Vec::new();
    for (name, table) in &config.plugins {
        match PluginSettings::from_table(table) {
            Ok(parsed) => {
                settings.insert(name.clone(), parsed);
            }
            Err(problems) => {
                let place = config.plugin_place(name);
                wrong.extend(problems.into_iter().map(|problem| format!("{place}: `plugins.{name}`: {problem}")));
            }
        }
    }
    if !wrong.is_empty() {
        bail!("settings of plugins are wrong:\n  {}", wrong.join("\n  "));
    }
    Ok(settings)
}
