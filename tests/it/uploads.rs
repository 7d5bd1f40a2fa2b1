//! Plugins over HTTP: uploaded, refused, removed, by requests and from the command line. What is refused leaves nothing.

mod refused;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Output;

use reqwest::RequestBuilder;
use serde_json::{Value, json};

use crate::support::{Server, Subscriber, guest, tidemill};

/// A request with a component.
fn put(server: &Server, address: &str, component: impl Into<reqwest::Body>) -> RequestBuilder {
    server
        .http
        .put(server.url(&format!("/plugins/{address}")))
        .header("content-type", "application/wasm")
        .body(component)
}

async fn answer(request: RequestBuilder) -> (u16, Value) {
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    (status, answer.json().await.unwrap())
}

fn bytes(component: &str) -> Vec<u8> {
    fs::read(guest(component)).unwrap()
}

async fn upload(server: &Server, name: &str, component: &str) -> (u16, Value) {
    answer(put(server, name, bytes(component))).await
}

async fn order(server: &Server, order: &str) -> (u16, Value) {
    answer(server.http.post(server.url(&format!("/plugins/{order}")))).await
}

/// What an event is stamped with now, in a stream; what the host says in it is passed over.
async fn stamp(server: &Server, stream: &mut Subscriber) -> Value {
    assert_eq!(server.publish("x", json!(1)).await.0, 200);
    loop {
        let event = stream.next().await.json();
        if event["type"] == "x" {
            return event["stamp"].clone();
        }
    }
}

/// All files of a directory; none of links and folders.
fn files(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(directory).unwrap().map(Result::unwrap);
    entries
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap_or_default()))
        .collect()
}

#[tokio::test]
async fn an_upload_runs_in_streams_that_are_open_until_it_is_removed() {
    let server = Server::start("", &[]).await;
    let mut stream = Subscriber::open(&server, "envelope=cloudevents").await;
    assert_eq!(stamp(&server, &mut stream).await, Value::Null);

    let request = put(&server, "stamp", bytes("stamp_v1")).send().await.unwrap();
    assert_eq!(request.status(), 201);
    let tag = request.headers()["etag"].to_str().unwrap().to_owned();
    let first: Value = request.json().await.unwrap();
    let version = first["version"].clone();
    assert_eq!(
        (&first["outcome"], &first["state"], &first["before"]),
        (&json!("created"), &json!("running"), &Value::Null)
    );
    assert_eq!((&first["kinds"], tag), (&json!(["transform"]), format!("\"{}\"", version.as_str().unwrap())));
    // It runs when the answer is there.
    assert_eq!(server.get("/plugins/stamp").await.1["version"], version);
    assert_eq!(stream.next().await.json()["type"], "tidemill.plugin.loaded");
    assert_eq!(stamp(&server, &mut stream).await, "v1");

    let (status, second) = upload(&server, "stamp", "stamp_v2").await;
    assert_eq!((status, &second["outcome"], &second["before"]), (200, &json!("replaced"), &version), "{second}");
    assert_eq!(stream.next().await.json()["type"], "tidemill.plugin.replaced");
    assert_eq!(stamp(&server, &mut stream).await, "v2");
    let (status, again) = upload(&server, "stamp", "stamp_v2").await;
    assert_eq!((status, &again["outcome"], &again["generation"]), (200, &json!("unchanged"), &second["generation"]));
    stream.expect_silence().await;

    assert_eq!(order(&server, "stamp/rollback").await.1["version"], version);
    assert_eq!(stamp(&server, &mut stream).await, "v1");
    assert_eq!(order(&server, "stamp/enable").await.0, 200);
    assert_eq!(stamp(&server, &mut stream).await, "v2");

    fs::write(server.plugins_dir().join("stamp.toml"), "order = 5\n").unwrap();
    server.plugin_until("stamp", |plugin| plugin["order"] == 5).await;
    assert_eq!(order(&server, "stamp/disable").await.0, 200);
    let (status, gone) = answer(server.http.delete(server.url("/plugins/stamp"))).await;
    assert_eq!((status, gone), (200, json!({"name": "stamp", "version": second["version"]})));
    assert_eq!(server.get("/plugins/stamp").await.0, 404);
    assert_eq!(stamp(&server, &mut stream).await, Value::Null);
    assert_eq!(files(&server.plugins_dir()).into_keys().collect::<Vec<_>>(), ["stamp.toml"], "settings stay");
    assert_eq!(answer(server.http.delete(server.url("/plugins/stamp"))).await.0, 404);

    // Put in place again it runs, with its settings, and what ran before can be gone back to.
    let (status, back) = upload(&server, "stamp", "stamp_v1").await;
    assert_eq!((status, &back["outcome"], &back["state"]), (201, &json!("created"), &json!("running")), "{back}");
    assert_eq!(server.get("/plugins/stamp").await.1["order"], 5);
    assert_eq!(order(&server, "stamp/rollback").await.1["version"], second["version"]);
}

