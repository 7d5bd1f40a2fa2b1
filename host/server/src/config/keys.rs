//! Every key: its default, its bounds and what it means.
//!
//! Owns this list and the relations between values. A new key is one more `read` here and one more row in
//! `docs/configuration.md`; a test compares the two.

mod auth;
mod bounds;
mod limits;
mod outside;
mod sites;
mod telemetry;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tidemill_bus::Coding;
use tidemill_event::limits::DATA_BYTES_MAX;
use tidemill_log::Retention;

use super::kind::{
    Address, BasePath, Choice, Count, File, Folder, Mode, Networks, Several, Size, Source, Span, Switch,
};
use super::mount_table;
use super::process;
use super::settings::Settings;
use super::{
    Audit, Config, Drain, Durability, Log, Mcp, Pipeline, Proxy, Publish, Reload, Server, Slow, SseLane, StoreKind,
    Subscribe, Tls,
};
use crate::limits::MOUNTS_MAX;
use crate::limits::SOURCES_MAX;

/// How long something may be kept.
pub(super) const AGE: Span = Span(Duration::ZERO..=Duration::from_secs(100 * 365 * 86_400));

/// A bound that 0 takes away.
pub(super) fn bound(age: Duration) -> Option<Duration> {
    Some(age).filter(|age| !age.is_zero())
}

/// See [`bound`].
pub(super) fn size_bound(bytes: usize) -> Option<u64> {
    count_bound(bytes as u64)
}

/// See [`bound`].
pub(super) fn count_bound(count: u64) -> Option<u64> {
    Some(count).filter(|count| *count != 0)
}

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;
const GIB: usize = 1 << 30;
const MILLISECOND: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

// One event with the largest data must fit where every event has to fit.
const _: () = assert!(DATA_BYTES_MAX <= MIB);

