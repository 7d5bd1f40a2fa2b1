//! Real processes: what they say, what they are told, and that nothing is left of them.

mod ending;
mod mcp;
mod talking;

use std::fs;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use super::*;
use crate::config::{Config, Flags};

/// The sources of a configuration.
fn sources(text: &str) -> Sources {
    let config = Config::from_sources(Some(("test.toml", text)), std::iter::empty(), &Flags::default());
    Sources::new(&config.unwrap_or_else(|error| panic!("{error}")).sources)
}

/// One source that runs a script, with more keys.
fn script(script: &str, keys: &str) -> Sources {
    let command = toml::Value::from(vec!["sh", "-c", script]);
    sources(&format!("[[source]]\nname = 'it'\nenvironment = ['PATH']\ncommand = {command}\n{keys}\n"))
}

fn attach(sources: &Sources) -> Attached {
    sources.get("it").unwrap().attach("test").unwrap()
}

/// The next message, as clients read it.
async fn next(messages: &mut Messages) -> Value {
    let message = tokio::time::timeout(Duration::from_secs(60), messages.next()).await.expect("a message in time");
    serde_json::from_slice(&message.expect("a message").data()).unwrap()
}

/// All messages up to the last.
async fn all(mut attached: Attached) -> Vec<Value> {
    let mut found = Vec::new();
    while let Some(message) = attached.messages.next().await {
        let data = message.data();
        assert!(!data.contains(&b'\n') && !data.contains(&b'\r'), "{data:?} is one line");
        found.push(serde_json::from_slice(&data).unwrap());
    }
    found
}

/// Processes of a group that have not ended.
fn members(group: u64) -> Vec<String> {
    let stats = fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let stat = fs::read_to_string(entry.ok()?.path().join("stat")).ok()?;
        let fields: Vec<String> = stat[stat.rfind(')')? + 2..].split(' ').map(str::to_owned).collect();
        (fields[2] == group.to_string() && fields[0] != "Z").then_some(stat)
    });
    stats.collect()
}

/// Waits until something is so.
async fn until(what: impl Fn() -> bool) {
    for _ in 0..3000 {
        if what() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it does not become so");
}
