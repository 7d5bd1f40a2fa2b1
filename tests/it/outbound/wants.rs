//! What a plugin wants and what it was granted: compared while it is loaded, and shown.

use std::fs;

use serde_json::json;

use super::{Post, granted};
use crate::support::{Origin, Server, guest, tidemill};

/// Interpreters import HTTP without need: that must load, and reaches nothing.
#[tokio::test]
async fn a_plugin_that_imports_http_without_a_grant_runs_and_is_denied_everything() {
    let origin = Origin::start().await;
    let mut post = Post::open("").await;
    let plugin = post.server.get("/plugins/courier").await.1;
    assert_eq!((&plugin["state"], &plugin["wants"]), (&json!("running"), &json!(["http"])), "{plugin}");
    let warning = plugin["warnings"][0].as_str().unwrap();
    assert!(warning.contains("every request is denied") && post.server.log().contains(warning), "{plugin}");
    assert_eq!(post.get(&origin.url("/hello")).await, json!({"error": "denied: the host was not granted"}));
    assert_eq!(origin.requests(), 0);
}

#[tokio::test]
async fn what_is_wanted_and_granted_is_shown() {
    let grants = "[plugins.courier.grants]\nhttp = [\"*.example.com\"]\nprivate-networks = [\"10.0.0.0/8\"]\n";
    let config = "[plugins.courier.config]\nhosts = [\"API.example.com\", \"https://b.example.com:443\"]\n";
    let server = Server::start(&format!("{grants}{config}"), &[("courier", &guest("courier"))]).await;
    let plugin = server.get("/plugins/courier").await.1;
    assert_eq!(plugin["wants"], json!(["http: api.example.com", "http: b.example.com"]), "{plugin}");
    let granted = json!({"state": false, "figures": false, "publish": [], "http": ["*.example.com"], "private_networks": ["10.0.0.0/8"]});
    assert_eq!((&plugin["grants"], &plugin["warnings"]), (&granted, &json!([])), "{plugin}");
    let log = server.log();
    assert!(log.contains("http: api.example.com, http: b.example.com"), "{log}");
    assert!(log.contains("http: *.example.com; private-networks: 10.0.0.0/8"), "{log}");
    let shown =
        tidemill(server.directory()).args(["plugin", "info", "courier", "--url", &server.url("")]).output().unwrap();
    let shown = String::from_utf8_lossy(&shown.stdout);
    assert!(shown.contains("http: api.example.com") && shown.contains("http=*.example.com"), "{shown}");
}

/// A new version that wants more than it was granted does not run; the one before goes on.
#[tokio::test]
async fn an_upgrade_that_wants_more_is_refused_with_what_to_grant() {
    let origin = Origin::start().await;
    let mut post = Post::open(&granted(&[origin.url("")])).await;
    let before = post.server.get("/plugins/courier").await.1["version"].clone();
    let plugins = post.server.plugins_dir();
    fs::write(plugins.join("courier.toml"), "[config]\nhosts = [\"api.example.com\", \"*.example.org\"]\n").unwrap();
    let mut newer = fs::read(guest("courier")).unwrap();
    // A custom section: another version of the same.
    newer.extend_from_slice(b"\0\x05\x04note");
    fs::write(plugins.join("courier.wasm"), newer).unwrap();
    let plugin = post.server.plugin_until("courier", |plugin| plugin["state"] == "outdated").await;
    let error = plugin["error"].as_str().unwrap();
    assert!(error.contains("wants what it was not granted: http: api.example.com — not granted"), "{error}");
    assert!(error.contains("http = [\"*.example.org\"]"), "{error}");
    assert_eq!(plugin["version"], before);
    assert_eq!(post.get(&origin.url("/hello")).await["body"], "hello");

    fs::write(plugins.join("courier.toml"), "[config]\nhosts = [\"http://127.0.0.1:1\"]\n").unwrap();
    let still = post.server.plugin_until("courier", |plugin| plugin["error"].as_str().unwrap().contains(":1")).await;
    assert_eq!(still["state"], "outdated");
    fs::write(plugins.join("courier.toml"), "[config]\nhosts = []\n").unwrap();
    let plugin = post.server.plugin_until("courier", |plugin| plugin["state"] == "running").await;
    assert_ne!(plugin["version"], before);
}

#[tokio::test]
async fn hosts_that_are_none_refuse_the_load() {
    let config = "[plugins.courier.config]\nhosts = [\"ftp://a\"]\n";
    let server = Server::start(config, &[("courier", &guest("courier"))]).await;
    let plugin = server.get("/plugins/courier").await.1;
    assert_eq!(plugin["state"], "failed");
    assert!(plugin["error"].as_str().unwrap().contains("`wants.http-hosts`: `ftp://a` names no host"), "{plugin}");
}

#[tokio::test]
async fn nothing_is_sent_while_a_plugin_is_loaded() {
    let origin = Origin::start().await;
    let config =
        format!("{}[plugins.courier.config]\neager = {:?}\n", granted(&[origin.url("")]), origin.url("/hello"));
    let server = Server::start(&config, &[("courier", &guest("courier"))]).await;
    let plugin = server.get("/plugins/courier").await.1;
    assert!(plugin["error"].as_str().unwrap().contains("while it was loaded: Err(Denied("), "{plugin}");
    assert_eq!(origin.requests(), 0);
}

#[tokio::test]
async fn grants_that_cannot_be_are_told_with_their_key() {
    let directory = tempfile::tempdir().unwrap();
    let config = "[plugins.a.grants]\nhttp = [\"a/b\", \"*.1.2.3.4\"]\nprivate-networks = [\"10.0.0.1\"]\n";
    fs::write(directory.path().join("tidemill.toml"), config).unwrap();
    let refused = tidemill(directory.path()).args(["serve", "--listen", "127.0.0.1:0"]).output().unwrap();
    let told = String::from_utf8_lossy(&refused.stderr);
    for part in
        ["grants.http: `a/b` names no host", "nothing is below an address", "grants.private-networks: `10.0.0.1`"]
    {
        assert!(told.contains(part), "{part}: {told}");
    }
}
