//! Figures of plugins: what each did, in all its versions. Names of plugins are the operator's file names, and what a
//! plugin counts itself is bounded (`host/plugin/src/meter.rs`).

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Unit;
use tidemill_plugin::{BreakerState, Distribution, Figures, Histogram, PluginReport, Reading, StateUsage};

use crate::app::App;

/// The figures of all plugins that are known.
pub(super) struct PluginFigures(pub(super) Arc<App>);

impl fmt::Debug for PluginFigures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PluginFigures").finish_non_exhaustive()
    }
}

/// A family: its name, what it is, and which figure of a plugin stands in it.
type Family<T> = (&'static str, &'static str, fn(&Figures) -> &T);

const COUNTERS: [Family<AtomicU64>; 11] = [
    ("calls", "Calls with a batch of events", |of| &of.calls),
    ("events_in", "Events that the plugin was asked about", |of| &of.events_in),
    ("events_out", "Events that went on after the plugin, those that it made included", |of| &of.events_out),
    ("dropped", "Events that the plugin dropped", |of| &of.dropped),
    ("rejected", "Events that the plugin refused", |of| &of.rejected),
    ("retried", "Events that the plugin wanted to see again later", |of| &of.retried),
    ("published", "Events that the plugin published beside those that passed through it", |of| &of.published),
    ("unpublished", "Events that the plugin wanted to publish and could not", |of| &of.unpublished),
    ("passed_over", "Events that did not reach the plugin because it was out", |of| &of.passed_over),
    ("opened", "How often the plugin was taken out by its breaker", |of| &of.opened),
    ("recycled", "Instances that were replaced because they were old or large", |of| &of.recycled),
];

const GAUGES: [Family<AtomicI64>; 3] = [
    ("instances", "Instances at this moment", |of| &of.instances),
    ("client_calls_running", "Calls of tools, and for prompts and resources, that go on", |of| {
        &of.client_calls_running
    }),
    ("memory_bytes", "Linear memory of all instances at this moment", |of| &of.memory),
];

const HISTOGRAMS: [Family<Histogram>; 3] = [
    ("call_duration", "Time of calls with a batch", |of| &of.call_time),
    ("client_call_duration", "Time of calls of tools, and for prompts and resources", |of| &of.client_call_time),
    ("event_duration", "Time of calls, divided by their events", |of| &of.event_time),
];

/// The same of what a plugin keeps.
type StateFamily = (&'static str, &'static str, fn(&StateUsage) -> usize);

const STATE: [StateFamily; 2] = [
    ("plugin_state_keys", "Keys of the plugin's state", |of| of.keys),
    ("plugin_state_bytes", "Bytes of the plugin's state, with 64 for each key", |of| of.bytes),
];

impl Collector for PluginFigures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let reports = self.0.plugins.reports();
        for (name, help, of_usage) in STATE {
            let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            for report in &reports {
                let value = of_usage(&self.0.bus.state_usage(&report.name)) as i64;
                family.encode_family(&of(report))?.encode_gauge(&value)?;
            }
        }
        for (name, help, count) in COUNTERS {
            let name = format!("plugin_{name}");
            let mut family = encoder.encode_descriptor(&name, help, None, MetricType::Counter)?;
            for report in &reports {
                let value = count(&report.figures).load(Relaxed);
                family.encode_family(&of(report))?.encode_counter::<NoLabelSet, _, u64>(&value, None)?;
            }
        }
        let help = "Events on which the plugin failed, by kind";
        let mut family = encoder.encode_descriptor("plugin_faults", help, None, MetricType::Counter)?;
        for report in &reports {
            for (kind, count) in report.figures.faults() {
                let labels = [("plugin", report.name.as_str()), ("kind", kind.name())];
                family.encode_family(&labels)?.encode_counter::<NoLabelSet, _, u64>(&count, None)?;
            }
        }
        let help = "Calls of tools, and for prompts and resources, by how they ended";
        let mut family = encoder.encode_descriptor("plugin_client_calls", help, None, MetricType::Counter)?;
        for report in &reports {
            for (end, count) in report.figures.client_calls() {
                let labels = [("plugin", report.name.as_str()), ("outcome", end.name())];
                family.encode_family(&labels)?.encode_counter::<NoLabelSet, _, u64>(&count, None)?;
            }
        }
        let help = "HTTP requests that the plugin sent, by outcome";
        let mut family = encoder.encode_descriptor("plugin_http_requests", help, None, MetricType::Counter)?;
        for report in &reports {
            for (outcome, count) in report.figures.http.read() {
                let labels = [("plugin", report.name.as_str()), ("outcome", outcome.name())];
                family.encode_family(&labels)?.encode_counter::<NoLabelSet, _, u64>(&count, None)?;
            }
        }
        for (name, help, value) in GAUGES {
            let name = format!("plugin_{name}");
            let mut family = encoder.encode_descriptor(&name, help, None, MetricType::Gauge)?;
            for report in &reports {
                family.encode_family(&of(report))?.encode_gauge(&value(&report.figures).load(Relaxed))?;
            }
        }
        for (name, help, histogram) in HISTOGRAMS {
            let name = format!("plugin_{name}");
            let mut family = encoder.encode_descriptor(&name, help, Some(&Unit::Seconds), MetricType::Histogram)?;
            for report in &reports {
                let read = histogram(&report.figures).read();
                let buckets = buckets(&read);
                family
                    .encode_family(&of(report))?
                    .encode_histogram::<NoLabelSet>(read.sum, read.count, &buckets, None)?;
            }
        }
        own(&mut encoder, &reports)?;
        running(&mut encoder, &reports)
    }
}

