//! What a component of every kind costs: `tidemill plugin build --release`, then `bench` with the same inputs for all languages.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Language;
use super::typed::Author;
use crate::report::median;

/// Every kind that is measured.
const KINDS: [&str; 8] = ["filter", "transform", "event-types", "view", "webhook", "tools", "prompts", "resources"];
/// Lines of the order that is passed through: about 1 KB of JSON.
const LINES: usize = 20;

/// What was measured of a component.
#[derive(Debug, Clone, Serialize)]
pub struct Component {
    /// Seconds that building it took, with what the other plugins of this author left in caches.
    pub build_s: f64,
    /// What running it costs: of times for events the medians of all passes.
    #[serde(flatten)]
    pub run: Run,
}

/// What `tidemill plugin bench --json` says of a run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Run {
    /// Bytes of the component.
    pub size: u64,
    /// Bytes of linear memory after all calls.
    pub memory: u64,
    /// Milliseconds that compiling took.
    pub load_ms: f64,
    /// Bytes of data of an event.
    pub data_bytes: u64,
    /// Microseconds per event or call, by kind and number of events in a call.
    pub us: BTreeMap<String, BTreeMap<u64, f64>>,
}

#[derive(Deserialize)]
struct Built {
    seconds: f64,
}

#[derive(Deserialize)]
struct Measured {
    run: Run,
}

/// Builds it; the seconds that took.
pub(super) fn build(author: &Author, language: &Language) -> Result<f64> {
    author.begins("whole", language, &KINDS.join(","))?;
    let built = author.types("whole", &["build", "--release", "--json"])?;
    let Built { seconds } = serde_json::from_str(&built).context("what `build --json` says")?;
    fs::write(author.at("inputs.jsonl"), inputs())?;
    Ok(seconds)
}

/// Measures once what was built. Loading it the first time is compiling it.
pub(super) fn run(author: &Author) -> Result<Run> {
    let measured = author.types("whole", &["bench", "--no-build", "--json", "--events", "../inputs.jsonl"])?;
    let Measured { run } = serde_json::from_str(&measured).context("what `bench --json` says")?;
    Ok(run)
}

/// What counts of the runs of one component; none if it never ran.
pub(super) fn together(runs: Vec<Run>) -> Option<Run> {
    let mut us: BTreeMap<String, BTreeMap<u64, Vec<f64>>> = BTreeMap::new();
    for run in &runs {
        for (kind, sizes) in &run.us {
            for (size, time) in sizes {
                us.entry(kind.clone()).or_default().entry(*size).or_default().push(*time);
            }
        }
    }
    let medians =
        |sizes: BTreeMap<u64, Vec<f64>>| sizes.into_iter().map(|(size, times)| (size, median(times))).collect();
    let us = us.into_iter().map(|(kind, sizes)| (kind, medians(sizes))).collect();
    runs.into_iter().next().map(|first| Run { us, ..first })
}

/// One order as event and delivery, a subscriber who sees it, and a call.
fn inputs() -> String {
    let lines: Vec<_> = (0..LINES).map(|n| json!({"sku": format!("A-{n:03}"), "count": n, "price": 12.5})).collect();
    let order = json!({"customer": "alice", "total": 250, "currency": "EUR", "lines": lines});
    [
        json!({"type": "order.created", "data": order}),
        json!({"delivery": {"headers": {"x-delivery-id": "7"}, "body": order}}),
        json!({"subscriber": {"parameters": {"customer": "alice"}}}),
        json!({"call": {"tool": "order_total", "arguments": {"prices": [12.5, 7]}}}),
        json!({"prompt": {"name": "order_summary", "arguments": {"customer": "alice"}}}),
        json!({"resource": {"uri": "orders://example"}}),
    ]
    .map(|input| input.to_string() + "\n")
    .concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_the_passes_counts_and_what_the_first_one_compiled() {
        let run = |load_ms, us| {
            let us = BTreeMap::from([("filter".to_owned(), BTreeMap::from([(1, us)]))]);
            Run { size: 1, memory: 2, load_ms, data_bytes: 3, us }
        };
        let counted = together(vec![run(90.0, 7.0), run(1.0, 30.0), run(1.0, 8.0)]).unwrap();
        assert_eq!((counted.load_ms, counted.us["filter"][&1]), (90.0, 8.0));
        assert!(together(Vec::new()).is_none());
    }
}
