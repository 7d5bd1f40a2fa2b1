//! Replacing plugins while events flow.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;

use crate::support::{Server, Subscriber, guest};

/// Puts a component in place in one step, as build tools do.
fn put(server: &Server, name: &str, component: &Path) {
    let temporary = server.plugins_dir().join(format!("{name}.wasm.new"));
    fs::copy(component, &temporary).unwrap();
    fs::rename(&temporary, server.plugins_dir().join(format!("{name}.wasm"))).unwrap();
}

/// Invariant I7: 100,000 events are published while a plugin is replaced every 100 ms, between two versions that stamp
/// themselves into each event. Nothing is lost, repeated or reordered per source, and no request is handled by both.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i7_a_reload_loses_duplicates_reorders_and_mixes_nothing() {
    const SOURCES: usize = 8;
    const PER_SOURCE: usize = 12_600;
    const PER_REQUEST: usize = 100;
    let config = "[log]\nmax-events = 200000\n[reload]\nsettle = \"20ms\"\n";
    let server = Arc::new(Server::start(config, &[("stamp", &guest("stamp_v1"))]).await);
    let mut stream = Subscriber::open(&server, "types=n&envelope=cloudevents").await;

    let done = Arc::new(AtomicBool::new(false));
    let replacing = {
        let (server, done) = (Arc::clone(&server), Arc::clone(&done));
        tokio::spawn(async move {
            let mut version = 1;
            while !done.load(Ordering::Relaxed) {
                version = 3 - version;
                put(&server, "stamp", &guest(&format!("stamp_v{version}")));
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        })
    };
    let publishing: Vec<_> = (0..SOURCES)
        .map(|source| {
            let server = Arc::clone(&server);
            tokio::spawn(async move {
                for first in (0..PER_SOURCE).step_by(PER_REQUEST) {
                    let lines: Vec<String> = (first..first + PER_REQUEST)
                        .map(|n| json!({"type": "n", "source": format!("/{source}"), "data": n}).to_string())
                        .collect();
                    let (status, answer) = server.post("application/x-ndjson", lines.join("\n")).await;
                    assert_eq!((status, &answer["stored"]), (200, &json!(PER_REQUEST)), "{answer}");
                }
            })
        })
        .collect();

    let mut next: HashMap<String, usize> = HashMap::new();
    let mut stamps: HashMap<(String, usize), String> = HashMap::new();
    let mut switches = 0;
    let mut last_stamp = String::new();
    for _ in 0..SOURCES * PER_SOURCE {
        let event = stream.next().await.json();
        let source = event["source"].as_str().unwrap().to_owned();
        let (n, stamp) = (event["data"].as_u64().unwrap() as usize, event["stamp"].as_str().unwrap().to_owned());
        let expected = next.entry(source.clone()).or_default();
        assert_eq!(n, *expected, "in order, none missing, none twice (source {source})");
        *expected += 1;
        let request = stamps.entry((source, n / PER_REQUEST)).or_insert_with(|| stamp.clone());
        assert_eq!(*request, stamp, "one request, one generation");
        switches += usize::from(stamp != last_stamp);
        last_stamp = stamp;
    }
    for publisher in publishing {
        publisher.await.unwrap();
    }
    done.store(true, Ordering::Relaxed);
    replacing.await.unwrap();
    stream.expect_silence().await;
    assert!(switches >= 4, "the versions changed {switches} times under load");
}

/// Invariant I7: a bad candidate is reported and the version that runs goes on.
#[tokio::test]
async fn i7_a_bad_candidate_never_replaces_a_working_plugin() {
    let server = Server::start("", &[("stamp", &guest("stamp_v1"))]).await;
    let mut stream = Subscriber::open(&server, "envelope=cloudevents").await;
    let running = server.get("/plugins/stamp").await.1["version"].clone();
    put(&server, "stamp", &guest("configure_error"));
    let report = server.plugin_until("stamp", |plugin| plugin["state"] == "outdated").await;
    assert_eq!(report["version"], running);
    assert!(report["error"].as_str().unwrap().contains("the colour must be set"));
    let failed = stream.next().await.json();
    assert_eq!((&failed["type"], &failed["subject"]), (&json!("tidemill.plugin.failed"), &json!("stamp")));
    assert_eq!(failed["data"]["running"], running);
    server.publish("a", json!(1)).await;
    assert_eq!(stream.next().await.json()["stamp"], "v1");
    put(&server, "stamp", &guest("stamp_v2"));
    let replaced = stream.next().await.json();
    assert_eq!((&replaced["type"], &replaced["data"]["before"]), (&json!("tidemill.plugin.replaced"), &running));
    server.publish("a", json!(1)).await;
    assert_eq!(stream.next().await.json()["stamp"], "v2");
}

