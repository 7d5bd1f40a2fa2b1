//! The whole chain: published, `kill -9`, started again, resumed, by clients that others wrote.

use std::ops::Range;

use serde_json::json;

use super::proxy::Proxy;
use super::script::{self, Script, directory, node};
use super::{CONFIG, PER_CONNECTION};
use crate::support::Server;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn npm_eventsource_misses_and_repeats_nothing_when_the_server_crashes() {
    survives_crashes(|url| Script::start(node("node_eventsource.mjs").args([url, "tick"]))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn python_misses_and_repeats_nothing_when_the_server_crashes() {
    let script = directory().join("python_urllib.py");
    survives_crashes(|url| Script::start(script::command("python3", "python3").arg(&script).arg(url))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chromium_misses_and_repeats_nothing_when_the_server_crashes() {
    script::need_chromium();
    survives_crashes(|url| Script::start(node("browser_eventsource.mjs").args([url, "tick"]))).await;
}

/// A subscriber of a server that crashes before its first event, after events it may not have yet, and while it is away
/// itself, sees each event once and in order.
async fn survives_crashes(start: impl FnOnce(&str) -> Script) {
    let mut server = Server::start(CONFIG, &[]).await;
    let proxy = Proxy::start(server.address()).await;
    let mut client = start(&format!("http://{}/events?types=tick", proxy.address()));
    assert_eq!(client.next().await, json!({"open": 1}));
    // It has heard where its stream begins, and nothing else.
    proxy.passed(1).await;
    crash(&mut server, &proxy);
    let (mut opened, mut next, mut published) = (1, 0, 0);
    for round in 0..3 {
        publish(&server, published..published + PER_CONNECTION).await;
        published += PER_CONNECTION;
        if round == 1 {
            proxy.cut();
        }
        crash(&mut server, &proxy);
        // After it, some of it before anybody came back.
        publish(&server, published..published + PER_CONNECTION).await;
        published += PER_CONNECTION;
        while next < published {
            let said = client.next().await;
            if said["open"].is_u64() {
                opened += 1;
                continue;
            }
            let seen = (&said["event"], &said["data"]);
            assert_eq!(seen, (&json!("tick"), &json!(next.to_string())), "none missed, none twice");
            next += 1;
        }
    }
    assert!(opened >= 4, "the client connected {opened} times");
}

fn crash(server: &mut Server, proxy: &Proxy) {
    server.kill();
    server.start_again();
    proxy.moved(server.address());
}

async fn publish(server: &Server, numbers: Range<u64>) {
    for n in numbers {
        let (status, answer) = server.publish("tick", json!(n)).await;
        assert_eq!(status, 200, "{answer}");
    }
}
