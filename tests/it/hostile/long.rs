//! The short form of a long run: reload after reload, and a plugin that leaks all the while. Memory comes to rest.

use std::fs;

use serde_json::json;

use super::harm::start_with;
use crate::support::{Server, guest, publish_lines, resident_bytes};

const RELOADS: u64 = 200;
const EVENTS: u64 = 200_000;
/// Parts of the run, after each of which memory is looked at; the first quarter is the warming up.
const STEPS: u64 = 20;

/// Puts a version of the plugin `stamp` into place, and waits until it runs.
async fn put(server: &Server, version: &str) {
    let part = server.plugins_dir().join("part");
    fs::copy(guest(&format!("stamp_{version}")), &part).unwrap();
    fs::rename(&part, server.plugins_dir().join("stamp.wasm")).unwrap();
    // The author's version: `v2` says 2.0.0.
    let wanted = format!("{}.0.0", &version[1..]);
    server.plugin_until("stamp", |plugin| plugin["author_version"] == wanted.as_str()).await;
}

#[tokio::test]
async fn memory_comes_to_rest_over_reloads_and_leaks() {
    // A small log in memory: what is looked at is the rest.
    let log = "[log]\nstore = \"memory\"\nmax-events = 10000\n";
    let limits = "[limits]\nrecycle-memory = \"3MiB\"\nmemory = \"16MiB\"\n";
    let config = format!("[reload]\nsettle = \"1ms\"\n{log}{limits}");
    let server = start_with(&config, &guest("leaky")).await;
    let mut taken = Vec::new();
    for step in 0..STEPS {
        for reload in 0..RELOADS / STEPS {
            put(&server, if reload % 2 == 0 { "v2" } else { "v1" }).await;
            for _ in 0..EVENTS / RELOADS / 1000 {
                let lines: Vec<String> = (0..1000).map(|n| json!({"type": "a", "data": n}).to_string()).collect();
                let results = publish_lines(&server, &lines).await;
                assert!(results.iter().all(|result| result["outcome"] == "stored"), "step {step}: {results:?}");
            }
        }
        taken.push(resident_bytes(server.pid()) >> 20);
    }
    println!("MiB: {taken:?}");
    let figures = server.get("/plugins/hostile").await.1["figures"].clone();
    assert!(figures["recycled"].as_u64() > Some(0), "{figures}");
    assert!(figures["faults"].as_object().unwrap().values().all(|count| *count == 0), "{figures}");
    let (warm, rest) = taken.split_at(taken.len() / 4);
    let (before, after) = (warm.iter().max().unwrap(), rest.iter().max().unwrap());
    // 200 MB were leaked, and each of the versions had instances on every worker: kept, they would be far more than this.
    assert!(after <= &(before * 3 / 2 + 64), "from {before} to {after} MiB: {taken:?}");
}