#[tokio::test]
async fn a_plugin_comes_changes_its_settings_and_goes() {
    let server = Server::start("", &[]).await;
    let mut stream = Subscriber::open(&server, "envelope=cloudevents").await;
    put(&server, "echo", &guest("echo_config"));
    assert_eq!(stream.next().await.json()["type"], "tidemill.plugin.loaded");
    server.publish("a", json!(1)).await;
    assert_eq!(stream.next().await.json()["config"], "{}");

    fs::write(server.plugins_dir().join("echo.toml"), "[config]\ncolour = 'red'\n").unwrap();
    assert_eq!(stream.next().await.json()["type"], "tidemill.plugin.replaced");
    server.publish("a", json!(1)).await;
    assert_eq!(stream.next().await.json()["config"], r#"{"colour":"red"}"#);

    fs::write(server.plugins_dir().join("echo.toml"), "oder = 1\n").unwrap();
    let failed = stream.next().await.json();
    assert!(failed["data"]["error"].as_str().unwrap().contains("oder"), "{failed}");
    fs::write(server.plugins_dir().join("echo.toml"), "enabled = false\n").unwrap();
    assert_eq!(stream.next().await.json()["type"], "tidemill.plugin.removed");
    assert_eq!(server.get("/plugins/echo").await.1["state"], "disabled");

    fs::write(server.plugins_dir().join("echo.toml"), "").unwrap();
    assert_eq!(stream.next().await.json()["type"], "tidemill.plugin.loaded");
    fs::remove_file(server.plugins_dir().join("echo.wasm")).unwrap();
    assert_eq!(stream.next().await.json()["type"], "tidemill.plugin.removed");
    assert_eq!(server.get("/plugins/echo").await.0, 404);
    server.publish("a", json!(1)).await;
    assert_eq!(stream.next().await.json().get("config"), None);
}

/// A file that arrives in pieces, with pauses longer than the settling time, is taken when it is whole, and no piece of
/// it is reported as a failure.
#[tokio::test]
async fn a_file_that_arrives_in_pieces_is_taken_whole() {
    use std::io::Write;
    let server = Server::start("", &[("stamp", &guest("stamp_v1"))]).await;
    let mut stream = Subscriber::open(&server, "types=tidemill.*").await;
    let bytes = fs::read(guest("stamp_v2")).unwrap();
    let mut file = fs::File::create(server.plugins_dir().join("stamp.wasm")).unwrap();
    for piece in bytes.chunks(bytes.len() / 4) {
        file.write_all(piece).unwrap();
        file.flush().unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let message = stream.next().await;
    assert_eq!(message.event, "tidemill.plugin.replaced", "{}", message.data);
}

#[tokio::test]
async fn links_are_followed_when_they_are_swapped() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    fs::create_dir(at("plugins")).unwrap();
    fs::create_dir(at("releases")).unwrap();
    for version in ["stamp_v1", "stamp_v2"] {
        fs::copy(guest(version), at(&format!("releases/{version}.wasm"))).unwrap();
    }
    std::os::unix::fs::symlink("../releases/stamp_v1.wasm", at("plugins/stamp.wasm")).unwrap();
    let server = Server::start_in(directory, "").await;
    let mut stream = Subscriber::open(&server, "envelope=cloudevents").await;
    let link = server.plugins_dir().join("stamp.new");
    std::os::unix::fs::symlink("../releases/stamp_v2.wasm", &link).unwrap();
    fs::rename(&link, server.plugins_dir().join("stamp.wasm")).unwrap();
    assert_eq!(stream.next().await.json()["type"], "tidemill.plugin.replaced");
    server.publish("a", json!(1)).await;
    assert_eq!(stream.next().await.json()["stamp"], "v2");
    // The link's target is overwritten, in a directory that nobody watches: looking now and then finds that, too.
    fs::copy(guest("stamp_v1"), server.plugins_dir().join("../releases/stamp_v2.wasm")).unwrap();
    assert_eq!(stream.next().await.json()["type"], "tidemill.plugin.replaced");
}
