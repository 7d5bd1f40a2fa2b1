//! The dashboard in `examples/grafana`: every figure that it asks for is there.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use super::{Figures, line};
use crate::support::{Server, guest, publish_lines};

/// The expressions of all panels.
fn expressions(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("expr").and_then(Value::as_str).map(ToOwned::to_owned));
            members.values().for_each(|member| expressions(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| expressions(item, found)),
        _ => {}
    }
}

/// The names in an expression that are names of figures.
fn named(expression: &str) -> impl Iterator<Item = &str> {
    let words = expression.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    words.filter(|word| word.starts_with("tidemill_") || word.starts_with("process_"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_dashboard_shows_figures_that_there_are() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/grafana/tidemill.json");
    let dashboard: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let ids: BTreeSet<u64> = panels.iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), panels.len(), "panels share an id");
    assert!(dashboard["schemaVersion"].as_u64() >= Some(36) && dashboard["uid"] == "tidemill");
    let mut asked = Vec::new();
    expressions(&dashboard, &mut asked);

    let server = Server::start("", &[("faulty", &guest("faulty"))]).await;
    publish_lines(&server, &[line("good", 1)]).await;
    let there = Figures::read(&server).await.families;
    let names: BTreeSet<&str> = asked.iter().flat_map(|expression| named(expression)).collect();
    assert!(names.len() > 20, "{names:?}");
    for name in names {
        let family = ["_total", "_bucket", "_sum", "_count"].iter().find_map(|suffix| name.strip_suffix(suffix));
        assert!(there.contains(family.unwrap_or(name)) || there.contains(name), "{name} is not in {there:#?}");
    }
}
