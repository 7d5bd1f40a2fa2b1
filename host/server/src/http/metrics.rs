//! `GET /metrics`: figures in the OpenMetrics text format
//! (<https://prometheus.io/docs/specs/om/open_metrics_spec/>), which Prometheus scrapes. Read when they are asked for;
//! nothing is counted here. No label has a value that a client chose: how many series there are is the operator's to say.

mod families;
mod mcp;
mod pipeline;
mod plugins;
mod process;
mod sources;
mod subscribers;
mod tls;

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::text;
use prometheus_client::registry::Registry;

use crate::app::App;
use crate::problem::{Kind, Problem};

const TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub(super) async fn metrics(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    let mut own = Registry::with_prefix("tidemill");
    own.register_collector(Box::new(pipeline::PipelineFigures(Arc::clone(&app))));
    own.register_collector(Box::new(mcp::McpFigures(Arc::clone(&app))));
    own.register_collector(Box::new(subscribers::SubscriberFigures(Arc::clone(&app))));
    if let Some(certificate) = &app.certificate {
        own.register_collector(Box::new(tls::CertificateFigures(Arc::clone(certificate))));
    }
    own.register_collector(Box::new(sources::SourceFigures(Arc::clone(&app))));
    own.register_collector(Box::new(plugins::PluginFigures(app)));
    let mut process = Registry::default();
    process.register_collector(Box::new(process::ProcessFigures));
    let mut body = String::new();
    text::encode_registry(&mut body, &own)
        .and_then(|()| text::encode_registry(&mut body, &process))
        .and_then(|()| text::encode_eof(&mut body))
        .map_err(|error| Problem::new(Kind::Unavailable, error.to_string()))?;
    Ok(([(header::CONTENT_TYPE, TYPE)], body).into_response())
}

/// Buckets as the library takes them, for which the greatest number is no bound.
fn bounded(buckets: &[(f64, u64)]) -> Vec<(f64, u64)> {
    buckets.iter().map(|(bound, count)| (if bound.is_finite() { *bound } else { f64::MAX }, *count)).collect()
}
