//! Figures of the way in: requests, queue, workers, log.

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Unit;
use tidemill_bus::Health;

use super::families::Families;
use crate::app::App;

pub(super) struct PipelineFigures(pub(super) Arc<App>);

impl fmt::Debug for PipelineFigures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PipelineFigures").finish_non_exhaustive()
    }
}

impl Collector for PipelineFigures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        requests(&mut Families(&mut encoder), &self.0)?;
        events(&mut Families(&mut encoder), &self.0)?;
        log(&mut encoder, &self.0)
    }
}

fn requests(to: &mut Families<'_, '_>, app: &App) -> fmt::Result {
    let health = app.bus.health();
    to.gauge("ready", "Whether publishing works, as /readyz says", u64::from(health == Health::Ready))?;
    let help = "Requests to publish, by the class of the answer's status";
    to.counters("publish_requests", help, "code", app.figures.publish.read())?;
    let help = "Deliveries of other systems to webhooks, by the class of the answer's status";
    to.counters("hook_deliveries", help, "code", app.figures.hooks.read())
}

fn events(to: &mut Families<'_, '_>, app: &App) -> fmt::Result {
    let figures = app.bus.figures();
    let received = figures.received().map(|(origin, count)| (origin.name(), count));
    to.counters("events_received", "Events that were taken, by who sent them", "origin", received)?;
    let became = figures.became().map(|(fate, count)| (fate.name(), count));
    to.counters("events_processed", "Events that were decided, by what became of them", "outcome", became)?;
    to.counter("events_busy", "Events that were not taken, as the queue had no room for them", figures.busy())?;
    to.gauge("events_under_way", "Events that were taken and are not decided yet", figures.under_way())?;
    let queue = app.bus.queue_usage();
    to.gauge("queue_bytes", "Bytes of events that are not decided yet", queue.bytes as u64)?;
    to.gauge("queue_max_bytes", "The bound of these, `publish.queue-max`", queue.bytes_max as u64)?;
    to.gauge("queue_submissions", "Requests, or parts of them, that wait for a worker", queue.submissions as u64)?;
    to.gauge("queue_max_submissions", "The bound of these", queue.submissions_max as u64)?;
    let (workers, turn) = app.bus.workers();
    to.gauge("workers", "Pipeline workers", workers as u64)?;
    to.counter("turns", "Turns that pipeline workers have taken", figures.turns())?;
    if let Some((dropped, sent)) = app.traces.as_ref().map(crate::traces::Traces::figures) {
        to.counter("trace_spans_sent", "Spans that the collector of traces took", sent)?;
        to.counter("trace_spans_dropped", "Spans that were too many, or that it did not take", dropped)?;
    }
    let help = "How long the worker that has been at its turn for longest has been";
    to.seconds("turn_present", help, turn.as_secs_f64())
}

fn log(encoder: &mut DescriptorEncoder<'_>, app: &App) -> fmt::Result {
    let (info, figures) = (app.bus.log_info(), app.bus.log_figures());
    let mut to = Families(encoder);
    to.gauge("log_last_sequence", "The newest sequence that the log gave out", info.last)?;
    to.gauge("log_events", "Events in the log", info.records)?;
    to.gauge("log_bytes", "Bytes of these, as they are stored", info.bytes)?;
    if let Some(bytes) = info.disk_bytes {
        to.gauge("log_disk_bytes", "Bytes of the log's files", bytes)?;
    }
    to.gauge("log_failing", "Whether the last append failed", u64::from(info.failing.is_some()))?;
    to.counter("log_append_failures", "Appends that were not stored", figures.failures())?;
    let help = "How long the log's writer has been at what it does";
    to.seconds("log_writing", help, figures.writing().as_secs_f64())?;
    to.gauge("idempotency_keys", "Published events that would be recognised", info.known)?;
    to.gauge("dead_letters", "Dead letters that are kept", info.dead_letters.count)?;
    to.gauge("dead_letter_bytes", "Bytes of these", info.dead_letters.bytes)?;
    let commits = figures.commits();
    let help = "Time of commits to disk, with its confirmation";
    let mut family =
        encoder.encode_descriptor("log_commit_duration", help, Some(&Unit::Seconds), MetricType::Histogram)?;
    let buckets = super::bounded(&commits.buckets);
    family.encode_histogram::<NoLabelSet>(commits.sum, commits.count, &buckets, None)
}
