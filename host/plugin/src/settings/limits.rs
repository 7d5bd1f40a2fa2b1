//! The table `limits` of one plugin's settings: every limit may differ from the host's, within what makes sense.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::time::Duration;

use serde::Deserialize;

use crate::Limits;
use crate::limits::{
    CLOCK_RANGE, HOPS_RANGE, HTTP_BYTES_RANGE, HTTP_CONCURRENCY_RANGE, HTTP_TIME_RANGE, OUTPUT_EVENTS_RANGE,
    TOOL_COMPUTE_RANGE, TOOL_CONCURRENCY_RANGE, TOOL_TIME_RANGE,
};

/// What times of calls may be set to.
const CALL_TIMES: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_secs(10);

/// Limits as settings; absent ones have the host's default. See [`Limits`] for what each is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LimitSettings {
    pub(crate) time: Option<Duration>,
    pub(crate) event_time: Option<Duration>,
    pub(crate) memory: Option<usize>,
    pub(crate) table_elements: Option<usize>,
    pub(crate) instances: Option<usize>,
    pub(crate) output_bytes: Option<usize>,
    pub(crate) output_events: Option<usize>,
    pub(crate) log_lines: Option<u32>,
    pub(crate) recycle_calls: Option<u64>,
    pub(crate) recycle_memory: Option<usize>,
    pub(crate) state: Option<usize>,
    pub(crate) hops: Option<u8>,
    pub(crate) http_time: Option<Duration>,
    pub(crate) http_bytes: Option<usize>,
    pub(crate) http_concurrency: Option<usize>,
    pub(crate) clock: Option<Duration>,
    pub(crate) tool_time: Option<Duration>,
    pub(crate) tool_compute: Option<Duration>,
    pub(crate) tool_concurrency: Option<usize>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(super) struct RawLimits {
    time: Option<String>,
    event_time: Option<String>,
    memory: Option<String>,
    table_elements: Option<usize>,
    instances: Option<usize>,
    output_bytes: Option<String>,
    output_events: Option<usize>,
    log_lines: Option<u32>,
    recycle_calls: Option<u64>,
    recycle_memory: Option<String>,
    state: Option<String>,
    hops: Option<u8>,
    http_time: Option<String>,
    http_bytes: Option<String>,
    http_concurrency: Option<usize>,
    clock: Option<String>,
    tool_time: Option<String>,
    tool_compute: Option<String>,
    tool_concurrency: Option<usize>,
}

impl LimitSettings {
    /// These, with those of `other` wherever it has any.
    pub(super) fn overridden_by(self, other: Self) -> Self {
        Self {
            time: other.time.or(self.time),
            event_time: other.event_time.or(self.event_time),
            memory: other.memory.or(self.memory),
            table_elements: other.table_elements.or(self.table_elements),
            instances: other.instances.or(self.instances),
            output_bytes: other.output_bytes.or(self.output_bytes),
            output_events: other.output_events.or(self.output_events),
            log_lines: other.log_lines.or(self.log_lines),
            recycle_calls: other.recycle_calls.or(self.recycle_calls),
            recycle_memory: other.recycle_memory.or(self.recycle_memory),
            state: other.state.or(self.state),
            hops: other.hops.or(self.hops),
            http_time: other.http_time.or(self.http_time),
            http_bytes: other.http_bytes.or(self.http_bytes),
            http_concurrency: other.http_concurrency.or(self.http_concurrency),
            clock: other.clock.or(self.clock),
            tool_time: other.tool_time.or(self.tool_time),
            tool_compute: other.tool_compute.or(self.tool_compute),
            tool_concurrency: other.tool_concurrency.or(self.tool_concurrency),
        }
    }

    /// The limits that apply.
    pub(crate) fn over(self, defaults: &Limits) -> Limits {
        Limits {
            time: self.time.unwrap_or(defaults.time),
            event_time: self.event_time.unwrap_or(defaults.event_time),
            memory: self.memory.unwrap_or(defaults.memory),
            table_elements: self.table_elements.unwrap_or(defaults.table_elements),
            instances: self.instances.unwrap_or(defaults.instances),
            output_bytes: self.output_bytes.unwrap_or(defaults.output_bytes),
            output_events: self.output_events.unwrap_or(defaults.output_events),
            log_lines: self.log_lines.unwrap_or(defaults.log_lines),
            recycle_calls: self.recycle_calls.unwrap_or(defaults.recycle_calls),
            recycle_memory: self.recycle_memory.unwrap_or(defaults.recycle_memory),
            state: self.state.unwrap_or(defaults.state),
            hops: self.hops.unwrap_or(defaults.hops),
            http_time: self.http_time.unwrap_or(defaults.http_time),
            http_bytes: self.http_bytes.unwrap_or(defaults.http_bytes),
            http_concurrency: self.http_concurrency.unwrap_or(defaults.http_concurrency),
            clock: self.clock.unwrap_or(defaults.clock),
            tool_time: self.tool_time.unwrap_or(defaults.tool_time),
            tool_compute: self.tool_compute.unwrap_or(defaults.tool_compute),
            tool_concurrency: self.tool_concurrency.unwrap_or(defaults.tool_concurrency),
        }
    }
}

