//! What every test here asks of a server with a hostile plugin in it: that one event paid for it and nobody else.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Server, Subscriber, guest, publish_lines};

/// Events published together, and which of them is the bad one.
const EVENTS: u64 = 60;
const BAD: u64 = 23;

/// Starts with one plugin of these bytes, named `hostile`, and a harmless one after it.
pub(super) async fn start(config: &str, component: &[u8]) -> Server {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("hostile.wasm");
    fs::write(&file, component).unwrap();
    start_with(config, &file).await
}

/// The same with a component that lies somewhere.
pub(super) async fn start_with(config: &str, component: &Path) -> Server {
    let server = Server::start(config, &[("hostile", component), ("stamp", &guest("stamp_v1"))]).await;
    let plugin = server.get("/plugins/hostile").await.1;
    assert_eq!(plugin["state"], "running", "{plugin}");
    server
}

/// Publishes a batch with one bad event: that one fails, with these words in its reason, and all others go through the
/// next plugin too, once and in order.
pub(super) async fn only_the_bad_event_fails(server: &Server, bad: (&str, Value), reason: &str) {
    let mut stream = Subscriber::open(server, "envelope=cloudevents").await;
    let lines: Vec<String> = (0..EVENTS)
        .map(|n| match n {
            BAD => json!({"type": bad.0, "data": bad.1}).to_string(),
            n => json!({"type": "good", "data": {"n": n}}).to_string(),
        })
        .collect();
    let results = publish_lines(server, &lines).await;
    for (n, result) in (0..).zip(&results) {
        let expected = if n == BAD { "failed" } else { "stored" };
        assert_eq!(result["outcome"], expected, "{bad:?}, event {n}: {result}");
    }
    let failed = &results[usize::try_from(BAD).unwrap()];
    assert_eq!(failed["by"], "hostile", "{failed}");
    assert!(failed["detail"].as_str().unwrap().contains(reason), "{reason}: {failed}");
    for n in (0..EVENTS).filter(|n| *n != BAD) {
        let event = stream.next().await.json();
        assert_eq!((&event["data"]["n"], &event["stamp"]), (&json!(n), &json!("v1")), "{bad:?}: {event}");
    }
}

/// The bad event of assembled filters.
pub(super) fn poison() -> (&'static str, Value) {
    ("poison", json!("!"))
}

/// The most memory that a server had since it started.
pub(super) fn largest_resident_bytes(server: &Server) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
}
