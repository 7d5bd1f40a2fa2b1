//! Figures of the way out: who listens, what they got, how far behind they are.

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;
use tidemill_bus::Skip;

use super::families::Families;
use crate::app::App;

pub(super) struct SubscriberFigures(pub(super) Arc<App>);

impl fmt::Debug for SubscriberFigures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubscriberFigures").finish_non_exhaustive()
    }
}

impl Collector for SubscriberFigures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let app = &self.0;
        let (delivered, (subscribers, behind, max_lag)) = (app.connections.delivered(), app.connections.lags());
        let mut to = Families(&mut encoder);
        to.counter("deliveries", "Events that were handed to subscribers", delivered.events)?;
        to.counter("delivered_bytes", "Bytes of their frames", delivered.bytes)?;
        let skipped = Skip::ALL.map(|reason| (reason.name(), delivered.skipped[reason as usize]));
        to.counters("skipped", "Events that subscribers did not get, by reason", "reason", skipped)?;
        to.counter("evicted", "Subscribers that were cut off for what they did not take", delivered.evicted)?;
        to.gauge("subscribers", "Streams and waiting polls", subscribers as u64)?;
        to.gauge("subscribers_max", "The bound of these, `subscribe.connections-max`", self.max())?;
        to.gauge("subscribers_behind", "Those that are behind", behind as u64)?;
        to.gauge("subscribers_max_lag", "The most events that one of them is behind", max_lag)?;
        to.counter("connections_opened", "Streams and waiting polls so far", app.connections.opened())?;
        let mounts = app.connections.mounts();
        let streams = mounts.iter().map(|(mount, streams, _)| (mount.as_str(), *streams as u64));
        to.gauges("mount_streams", "Streams, by the mount that they are at", "mount", streams)?;
        let failures = mounts.iter().map(|(mount, _, failures)| (mount.as_str(), *failures));
        let help = "Events, hellos and heartbeats that were left out since a program of their mount failed on them";
        to.counters("mount_program_failures", help, "mount", failures)?;
        let help = "Requests of people who may not, by the kind of problem";
        to.counters("auth_failures", help, "reason", app.figures.refused.read())?;
        let help = "Requests and connections that were too many, by the setting that bounds them";
        to.counters("limited", help, "limit", app.figures.limited.read())?;
        let help = "Streams and waiting polls, by the type of their token";
        to.gauges("connections_by_token", help, "token", app.connections.token_types())?;
        let help = "Streams and waiting polls, by what carries them";
        let mut family = encoder.encode_descriptor("connections", help, None, MetricType::Gauge)?;
        for (kind, lane, count) in app.connections.kinds() {
            let labels = [("kind", kind), ("lane", lane)];
            family.encode_family(&labels)?.encode_gauge(&i64::try_from(count).unwrap_or(i64::MAX))?;
        }
        Ok(())
    }
}

impl SubscriberFigures {
    fn max(&self) -> u64 {
        self.0.config().subscribe.connections_max as u64
    }
}
