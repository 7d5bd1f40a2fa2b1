//! The configuration: read from defaults, file, environment and flags, checked once, then trusted.
//!
//! Owns what the rest of the server reads. The keys themselves are listed in `config/keys.rs`. Must not know the process
//! environment (whoever calls passes it in) nor what plugins make of their own tables.

mod auth;
mod bounds;
mod change;
mod expand;
mod fields;
mod keys;
mod kind;
mod listen;
mod mount_table;
mod nearest;
mod problem;
mod process;
#[cfg(any(test, fuzzing))]
pub(crate) mod property;
mod retention;
mod settings;
mod show;
mod source;

use std::{collections::BTreeMap, fs, io::ErrorKind, path::Path, path::PathBuf, sync::Arc, time::Duration};

#[cfg(any(test, fuzzing))]
pub(crate) use auth::Claims;
pub(crate) use auth::{AllowAnonymous, Auth, Issuer, KeySource, StaticToken};
pub(crate) use bounds::Caps;
use ipnet::IpNet;
pub(crate) use listen::{Listen, UNIX};
pub(crate) use problem::ConfigError;
pub(crate) use process::{Form, Mode as SourceMode, Publish as PublishLines, Restart, Source};
pub(crate) use settings::Entry;
use tidemill_bus::Coding;
use tidemill_log::{Retention, Rule};
use tidemill_plugin::Limits;

use crate::mount::Mount;
use axum::http::Uri;
use settings::Settings;
use source::FileSource;

/// The file that is used, if it exists, when none is named.
pub(crate) const DEFAULT_FILE: &str = "tidemill.toml";
/// What environment variables that set a key begin with.
pub(crate) const ENV_PREFIX: &str = "TIDEMILL_";

/// The whole configuration, checked: every value is within its bounds and fits the others.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    /// `listen`
    pub(crate) listen: Listen,
    /// `plugins-dir`
    pub(crate) plugins_dir: PathBuf,
    /// `data-dir`
    pub(crate) data_dir: PathBuf,
    /// `[server]`
    pub(crate) server: Server,
    /// `[tls]`
    pub(crate) tls: Tls,
    /// `[proxy]`
    pub(crate) proxy: Proxy,
    /// `[auth]`
    pub(crate) auth: Auth,
    /// `[cors]`
    pub(crate) cors: Cors,
    /// `[publish]`
    pub(crate) publish: Publish,
    /// `[subscribe]`
    pub(crate) subscribe: Subscribe,
    /// `[log]`
    pub(crate) log: Log,
    /// `[dead-letters]`
    pub(crate) dead_letters: Retention,
    /// `[[retention]]`
    pub(crate) retention: Vec<Rule>,
    /// `[pipeline]`
    pub(crate) pipeline: Pipeline,
    /// `[reload]`
    pub(crate) reload: Reload,
    /// `[limits]`: what each plugin gets unless its own settings say otherwise.
    pub(crate) limits: Limits,
    /// `[[source]]`
    pub(crate) sources: Vec<Source>,
    /// `[http-client]`
    pub(crate) http_client: HttpClient,
    /// `registry.keys`
    pub(crate) registry_keys: Vec<tidemill_registry::PublicKey>,
    /// `[audit]`
    pub(crate) audit: Audit,
    /// `[mcp]`
    pub(crate) mcp: Mcp,
    /// `[drain]`
    pub(crate) drain: Drain,
    /// `[telemetry]`
    pub(crate) telemetry: Telemetry,
    /// `[[mount]]`
    pub(crate) mounts: Vec<Arc<Mount>>,
    /// `[plugins.<name>]`, as written: the plugins' settings are read where plugins are known.
    pub(crate) plugins: BTreeMap<String, toml::Table>,
    entries: Vec<Entry>,
    plugin_places: BTreeMap<String, String>,
    /// Lists of tables such as `[[auth.tokens]]`, as written, with their variables.
    written: Vec<(&'static str, toml::Table)>,
    /// `[plugins]`, as written, with its variables.
    plugins_written: toml::Table,
}

