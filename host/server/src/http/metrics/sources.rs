//! Figures of sources, each by its name in the configuration.

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;

use crate::app::App;
use crate::source::Figures;

/// The figures of all sources of the configuration.
pub(super) struct SourceFigures(pub(super) Arc<App>);

impl fmt::Debug for SourceFigures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SourceFigures").finish_non_exhaustive()
    }
}

impl Collector for SourceFigures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let sources: Vec<(&str, &Figures)> = self.0.sources.figures().collect();
        if sources.is_empty() {
            return Ok(());
        }
        let help = "Processes of the source at this moment";
        let mut family = encoder.encode_descriptor("source_processes", help, None, MetricType::Gauge)?;
        for (source, figures) in &sources {
            let running = i64::try_from(figures.running()).unwrap_or(i64::MAX);
            family.encode_family(&[("source", *source)])?.encode_gauge(&running)?;
        }
        for (at, (name, help, _)) in Figures::default().counters().into_iter().enumerate() {
            let name = format!("source_{name}");
            let mut family = encoder.encode_descriptor(&name, help, None, MetricType::Counter)?;
            for (source, figures) in &sources {
                let (_, _, value) = figures.counters()[at];
                family.encode_family(&[("source", *source)])?.encode_counter::<NoLabelSet, _, u64>(&value, None)?;
            }
        }
        let help = "Lines of the source's processes, by what became of them";
        by(&mut encoder, "source_lines", help, ("kind", &sources), |figures| figures.lines().to_vec())?;
        let help = "Processes of the source that ended, by how";
        by(&mut encoder, "source_ended", help, ("outcome", &sources), |figures| figures.ended().to_vec())
    }
}

/// A counter for each source and value of a label.
fn by(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    (label, sources): (&str, &[(&str, &Figures)]),
    of: impl Fn(&Figures) -> Vec<(&'static str, u64)>,
) -> fmt::Result {
    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
    for (source, figures) in sources {
        for (value, count) in of(figures) {
            let labels = [("source", *source), (label, value)];
            family.encode_family(&labels)?.encode_counter::<NoLabelSet, _, u64>(&count, None)?;
        }
    }
    Ok(())
}
