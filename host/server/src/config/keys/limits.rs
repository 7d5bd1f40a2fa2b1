//! The keys of `[limits]`: what each plugin gets whose own settings say nothing else.

use std::time::Duration;

use tidemill_plugin::Limits;
use tidemill_plugin::limits::{
    CLOCK_RANGE, HTTP_BYTES_RANGE, HTTP_CONCURRENCY_RANGE, HTTP_TIME_RANGE, TOOL_COMPUTE_RANGE, TOOL_CONCURRENCY_RANGE,
    TOOL_TIME_RANGE,
};

use super::{GIB, KIB, MIB, MILLISECOND};
use crate::config::kind::{Count, Size, Span};
use crate::config::settings::Settings;

const CALL_TIMES: std::ops::RangeInclusive<Duration> = MILLISECOND..=Duration::from_secs(10);

pub(super) fn read(s: &mut Settings) -> Limits {
    Limits {
                time: s.read(
                    "limits.time",
                    "50ms",
                    &Span(CALL_TIMES),
                    "Longest call of one plugin with one batch.",
                ),
                event_time: s.read(
                    "limits.event-time",
                    "10s",
                    &Span(CALL_TIMES),
                    "Longest time of one plugin for each event of a batch: a call has so much per event, and `limits.time` at most.",
                ),
                memory: s.read(
                    "limits.memory",
                    "64MiB",
                    &Size(MIB..=4 * GIB),
                    "Most memory of one plugin instance, in bytes.",
                ),
                table_elements: s.read(
                    "limits.table-elements",
                    "100000",
                    &Count(1..=10_000_000),
                    "Most elements in each table of one plugin instance.",
                ),
                instances: s.read(
                    "limits.instances",
                    "100",
                    &Count(1..=1_000),
                    "Most core instances in one plugin instance, and as many tables and memories.",
                ),
                output_bytes: s.read(
                    "limits.output-bytes",
                    "16MiB",
                    &Size(KIB..=GIB),
                    "Most bytes that one plugin hands to the host in one call.",
                ),
                output_events: s.read(
                    "limits.output-events",
                    "64",
                    &Count(1..=10_000),
                    "Most events that one plugin makes of one.",
                ),
                log_lines: s.read(
                    "limits.log-lines",
                    "100",
                    &Count(0..=100_000),
                    "Most log lines of one plugin per second.",
                ),
                recycle_calls: s.read(
                    "limits.recycle-calls",
                    "0",
                    &Count(0..=1_000_000_000_000),
                    "Calls after which an instance of a plugin is replaced by a new one. 0: never.",
                ),
                recycle_memory: s.read(
                    "limits.recycle-memory",
                    "32MiB",
                    &Size(MIB..=4 * GIB),
                    "Memory of a plugin instance above which it is replaced by a new one, in bytes.",
                ),
                state: s.read(
                    "limits.state",
                    "16MiB",
                    &Size(KIB..=4 * GIB),
                    "Most bytes that one plugin keeps as its state, with 64 for each key. All of it is in memory, too.",
                ),
                hops: s.read(
                    "limits.hops",
                    "4",
                    &Count(0..=16),
                    "How often plugins may publish events on account of each other's.",
                ),
                http_time: s.read(
                    "limits.http-time",
                    "5s",
                    &Span(HTTP_TIME_RANGE),
                    "Longest HTTP request of one plugin, until its last byte.",
                ),
                http_bytes: s.read(
                    "limits.http-bytes",
                    "1MiB",
                    &Size(HTTP_BYTES_RANGE),
                    "Most bytes in the body of a request of one plugin, and in that of its answer.",
                ),
                http_concurrency: s.read(
                    "limits.http-concurrency",
                    "8",
                    &Count(HTTP_CONCURRENCY_RANGE),
                    "Most HTTP requests of one plugin at once. Further ones wait within their time.",
                ),
                clock: s.read(
                    "limits.clock",
                    "0s",
                    &Span(CLOCK_RANGE),
                    "Smallest step of the clocks that plugins see. 0s: as fine as the system's.",
                ),
                tool_time: s.read(
                    "limits.tool-time",
                    "5m",
                    &Span(TOOL_TIME_RANGE),
                    "Longest call of a tool, or for a prompt or a resource, sleeping included.",
                ),
                tool_compute: s.read(
                    "limits.tool-compute",
                    "10s",
                    &Span(TOOL_COMPUTE_RANGE),
                    "Longest time that such a call computes, without what it waits.",
                ),
                tool_concurrency: s.read(
                    "limits.tool-concurrency",
                    "16",
                    &Count(TOOL_CONCURRENCY_RANGE),
                    "Most such calls of one plugin at once, each with a thread and an instance. Further ones wait.",
                ),
            }
}