impl RawLimits {
    pub(super) fn read(self, problems: &mut Vec<String>) -> LimitSettings {
        let mut told = Problems(problems);
        LimitSettings {
            time: told.span("time", self.time, CALL_TIMES),
            event_time: told.span("event-time", self.event_time, CALL_TIMES),
            memory: told.size("memory", self.memory, 1 << 20..=4 << 30, "1MiB and 4GiB, such as \"64MiB\""),
            table_elements: told.within("table-elements", self.table_elements, 1..=10_000_000),
            instances: told.within("instances", self.instances, 1..=1_000),
            output_bytes: told.size(
                "output-bytes",
                self.output_bytes,
                1 << 10..=1 << 30,
                "1KiB and 1GiB, such as \"16MiB\"",
            ),
            output_events: told.within("output-events", self.output_events, OUTPUT_EVENTS_RANGE),
            log_lines: told.within("log-lines", self.log_lines, 0..=100_000),
            recycle_calls: told.within("recycle-calls", self.recycle_calls, 0..=u64::MAX / 2),
            recycle_memory: told.size(
                "recycle-memory",
                self.recycle_memory,
                1 << 20..=4 << 30,
                "1MiB and 4GiB, such as \"32MiB\"",
            ),
            state: told.size("state", self.state, 1 << 10..=4 << 30, "1KiB and 4GiB, such as \"16MiB\""),
            hops: told.within("hops", self.hops, HOPS_RANGE),
            http_time: told.span("http-time", self.http_time, HTTP_TIME_RANGE),
            http_bytes: told.size(
                "http-bytes",
                self.http_bytes,
                *HTTP_BYTES_RANGE.start() as u64..=*HTTP_BYTES_RANGE.end() as u64,
                "1KiB and 64MiB, such as \"1MiB\"",
            ),
            http_concurrency: told.within("http-concurrency", self.http_concurrency, HTTP_CONCURRENCY_RANGE),
            clock: told.span("clock", self.clock, CLOCK_RANGE),
            tool_time: told.span("tool-time", self.tool_time, TOOL_TIME_RANGE),
            tool_compute: told.span("tool-compute", self.tool_compute, TOOL_COMPUTE_RANGE),
            tool_concurrency: told.within("tool-concurrency", self.tool_concurrency, TOOL_CONCURRENCY_RANGE),
        }
    }
}

/// Takes what is right and notes what is wrong.
struct Problems<'a>(&'a mut Vec<String>);

impl Problems<'_> {
    fn span(&mut self, key: &str, text: Option<String>, range: RangeInclusive<Duration>) -> Option<Duration> {
        let text = text?;
        let parsed = humantime::parse_duration(&text).ok().filter(|time| range.contains(time));
        let (least, most) = (range.start(), range.end());
        self.or_say(parsed, key, &format!("`{text}` is not a time between {least:?} and {most:?}, such as \"50ms\""))
    }

    fn size(&mut self, key: &str, text: Option<String>, range: RangeInclusive<u64>, told: &str) -> Option<usize> {
        let text = text?;
        let parsed = text.parse::<bytesize::ByteSize>().ok().map(|size| size.as_u64());
        let parsed = parsed.filter(|bytes| range.contains(bytes)).and_then(|bytes| usize::try_from(bytes).ok());
        self.or_say(parsed, key, &format!("`{text}` is not a size between {told}"))
    }

    fn within<T: PartialOrd + Display + Copy>(
        &mut self,
        key: &str,
        value: Option<T>,
        range: RangeInclusive<T>,
    ) -> Option<T> {
        let value = value?;
        let detail = format!("{value} is not a number from {} to {}", range.start(), range.end());
        self.or_say(Some(value).filter(|value| range.contains(value)), key, &detail)
    }

    fn or_say<T>(&mut self, parsed: Option<T>, key: &str, detail: &str) -> Option<T> {
        if parsed.is_none() {
            self.0.push(format!("limits.{key}: {detail}"));
        }
        parsed
    }
}