#[tokio::test]
async fn an_upload_in_place_of_another_version_than_was_expected_is_refused() {
    let server = Server::start("", &[("stamp", &guest("stamp_v1"))]).await;
    let first = server.get("/plugins/stamp").await.1["version"].as_str().unwrap().to_owned();
    let matching = |tag: &str| put(&server, "stamp", bytes("stamp_v2")).header("if-match", tag.to_owned());
    let other = format!("\"{}\"", "0".repeat(64));
    let (status, refused) = answer(matching(&other)).await;
    assert_eq!((status, &refused["at"]), (412, &json!("if-match")), "{refused}");
    assert!(refused["detail"].as_str().unwrap().contains(&first), "{refused}");
    assert_eq!(answer(matching("latest")).await.0, 400);
    let missing = put(&server, "other", bytes("stamp_v2")).header("if-match", "*");
    assert_eq!(answer(missing).await.0, 412);
    let removing = server.http.delete(server.url("/plugins/stamp")).header("if-match", &other);
    assert_eq!(answer(removing).await.0, 412);
    assert_eq!(server.get("/plugins/stamp").await.1["version"], *first);
    assert_eq!(answer(matching(&format!("{other}, \"{first}\""))).await.1["outcome"], "replaced");
}

#[tokio::test]
async fn an_upload_of_a_plugin_that_is_switched_off_does_not_switch_it_on() {
    let server = Server::start("", &[("stamp", &guest("stamp_v1"))]).await;
    assert_eq!(order(&server, "stamp/disable").await.0, 200);
    let (status, uploaded) = upload(&server, "stamp", "stamp_v2").await;
    assert_eq!((status, &uploaded["outcome"], &uploaded["state"]), (200, &json!("replaced"), &json!("disabled")));
    assert_eq!(order(&server, "stamp/enable").await.1["version"], uploaded["version"]);
}

#[tokio::test]
async fn the_command_line_uploads_and_removes() {
    let server = Server::start("", &[]).await;
    let run = |args: &[&str]| -> Output {
        let mut command = tidemill(server.directory());
        command.arg("plugin").args(args).args(["--url", &server.url("")]).output().unwrap()
    };
    let (first, second) = (guest("stamp_v1"), guest("stamp_v2"));
    let (first, second) = (first.to_str().unwrap(), second.to_str().unwrap());
    let json = |output: Output| -> Value {
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    };
    assert_eq!(json(run(&["upload", first, "--dry-run", "--json"]))["outcome"], "checked");
    assert_eq!(server.get("/plugins/stamp_v1").await.0, 404);
    let created = json(run(&["upload", first, "--json"]));
    assert_eq!((&created["name"], &created["outcome"]), (&json!("stamp_v1"), &json!("created")));
    let version = created["version"].as_str().unwrap();
    let shown = run(&["upload", second, "--name", "stamp_v1", "--replacing", version]);
    let text = String::from_utf8(shown.stdout).unwrap();
    assert!(text.lines().any(|line| line.starts_with("outcome") && line.ends_with("replaced")), "{text}");
    let stale = run(&["upload", first, "--replacing", version]);
    assert_eq!(stale.status.code(), Some(1), "{stale:?}");

    let refused = run(&["upload", guest("configure_error").to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8(refused.stderr).unwrap().contains("the colour must be set"));
    for (file, told) in [
        ("nowhere.wasm", "cannot read nowhere.wasm"),
        (".", ". is a folder; name a .wasm file, such as dist/"),
        ("plugins", "plugins is a folder; name a .wasm file, such as dist/"),
    ] {
        let refused = run(&["upload", file]);
        assert_eq!(refused.status.code(), Some(2), "{refused:?}");
        assert!(String::from_utf8(refused.stderr).unwrap().contains(told), "{told}");
    }
    assert!(run(&["remove", "stamp_v1"]).status.success());
    assert_eq!(run(&["remove", "stamp_v1"]).status.code(), Some(1));
    assert_eq!(server.get("/plugins").await.1["plugins"], json!([]));
}