impl Config {
    pub(super) fn read(s: &mut Settings) -> Self {
        let mut config = Self {
            listen: s.read(
                "listen",
                "127.0.0.1:3000",
                &Address,
                "Address and port of the HTTP server, or its Unix socket. Port 0 picks a free one. Sockets that a service \
                manager hands over (`LISTEN_FDS`) are taken instead.",
            ),
            plugins_dir: s.read(
                "plugins-dir",
                "./plugins",
                &Folder,
                "Directory of `.wasm` plugins, watched for changes. Relative to the working directory.",
            ),
            data_dir: s.read(
                "data-dir",
                "./data",
                &Folder,
                "Directory for what the server keeps. Relative to the working directory.",
            ),
            server: Server {
                base_path: s.read(
                    "server.base-path",
                    "",
                    &BasePath,
                    "Path that everything is below, for proxies that hand addresses on as they are.",
                ),
                socket_mode: s.read(
                    "server.socket-mode",
                    "0660",
                    &Mode,
                    "Who may connect to the Unix socket.",
                ),
                sse_lane: s.read(
                    "server.sse-lane",
                    "auto",
                    &Choice(&[("auto", SseLane::Auto), ("hyper", SseLane::Hyper)]),
                    "What carries event streams: `auto`, the light lane, which holds many for little memory, and hyper \
                    whatever is not a plain HTTP/1.1 request; or `hyper` all of them. Clients see no difference.",
                ),
                allowed_hosts: sites::allowed_hosts(s),
                accept_rate: bounds::accept_rate(s),
                accept_rate_per_address: bounds::accept_rate_per_address(s),
                connections_per_address: bounds::connections_per_address(s),
            },
            tls: Tls {
                certificate: s.read(
                    "tls.certificate",
                    "",
                    &File,
                    "PEM file with the server's certificate, then its issuers'. With it and `tls.key`, HTTPS only.",
                ),
                key: s.read("tls.key", "", &File, "PEM file with the certificate's private key."),
            },
            proxy: Proxy {
                trusted: s.read(
                    "proxy.trusted",
                    "",
                    &Networks,
                    "Networks of proxies whose `Forwarded` and `X-Forwarded-For` say who sent a request. Of others these \
                    headers are thrown away.",
                ),
            },
            auth: auth::read(s),
            cors: sites::cors(s),
            publish: Publish {
                body_max: s.read(
                    "publish.body-max",
                    "1MiB",
                    &Size(KIB..=GIB),
                    "Largest request body of POST /events, in bytes. Larger ones are answered 413.",
                ),
                batch_max: s.read("publish.batch-max", "10000", &Count(1..=1_000_000), "Most events in one request."),
                events_per_second: bounds::events_per_second(s),
                bytes_per_second: bounds::bytes_per_second(s),
                queue_max: s.read(
                    "publish.queue-max",
                    "64MiB",
                    &Size(MIB..=64 * GIB),
                    "Most bytes of events that wait for the pipeline. At least `publish.body-max`.",
                ),
                queue_wait: s.read(
                    "publish.queue-wait",
                    "5s",
                    &Span(Duration::ZERO..=10 * MINUTE),
                    "How long a publisher waits for room in the queue before it is answered 429.",
                ),
                stuck_after: s.read(
                    "publish.stuck-after",
                    "10s",
                    &Span(SECOND..=60 * MINUTE),
                    "How long the queue may be full with nobody getting in, a worker be at one turn, or the log at one \
                    commit, before `/readyz` says that publishing is stuck.",
                ),
                default_source: s.read(
                    "publish.default-source",
                    "tidemill",
                    &Source,
                    "`source` of published events that name none, a URI reference.",
                ),
                idempotency_window: s.read(
                    "publish.idempotency-window",
                    "10m",
                    &Span(Duration::ZERO..=24 * 60 * MINUTE),
                    "How long an event with the same `source` and `id` is recognised and not stored again. 0s: never.",
                ),
                idempotency_max: s.read(
                    "publish.idempotency-max",
                    "1000000",
                    &Count(0..=100_000_000),
                    "Most events that are recognised at a time, about 64 bytes of memory each. The oldest go first.",
                ),
            },
            subscribe: Subscribe {
                heartbeat: s.read(
                    "subscribe.heartbeat",
                    "15s",
                    &Span(SECOND..=10 * MINUTE),
                    "Pause after which a quiet stream gets a comment line, so that proxies keep it open.",
                ),
                retry: s.read(
                    "subscribe.retry",
                    "2s",
                    &Span(100 * MILLISECOND..=10 * MINUTE),
                    "When clients are told to reconnect after a lost connection (SSE `retry:`).",
                ),
                connections_max: s.read(
                    "subscribe.connections-max",
                    "10000",
                    &Count(1..=10_000_000),
                    "Most open event streams and waiting polls. Further ones are answered 503; those that come back are told \
                    to do so later.",
                ),
                caps: bounds::caps(s),
                ring_max: s.read(
                    "subscribe.ring-max",
                    "64MiB",
                    &Size(MIB..=64 * GIB),
                    "Most bytes of recent, encoded frames kept for live delivery. Older ones are read from the log.",
                ),
                replay_rate: s.read(
                    "subscribe.replay-rate",
                    "256MiB",
                    &Size(0..=64 * GIB),
                    "Bytes per second for all subscribers together that catch up, so that a crowd that reconnects \
                    leaves room for live traffic. 0B: without bound.",
                ),
                slow: s.read(
                    "subscribe.slow",
                    "keep",
                    &Choice(&[("keep", Slow::Keep), ("sample", Slow::Sample), ("disconnect", Slow::Disconnect)]),
                    "What becomes of a subscriber that is behind and asked for nothing else: it gets every event, a \
                    sample of them, or is disconnected with a position to resume from.",
                ),
                write_timeout: s.read(
                    "subscribe.write-timeout",
                    "1m",
                    &Span(SECOND..=24 * 60 * MINUTE),
                    "A subscriber whose connection takes nothing for this long is disconnected. It may resume.",
                ),
                compression: s.read(
                    "subscribe.compression",
                    "",
                    &Several(&[("zstd", Coding::Zstd), ("gzip", Coding::Gzip)]),
                    "Codings for streams whose clients ask for them (`Accept-Encoding`), the best first, such as \
                    [\"zstd\", \"gzip\"]. None: streams are not compressed.",
                ),
            },
            log: Log {
                store: s.read(
                    "log.store",
                    "disk",
                    &Choice(&[("disk", StoreKind::Disk), ("memory", StoreKind::Memory)]),
                    "Where events are kept: in `log.db` in the data directory, or in memory until the server ends.",
                ),
                durability: s.read(
                    "log.durability",
                    "fsync",
                    &Choice(&[("fsync", Durability::Fsync), ("os", Durability::Os)]),
                    "When a publisher is answered: once the disk confirmed the event (survives a loss of power), or \
                    once the operating system has it (survives the end of the process). Of a log on disk only.",
                ),
                retention: Retention {
                    max_age: bound(s.read("log.max-age", "0s", &AGE, "How long events are kept. 0s: without bound.")),
                    max_bytes: size_bound(s.read(
                        "log.max-bytes",
                        "1GiB",
                        &Size(0..=1024 * GIB),
                        "Most bytes of events that are kept, the oldest go first. 0B: without bound.",
                    )),
                    max_events: count_bound(s.read(
                        "log.max-events",
                        "0",
                        &Count(0..=1_000_000_000_000),
                        "Most events that are kept, the oldest go first. 0: without bound.",
                    )),
                },
            },
            dead_letters: Retention {
                max_age: bound(s.read(
                    "dead-letters.max-age",
                    "30days",
                    &AGE,
                    "How long events that a plugin failed on are kept. 0s: without bound.",
                )),
                max_bytes: size_bound(s.read(
                    "dead-letters.max-bytes",
                    "64MiB",
                    &Size(0..=1024 * GIB),
                    "Most bytes of such events, the oldest go first. 0B: without bound.",
                )),
                max_events: count_bound(s.read(
                    "dead-letters.max-events",
                    "10000",
                    &Count(0..=1_000_000_000),
                    "Most such events, the oldest go first. 0: without bound.",
                )),
            },
            retention: s.retention_rules(),
            sources: s.keyed_tables("source", SOURCES_MAX, process::source),
            pipeline: Pipeline {
                workers: s.read(
                    "pipeline.workers",
                    "0",
                    &Count(0..=1024),
                    "Threads that run plugins. 0: one per two processors, at least 1.",
                ),
            },
            reload: Reload {
                settle: s.read(
                    "reload.settle",
                    "50ms",
                    &Span(MILLISECOND..=10 * SECOND),
                    "How long a plugin file must stay unchanged before it is loaded.",
                ),
                rescan: s.read(
                    "reload.rescan",
                    "2s",
                    &Span(100 * MILLISECOND..=60 * MINUTE),
                    "Time between full scans of the directory, for file systems that report no changes.",
                ),
                versions: s.read(
                    "reload.versions",
                    "3",
                    &Count(1..=100),
                    "Versions of each plugin that are kept for a rollback, with the one that runs.",
                ),
                upload_max: bounds::upload_max(s),
            },
            limits: limits::read(s),
            http_client: outside::http_client(s),
            registry_keys: outside::registry_keys(s),
            audit: Audit {
                events: s.read(
                    "audit.events",
                    "off",
                    &Choice(&[("off", false), ("on", true)]),
                    "Whether lines of the audit log are stored as events of the type `tidemill.audit`, too.",
                ),
            },
            mcp: Mcp {
                enabled: s.read(
                    "mcp.enabled",
                    "true",
                    &Switch,
                    "Whether MCP is at `/mcp` and below `/mcp/legacy` where no mount says otherwise.",
                ),
                session_idle: s.read(
                    "mcp.session-idle",
                    "30m",
                    &Span(SECOND..=24 * 60 * MINUTE),
                    "After how long without a request or an open stream a session of MCP ends.",
                ),
            },
            drain: Drain {
                deadline: s.read(
                    "drain.deadline",
                    "10s",
                    &Span(Duration::ZERO..=60 * MINUTE),
                    "Longest time from the signal to stop until the server ends.",
                ),
                spread: s.read(
                    "drain.spread",
                    "5s",
                    &Span(Duration::ZERO..=10 * MINUTE),
                    "Subscribers that are sent away come back after `subscribe.retry` and up to this time more, each \
                    after another, so that they do not all come at once.",
                ),
            },
            telemetry: telemetry::read(s),
            plugins: s.plugin_tables(),
            entries: Vec::new(),
            plugin_places: BTreeMap::new(),
            mounts: s.keyed_tables("mount", MOUNTS_MAX, |table, directory| {
                mount_table::mount(table, directory).map(Arc::new)
            }),
            written: Vec::new(),
            plugins_written: toml::Table::new(),
        };
        config.check_relations(s);
        mount_table::add_usual(&mut config);
        config
    }

    /// What no value shows alone.
    fn check_relations(&self, s: &mut Settings) {
        for detail in mount_table::contradictions(&self.mounts, &self.sources) {
            s.contradiction("mount", detail);
        }
        for (key, detail) in self.auth.contradictions() {
            s.contradiction(key, detail);
        }
        for detail in process::contradictions(&self.sources) {
            s.contradiction("source", detail);
        }
        if self.publish.queue_max < self.publish.body_max {
            s.conflict(
                "publish.queue-max",
                "is less than `publish.body-max`: a body of the largest size could never \
                be queued; raise `publish.queue-max` or lower `publish.body-max`",
            );
        }
        if self.cors.credentials && self.cors.origins.iter().any(|origin| origin == "*") {
            s.conflict(
                "cors.credentials",
                "does not go together with `cors.origins` [\"*\"]: every site could use the cookies of whoever visits it; \
                list the sites that may",
            );
        }
        if self.tls.certificate.is_some() != self.tls.key.is_some() {
            s.conflict("tls.certificate", "and `tls.key` go together: set both for HTTPS, or neither for plain HTTP");
        }
    }
}
