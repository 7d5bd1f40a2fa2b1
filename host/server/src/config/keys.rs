//! Every key: its default, its bounds and what it means.
//!
//! Owns this list and the relations between values. A new key is one more `read` here and one more row in
//! `docs/configuration.md`; a test compares the two.

use std::{collections::BTreeMap, time::Duration};

use tidemill_event::limits::DATA_BYTES_MAX;

use super::kind::{Address, Choice, Count, Directives, Folder, Size, Source, Span};
use super::settings::Settings;
use super::{Config, Drain, Limits, Log, LogFormat, Pipeline, Publish, Reload, Subscribe, Telemetry};

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
        let config = Self {
            listen: s.read(
                "listen",
                "127.0.0.1:3000",
                &Address,
                "Address and port of the HTTP server. Port 0 picks a free one.",
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
            publish: Publish {
                body_max: s.read(
                    "publish.body-max",
                    "1MiB",
                    &Size(KIB..=GIB),
                    "Largest request body of POST /events, in bytes. Larger ones are answered 413.",
                ),
                batch_max: s.read("publish.batch-max", "10000", &Count(1..=1_000_000), "Most events in one request."),
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
                default_source: s.read(
                    "publish.default-source",
                    "tidemill",
                    &Source,
                    "`source` of published events that name none, a URI reference.",
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
                    "Most open event streams. Further ones are answered 503.",
                ),
                ring_max: s.read(
                    "subscribe.ring-max",
                    "64MiB",
                    &Size(MIB..=64 * GIB),
                    "Most bytes of recent, encoded frames kept for live delivery. Older ones are read from the log.",
                ),
            },
            log: Log {
                events_max: s.read(
                    "log.events-max",
                    "100000",
                    &Count(1..=1_000_000_000),
                    "Most events kept for replay. The oldest go first.",
                ),
                bytes_max: s.read(
                    "log.bytes-max",
                    "256MiB",
                    &Size(MIB..=1024 * GIB),
                    "Most bytes of events kept for replay. The oldest go first.",
                ),
            },
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
            },
            limits: Limits {
                time: s.read(
                    "limits.time",
                    "50ms",
                    &Span(MILLISECOND..=10 * SECOND),
                    "Longest call of one plugin with one batch.",
                ),
                memory: s.read(
                    "limits.memory",
                    "64MiB",
                    &Size(MIB..=4 * GIB),
                    "Most memory of one plugin instance, in bytes.",
                ),
                log_lines: s.read(
                    "limits.log-lines",
                    "100",
                    &Count(0..=100_000),
                    "Most log lines of one plugin per second.",
                ),
            },
            drain: Drain {
                deadline: s.read(
                    "drain.deadline",
                    "10s",
                    &Span(Duration::ZERO..=60 * MINUTE),
                    "Longest time from the signal to stop until the server ends.",
                ),
            },
            telemetry: Telemetry {
                format: s.read(
                    "telemetry.format",
                    "text",
                    &Choice(&[("text", LogFormat::Text), ("json", LogFormat::Json)]),
                    "How log lines are written to standard error.",
                ),
                filter: s.read(
                    "telemetry.filter",
                    "info",
                    &Directives,
                    "Which log lines are written: a level, or directives such as `info,tidemill_bus=debug`.",
                ),
            },
            plugins: s.plugin_tables(),
            entries: Vec::new(),
            plugin_places: BTreeMap::new(),
        };
        config.check_relations(s);
        config
    }

    /// What no value shows alone.
    fn check_relations(&self, s: &mut Settings) {
        if self.publish.queue_max < self.publish.body_max {
            s.conflict(
                "publish.queue-max",
                "is less than `publish.body-max`: a body of the largest size could never \
                be queued; raise `publish.queue-max` or lower `publish.body-max`",
            );
        }
    }
}
