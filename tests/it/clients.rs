//! Clients that others wrote: the npm package `eventsource`, Python's standard library, Chromium.
//!
//! They listen through a proxy that cuts their connection, and through crashes of the server. The scripts stand in
//! `tests/clients`.

mod crash;
mod dashboard;
mod proxy;
mod python;
mod restart;
mod script;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Server, guest, publish_lines, ready_made};
pub(crate) use proxy::Proxy;
pub(crate) use python::{environment, passes};
use script::directory;
pub(crate) use script::{
    Script, documented_browser, documented_deliveries, documented_node, documented_python, need_chromium, node, python,
};

/// Reconnecting at once keeps the tests short.
const CONFIG: &str = "[subscribe]\nretry = \"100ms\"\n";

/// How many events are published before the connection is cut, each time.
const PER_CONNECTION: u64 = 50;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn npm_eventsource_misses_and_repeats_nothing_when_its_connection_is_cut() {
    loses_its_connection(|url| Script::start(node("node_eventsource.mjs").args([url, "tick"]))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn python_misses_and_repeats_nothing_when_its_connection_is_cut() {
    let script = directory().join("python_urllib.py");
    loses_its_connection(|url| Script::start(script::command("python3", "python3").arg(&script).arg(url))).await;
}

/// A subscriber whose connection is cut before its first event, between events, and in the middle of a stream of them
/// sees each event once and in order.
async fn loses_its_connection(start: impl FnOnce(&str) -> Script) {
    let server = Server::start(CONFIG, &[]).await;
    let proxy = Proxy::start(server.address()).await;
    let mut client = start(&format!("http://{}/events?types=tick", proxy.address()));
    assert_eq!(client.next().await, json!({"open": 1}));
    // It has heard where its stream begins, and nothing else.
    proxy.passed(1).await;
    proxy.cut();
    let mut published = 0;
    let (mut opened, mut next) = (1, 0);
    for round in 0..4 {
        for _ in 0..PER_CONNECTION {
            let (status, answer) = server.publish("tick", json!(published)).await;
            assert_eq!(status, 200, "{answer}");
            published += 1;
            if round == 2 && published % 20 == 0 {
                proxy.cut();
            }
        }
        while next < published {
            let said = client.next().await;
            if said["open"].is_u64() {
                opened += 1;
                continue;
            }
            assert_eq!(
                (&said["event"], &said["data"]),
                (&json!("tick"), &json!(next.to_string())),
                "none missed, none twice"
            );
            assert!(said["id"].as_str().unwrap().contains('.'), "{said}");
            next += 1;
        }
        proxy.cut();
    }
    assert!(opened >= 4, "the client connected {opened} times");
}

/// What the project promises first: real deliveries through three plugins, in the browser's `EventSource`, while a plugin
/// is replaced and the stream does not notice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chromium_shows_real_deliveries_while_a_plugin_is_replaced() {
    const DELIVERIES: usize = 20;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/github/deliveries.ndjson");
    let lines: Vec<String> = fs::read_to_string(path).unwrap().lines().take(DELIVERIES).map(str::to_owned).collect();
    let names: Vec<String> = lines
        .iter()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["type"].as_str().unwrap().to_owned())
        .collect();
    let plugins = [("github", ready_made("github")), ("redact", ready_made("redact")), ("stamp", guest("stamp_v1"))];
    let plugins = plugins.each_ref().map(|(name, path)| (*name, path.as_path()));
    let server = Server::start("", &plugins).await;
    let before = server.get("/plugins/stamp").await.1["version"].clone();

    let screenshot = Path::new(env!("CARGO_TARGET_TMPDIR")).join("dashboard.png");
    script::need_chromium();
    let mut browser = Script::start(
        node("browser.mjs").arg(server.url("/")).arg(&screenshot).arg(DELIVERIES.to_string()).args(&names),
    );
    assert_eq!(browser.next().await, json!({"ready": true}));
    for result in publish_lines(&server, &lines[..DELIVERIES / 2]).await {
        assert_eq!(result["outcome"], "stored", "{result}");
    }
    let part = server.plugins_dir().join("stamp.wasm.part");
    fs::copy(guest("stamp_v2"), &part).unwrap();
    fs::rename(&part, server.plugins_dir().join("stamp.wasm")).unwrap();
    server.plugin_until("stamp", |plugin| plugin["version"] != before).await;
    for result in publish_lines(&server, &lines[DELIVERIES / 2..]).await {
        assert_eq!(result["outcome"], "stored", "{result}");
    }

    let saw = browser.next().await;
    assert_eq!((&saw["opened"], &saw["errors"]), (&json!(1), &json!([])), "one connection, no error");
    let raw: Vec<&Value> = saw["raw"].as_array().unwrap().iter().collect();
    let seen: Vec<&str> = raw.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(sorted(seen.iter().copied()), sorted(names.iter().map(String::as_str)), "each delivery once");
    let ids: BTreeSet<&str> = raw.iter().map(|event| event["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), DELIVERIES, "{ids:?}");
    let events: Vec<Value> =
        raw.iter().map(|event| serde_json::from_str(event["data"].as_str().unwrap()).unwrap()).collect();
    let (old, new) = events.split_at(DELIVERIES / 2);
    assert!(old.iter().all(|event| event["stamp"] == "v1") && new.iter().all(|event| event["stamp"] == "v2"));
    assert!(
        events.iter().any(|event| event["subject"] == "Codertocat/Hello-World"),
        "the github plugin names subjects"
    );
    // The page shows the same, in the same order, and the plugins that are loaded.
    let shown: Vec<&str> = saw["shown"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    assert_eq!(shown, seen);
    assert_eq!(saw["plugins"], json!(["github", "redact", "stamp"]));
    assert!(fs::metadata(&screenshot).unwrap().len() > 10_000, "{} is a picture of the page", screenshot.display());
}

fn sorted<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn github_accepts_every_documented_delivery() {
    let server = Server::start("[limits]\ntime = \"2s\"\n", &[("github", &ready_made("github"))]).await;
    let deliveries = documented_deliveries();
    assert_eq!(deliveries.len(), 329);
    let lines: Vec<String> = deliveries
        .iter()
        .map(|(name, payload)| {
            let action = payload["action"].as_str().map(|action| format!(".{action}")).unwrap_or_default();
            json!({"type": format!("github.{name}{action}"), "data": payload}).to_string()
        })
        .collect();
    // 3 MB in all, of which one request may have one.
    for lines in lines.chunks(20) {
        for (line, result) in lines.iter().zip(publish_lines(&server, lines).await) {
            assert_eq!(result["outcome"], "stored", "{result}: {}", &line[..line.len().min(300)]);
        }
    }
}
