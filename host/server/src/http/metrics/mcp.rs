//! Figures of the MCP server.

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;

use super::families::Families;
use crate::app::App;

#[derive(Debug)]
pub(super) struct McpFigures(pub(super) Arc<App>);

impl Collector for McpFigures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let help = "What is open of MCP: sessions, streams of the older transport, requests and streams";
        Families(&mut encoder).gauges("mcp_open", help, "what", self.0.mcp.open())?;
        let help = "Requests of MCP, by method and whether they were answered with a result";
        let mut family = encoder.encode_descriptor("mcp_requests", help, None, MetricType::Counter)?;
        self.0.mcp.requests().into_iter().try_for_each(|(method, answered, count)| {
            let labels = [("method", method), ("outcome", if answered { "result" } else { "error" })];
            family.encode_family(&labels)?.encode_counter::<NoLabelSet, _, u64>(&count, None)
        })
    }
}