/// `[server]`: how connections are served.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    /// What all routes are below; empty, or with a slash before each segment.
    pub(crate) base_path: String,
    /// Permissions of the Unix socket.
    pub(crate) socket_mode: u32,
    /// Who carries event streams.
    pub(crate) sse_lane: SseLane,
    /// What the server is called.
    pub(crate) allowed_hosts: Vec<String>,
    /// Connections that are accepted in a second; 0: without bound.
    pub(crate) accept_rate: u32,
    /// Of one address.
    pub(crate) accept_rate_per_address: u32,
    /// Open connections of one address; 0: without bound.
    pub(crate) connections_per_address: usize,
}

/// `[tls]`: both or neither.
#[derive(Debug, Clone)]
pub(crate) struct Tls {
    /// A PEM file with the server's certificate, then its issuers'.
    pub(crate) certificate: Option<PathBuf>,
    /// A PEM file with its private key.
    pub(crate) key: Option<PathBuf>,
}

/// `[proxy]`: what stands before the server.
#[derive(Debug, Clone)]
pub(crate) struct Proxy {
    /// Whose word is taken for whom it speaks.
    pub(crate) trusted: Vec<IpNet>,
}

/// `server.sse-lane`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SseLane {
    /// The light lane those that it can, hyper the others.
    Auto,
    /// Hyper all.
    Hyper,
}

impl SseLane {
    /// Whether there is a light lane.
    pub(crate) fn is_auto(self) -> bool {
        self == Self::Auto
    }
}

/// `[cors]`: which pages may read answers.
#[derive(Debug, Clone)]
pub(crate) struct Cors {
    /// Of these sites; one `*`: of all.
    pub(crate) origins: Vec<String>,
    /// Also with cookies.
    pub(crate) credentials: bool,
    /// How long browsers need not ask again.
    pub(crate) max_age: Duration,
}

/// `[publish]`: what publishers may send.
#[derive(Debug, Clone)]
pub(crate) struct Publish {
    /// Bytes of one request body.
    pub(crate) body_max: usize,
    /// Events of one request.
    pub(crate) batch_max: usize,
    /// Events of one publisher in a second; 0: without bound.
    pub(crate) events_per_second: usize,
    /// Bytes of one publisher's bodies in a second; 0: without bound.
    pub(crate) bytes_per_second: usize,
    /// Bytes of events that wait for the pipeline.
    pub(crate) queue_max: usize,
    /// How long a publisher waits for room in the queue before it is answered 429.
    pub(crate) queue_wait: Duration,
    /// How long publishing may stand still until `/readyz` says so.
    pub(crate) stuck_after: Duration,
    /// `source` of events that name none.
    pub(crate) default_source: String,
    /// How long an event that is published again is recognised.
    pub(crate) idempotency_window: Duration,
    /// Events that are recognised.
    pub(crate) idempotency_max: usize,
}

/// `[subscribe]`: what subscribers get.
#[derive(Debug, Clone)]
pub(crate) struct Subscribe {
    /// Between comment frames on a quiet stream.
    pub(crate) heartbeat: Duration,
    /// The reconnection hint, `retry:`.
    pub(crate) retry: Duration,
    /// Open streams.
    pub(crate) connections_max: usize,
    /// Of one owner.
    pub(crate) caps: Caps,
    /// Bytes of encoded frames kept for live delivery.
    pub(crate) ring_max: usize,
    /// Bytes per second for those who catch up, together; 0: without bound.
    pub(crate) replay_rate: usize,
    /// What becomes of those who are behind and asked for nothing else.
    pub(crate) slow: Slow,
    /// How long a connection may take nothing.
    pub(crate) write_timeout: Duration,
    /// Codings that streams may have, the best first.
    pub(crate) compression: Vec<Coding>,
}

/// `subscribe.slow`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slow {
    /// Every event, however late.
    Keep,
    /// Some of them.
    Sample,
    /// Disconnected.
    Disconnect,
}

/// `log.store`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StoreKind {
    /// In the data directory.
    Disk,
    /// In memory.
    Memory,
}

/// `log.durability`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// The disk confirmed it.
    Fsync,
    /// The operating system has it.
    Os,
}

/// `[log]`: where events are kept, and how many.
#[derive(Debug, Clone)]
pub(crate) struct Log {
    /// Where.
    pub(crate) store: StoreKind,
    /// When an event counts as stored on disk.
    pub(crate) durability: Durability,
    /// How many.
    pub(crate) retention: Retention,
}

/// `[pipeline]`
#[derive(Debug, Clone)]
pub(crate) struct Pipeline {
    /// Threads as configured; 0 leaves it to [`Pipeline::worker_count`].
    pub(crate) workers: usize,
}

