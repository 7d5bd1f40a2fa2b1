//! Which version of a plugin runs: rolled back, switched off and on by hand, over HTTP and from the command line.

use std::fs;
use std::process::Output;

use serde_json::{Value, json};

use crate::support::{Server, eventually, guest, tidemill};

async fn order(server: &Server, order: &str) -> (u16, Value) {
    let answer = server.http.post(server.url(&format!("/plugins/stamp/{order}"))).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

async fn plugin(server: &Server) -> Value {
    server.get("/plugins/stamp").await.1
}

/// Puts another component in place and answers its version.
async fn put(server: &Server, component: &str) -> Value {
    let before = plugin(server).await["version"].clone();
    let part = server.plugins_dir().join("part");
    fs::copy(guest(component), &part).unwrap();
    fs::rename(&part, server.plugins_dir().join("stamp.wasm")).unwrap();
    server.plugin_until("stamp", |plugin| plugin["version"] != before).await["version"].clone()
}

/// What an event is stamped with now; nothing if no plugin did.
async fn stamp(server: &Server) -> Value {
    let (status, stored) = server.publish("x", json!(1)).await;
    assert_eq!(status, 200, "{stored}");
    server.get(&format!("/events/{}", stored["position"].as_str().unwrap())).await.1["event"]["stamp"].clone()
}

#[tokio::test]
async fn a_rollback_holds_until_another_file_is_put_in_place() {
    let mut server = Server::start("", &[("stamp", &guest("stamp_v1"))]).await;
    let (status, refused) = order(&server, "rollback").await;
    assert_eq!(status, 409, "{refused}");
    assert!(refused["detail"].as_str().unwrap().contains("no earlier version"), "{refused}");
    let first = plugin(&server).await["version"].clone();
    let second = put(&server, "stamp_v2").await;
    assert_eq!(stamp(&server).await, "v2");

    let (status, back) = order(&server, "rollback").await;
    assert_eq!((status, &back["version"], &back["set_aside"]), (200, &first, &second), "{back}");
    assert_eq!((&back["state"], stamp(&server).await), (&json!("rolled-back"), json!("v1")));
    assert_eq!(order(&server, "rollback").await.0, 409, "there is no third one");
    server.stop();
    server.start_again();
    assert_eq!((plugin(&server).await["state"].clone(), stamp(&server).await), (json!("rolled-back"), json!("v1")));

    let (status, again) = order(&server, "enable").await;
    assert_eq!((status, &again["state"], &again["version"]), (200, &json!("running"), &second), "{again}");
    assert_eq!(order(&server, "rollback").await.0, 200);
    let third = put(&server, "echo_config").await;
    let now = plugin(&server).await;
    assert_eq!((&now["state"], &now["version"], &now["set_aside"]), (&json!("running"), &third, &Value::Null));
    let (_, back) = order(&server, "rollback").await;
    assert_eq!(back["version"], first, "not to the one that was set aside");
}

#[tokio::test]
async fn a_plugin_that_was_switched_off_stays_off() {
    let mut server = Server::start("", &[("stamp", &guest("stamp_v1"))]).await;
    assert_eq!(stamp(&server).await, "v1");
    let (status, off) = order(&server, "disable").await;
    assert_eq!((status, &off["state"]), (200, &json!("disabled")), "{off}");
    // Nothing has to happen for its memory to be given back.
    let left = async || {
        let figures = plugin(&server).await["figures"].clone();
        (figures["instances"].clone(), figures["memory_bytes"].clone())
    };
    eventually("its instances are gone", async || left().await == (json!(0), json!(0))).await;
    assert_eq!(stamp(&server).await, Value::Null);
    fs::write(server.plugins_dir().join("stamp.toml"), "order = 3\n").unwrap();
    server.stop();
    server.start_again();
    assert_eq!((plugin(&server).await["state"].clone(), stamp(&server).await), (json!("disabled"), Value::Null));
    assert_eq!(order(&server, "rollback").await.0, 409);
    let (status, on) = order(&server, "enable").await;
    assert_eq!((status, &on["state"], &on["order"]), (200, &json!("running"), &json!(3)), "{on}");
    assert_eq!(stamp(&server).await, "v1");
    let answer = server.http.post(server.url("/plugins/nobody/enable")).send().await.unwrap();
    assert_eq!(answer.status(), 404);
}

#[tokio::test]
async fn an_order_against_the_settings_says_so() {
    let server = Server::start("[plugins.stamp]\nenabled = false\n", &[("stamp", &guest("stamp_v1"))]).await;
    let (status, refused) = order(&server, "enable").await;
    assert_eq!(status, 409);
    assert!(refused["detail"].as_str().unwrap().contains("enabled = false"), "{refused}");
}

#[tokio::test]
async fn the_command_line_shows_and_changes_plugins() {
    let server = Server::start("", &[("stamp", &guest("stamp_v1"))]).await;
    stamp(&server).await;
    let run = |args: &[&str]| -> Output {
        let mut command = tidemill(server.directory());
        command.arg("plugin").args(args).args(["--url", &server.url("")]).output().unwrap()
    };
    let text = |output: Output| {
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let list = text(run(&["list"]));
    let (head, row) = list.trim_end().split_once('\n').unwrap();
    assert!(head.starts_with("NAME") && row.starts_with("stamp"), "{list}");
    assert_eq!(row.split_whitespace().collect::<Vec<_>>()[1..3], ["running", "closed"], "{list}");
    let info = text(run(&["info", "stamp"]));
    assert!(info.lines().any(|line| line.starts_with("subscribes") && line.ends_with('*')), "{info}");
    let json: Value = serde_json::from_str(&text(run(&["info", "stamp", "--json"]))).unwrap();
    assert_eq!((&json["figures"]["events_in"], &json["limits"]["time_ms"]), (&json!(1), &json!(50)));
    assert!(text(run(&["disable", "stamp"])).contains("disabled"));
    assert!(text(run(&["enable", "stamp"])).contains("running"));
    let refused = run(&["rollback", "stamp"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8(refused.stderr).unwrap().contains("no earlier version"));
    assert_eq!(run(&["info", "nobody"]).status.code(), Some(1));
}

#[tokio::test]
async fn metrics_tell_what_plugins_did() {
    let server = Server::start("", &[("stamp", &guest("stamp_v1")), ("faulty", &guest("faulty"))]).await;
    for event_type in ["good", "bad.drop", "bad.trap"] {
        server.publish(event_type, json!({})).await;
    }
    let answer = server.http.get(server.url("/metrics")).send().await.unwrap();
    assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("application/openmetrics-text"));
    let text = answer.text().await.unwrap();
    for line in [
        "tidemill_plugin_events_in_total{plugin=\"faulty\"} 3",
        "tidemill_plugin_dropped_total{plugin=\"faulty\"} 1",
        "tidemill_plugin_faults_total{plugin=\"faulty\",kind=\"trap\"} 1",
        "tidemill_plugin_faults_total{plugin=\"stamp\",kind=\"trap\"} 0",
        "tidemill_plugin_events_out_total{plugin=\"stamp\"} 1",
        "tidemill_plugin_breaker{plugin=\"stamp\"} 0",
        "tidemill_plugin_instances{plugin=\"stamp\"} 1",
        "# EOF",
    ] {
        assert!(text.lines().any(|own| own == line), "{line} is missing:\n{text}");
    }
    assert!(text.contains("tidemill_plugin_call_duration_seconds_bucket{le=\"+Inf\",plugin=\"stamp\"} 1"), "{text}");
}