/// What plugins count themselves.
fn own(encoder: &mut DescriptorEncoder<'_>, reports: &[PluginReport]) -> fmt::Result {
    let readings: Vec<(&str, Vec<(String, Reading)>)> =
        reports.iter().map(|report| (report.name.as_str(), report.figures.own.read())).collect();
    let all = || {
        readings.iter().flat_map(|(plugin, own)| own.iter().map(|(name, reading)| (*plugin, name.as_str(), reading)))
    };
    let help = "Counters of the plugin's own, by name";
    let mut family = encoder.encode_descriptor("plugin_own", help, None, MetricType::Counter)?;
    for (plugin, name, reading) in all() {
        if let Reading::Counter(count) = reading {
            let labels = [("plugin", plugin), ("name", name)];
            family.encode_family(&labels)?.encode_counter::<NoLabelSet, _, u64>(count, None)?;
        }
    }
    let help = "Values of the plugin's own, by name";
    let mut family = encoder.encode_descriptor("plugin_own_values", help, None, MetricType::Histogram)?;
    for (plugin, name, reading) in all() {
        if let Reading::Histogram(read) = reading {
            let labels = [("plugin", plugin), ("name", name)];
            let (sum, count) = (read.sum, read.count);
            family.encode_family(&labels)?.encode_histogram::<NoLabelSet>(sum, count, &buckets(read), None)?;
        }
    }
    let help = "Figures of the plugin's own that could not be kept";
    let mut family = encoder.encode_descriptor("plugin_own_lost", help, None, MetricType::Counter)?;
    for report in reports {
        let lost = report.figures.own.lost();
        family.encode_family(&of(report))?.encode_counter::<NoLabelSet, _, u64>(&lost, None)?;
    }
    Ok(())
}

fn buckets(read: &Distribution) -> Vec<(f64, u64)> {
    super::bounded(&read.buckets)
}

/// What is to be said of versions that run.
fn running(encoder: &mut DescriptorEncoder<'_>, reports: &[PluginReport]) -> fmt::Result {
    let help = "Where the breaker stands: 0 closed, 1 half-open, 2 open";
    let mut family = encoder.encode_descriptor("plugin_breaker", help, None, MetricType::Gauge)?;
    for report in reports {
        if let Some(plugin) = &report.running {
            let value: i64 = match plugin.breaker_state() {
                BreakerState::Closed => 0,
                BreakerState::HalfOpen => 1,
                BreakerState::Open => 2,
            };
            family.encode_family(&of(report))?.encode_gauge(&value)?;
        }
    }
    let help = "Time that compiling the version that runs took, or reading what was compiled before";
    let mut family =
        encoder.encode_descriptor("plugin_compile_duration", help, Some(&Unit::Seconds), MetricType::Gauge)?;
    for report in reports {
        if let Some(plugin) = &report.running {
            family.encode_family(&of(report))?.encode_gauge(&plugin.compile_time().as_secs_f64())?;
        }
    }
    let mut family = encoder.encode_descriptor("plugin_version", "The version that runs", None, MetricType::Info)?;
    for report in reports {
        if let Some(plugin) = &report.running {
            let version = plugin.version().to_string();
            family.encode_family(&of(report))?.encode_info(&[("version", version.as_str())])?;
        }
    }
    Ok(())
}

fn of(report: &PluginReport) -> impl EncodeLabelSet {
    [("plugin", report.name.clone())]
}