/// `[reload]`: how changes in the plugins directory are noticed.
#[derive(Debug, Clone)]
pub(crate) struct Reload {
    /// How long a file must stay unchanged before it is read.
    pub(crate) settle: Duration,
    /// Between full scans, for file systems that report no changes.
    pub(crate) rescan: Duration,
    /// Versions of each plugin that are kept for a rollback, with the one that runs.
    pub(crate) versions: usize,
    /// Bytes of a component that is uploaded.
    pub(crate) upload_max: usize,
}

/// `[http-client]`: requests that plugins send.
#[derive(Debug, Clone)]
pub(crate) struct HttpClient {
    /// A PEM file with certificates that are trusted beside the public ones.
    pub(crate) roots: Option<PathBuf>,
}

/// `[audit]`
#[derive(Debug, Clone)]
pub(crate) struct Audit {
    /// Whether lines of the audit log are events, too.
    pub(crate) events: bool,
}

/// `[mcp]`
#[derive(Debug, Clone)]
pub(crate) struct Mcp {
    pub(crate) enabled: bool,
    pub(crate) session_idle: Duration,
}

/// `[drain]`
#[derive(Debug, Clone)]
pub(crate) struct Drain {
    /// From the signal to stop until the process ends at the latest.
    pub(crate) deadline: Duration,
    /// Over which time subscribers come back.
    pub(crate) spread: Duration,
}

/// `[telemetry]`
#[derive(Debug, Clone)]
pub(crate) struct Telemetry {
    /// How log lines are written.
    pub(crate) format: LogFormat,
    /// Which log lines are written: directives of `tracing`'s `EnvFilter`, known to be valid.
    pub(crate) filter: String,
    /// Where traces are sent to (OTLP over HTTP); none without.
    pub(crate) otlp_endpoint: Option<Uri>,
    /// Which part of the events is traced that nobody else has decided about.
    pub(crate) trace_sample: f64,
}

/// `telemetry.format`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

/// What the command line sets, as it was typed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Flags {
    /// `--listen`
    pub(crate) listen: Option<String>,
    /// `--plugins`
    pub(crate) plugins: Option<String>,
    /// `--data`
    pub(crate) data: Option<String>,
}

impl Config {
    /// Reads the named file, or [`DEFAULT_FILE`] if there is one, and puts environment and flags above it.
    pub(crate) fn load(
        path: Option<&Path>,
        env: impl Iterator<Item = (String, String)>,
        flags: &Flags,
    ) -> Result<Self, ConfigError> {
        let file = path.unwrap_or(Path::new(DEFAULT_FILE));
        let text = match fs::read_to_string(file) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == ErrorKind::NotFound && path.is_none() => None,
            Err(source) => {
                return Err(ConfigError::Unreadable { path: file.to_owned(), source });
            }
        };
        let name = file.display().to_string();
        Self::from_sources(text.as_deref().map(|text| (&*name, text)), env, flags)
    }

    /// The same from texts: the file's name and content, the environment, the flags.
    pub(crate) fn from_sources(
        file: Option<(&str, &str)>,
        env: impl Iterator<Item = (String, String)>,
        flags: &Flags,
    ) -> Result<Self, ConfigError> {
        let env: expand::Env = env.collect();
        let file = file.map(|(name, text)| FileSource::parse(name, text, &env)).unwrap_or_default();
        let flags = [
            ("listen", "--listen", &flags.listen),
            ("plugins-dir", "--plugins", &flags.plugins),
            ("data-dir", "--data", &flags.data),
        ];
        let flags = flags.into_iter().filter_map(|(key, flag, value)| Some((key, flag, value.clone()?)));
        let mut settings = Settings::new(file, env, flags.collect());
        let config = Self::read(&mut settings);
        settings.into_result(config)
    }

    /// Every key with its value and where that came from, in the order of the documentation.
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The effective configuration as commented TOML that can be loaded again.
    pub(crate) fn to_toml(&self) -> String {
        show::to_toml(self)
    }

    /// Where a plugin's table stands, as `tidemill.toml:12`, to begin messages about its content.
    pub(crate) fn plugin_place(&self, name: &str) -> &str {
        self.plugin_places.get(name).map_or(DEFAULT_FILE, String::as_str)
    }
}

#[cfg(test)]
mod tests;
