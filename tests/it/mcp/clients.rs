//! Clients that others wrote: SDKs in TypeScript and Python, and the Inspector. Each of the SDKs goes the same way: it lists
//! and calls, follows a call's progress, makes a mistake, cancels, is told of an event that it asked for, and of a tool whose
//! plugin is dropped into the directory meanwhile.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use crate::clients::{Script, environment, install, node22};
use crate::support::{Server, eventually, guest, ready_made};

/// What the plugins need.
const CONFIG: &str = "[plugins.notification-server.grants]\npublish = [\"notification.*\"]\nfigures = true\n\
    [plugins.kitchen.grants]\npublish = [\"kitchen.*\"]\n";
const STREAMABLE: &str = "/mcp";
const OLDER: &str = "/mcp/legacy/sse";

async fn server() -> Server {
    let fixture = ("mcp-conformance", &*guest("mcp_conformance"));
    Server::start(CONFIG, &[fixture, ("notification-server", &ready_made("notification-server"))]).await
}

/// `client.mjs` on one of the SDKs in TypeScript.
async fn typescript(kind: &str, path: &str) {
    let server = server().await;
    let folder = install("mcp");
    let script = Script::start(node22().arg(folder.join("client.mjs")).args([kind, &server.url(path)]));
    // It leaves out a report that comes together with the result.
    goes_its_way(&server, script, kind == "v1-sse").await;
}

/// `client.py`.
async fn python(kind: &str, path: &str) {
    let server = server().await;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/mcp/client.py");
    let mut python = Command::new(environment("mcp").join("python"));
    goes_its_way(&server, Script::start(python.args([script, kind, &server.url(path)])), false).await;
}

/// What each of them sees.
async fn goes_its_way(server: &Server, mut client: Script, last_may_miss: bool) {
    let connected = client.next().await;
    assert_eq!(connected["connected"], "tidemill", "{connected}");
    let tools = client.next().await["tools"].clone();
    for tool in ["publish_event", "simulate_progress", "test_simple_text"] {
        assert!(tools.as_array().unwrap().contains(&json!(tool)), "{tool} is missing: {tools}");
    }
    let progress = client.next().await;
    let told = progress["progress"].as_array().unwrap();
    let all = [json!([0, 100]), json!([50, 100]), json!([100, 100])];
    assert!(told[..] == all || (last_may_miss && told[..] == all[..2]), "{progress}");
    assert_eq!(progress["text"], "Tool with progress executed successfully");
    let mistake = client.next().await;
    assert_eq!(mistake["isError"], true, "{mistake}");
    assert!(mistake["mistake"].as_str().unwrap().contains("duration_seconds: 61 is greater than the maximum of 60"));
    assert_eq!(client.next().await, json!({"cancelled": true}));
    let cancelled = |plugin: &Value| plugin["figures"]["client_calls"]["cancelled"] == 1;
    server.plugin_until("notification-server", cancelled).await;
    let updated = client.next().await;
    assert_eq!(updated, json!({"updated": "events://topic/order.*", "events": [{"id": 7}]}));
    assert_eq!(client.next().await, json!({"waiting": true}));
    drop_in(server, "kitchen");
    assert_eq!(client.next().await, json!({"appeared": ["boil_eggs"]}));
    assert_eq!(client.next().await, json!({"ended": true}));
    let (status, errors) = client.end().await;
    assert!(status.success(), "{errors}");
    let over = async || server.http.get(server.url("/metrics")).send().await.unwrap().text().await.unwrap();
    eventually("it left nothing open", async || {
        let metrics = over().await;
        let open: Vec<&str> = metrics.lines().filter(|line| line.starts_with("tidemill_mcp_open{")).collect();
        !open.is_empty() && open.iter().all(|line| line.ends_with(" 0"))
    })
    .await;
}

/// Drops a plugin into the directory, as a whole.
fn drop_in(server: &Server, name: &str) {
    let whole = server.plugins_dir().join(format!("{name}.wasm.part"));
    fs::copy(guest(name), &whole).unwrap();
    fs::rename(&whole, server.plugins_dir().join(format!("{name}.wasm"))).unwrap();
}

#[tokio::test]
async fn typescript_v1_goes_its_way_in_a_session() {
    typescript("v1-sessions", STREAMABLE).await;
}

#[tokio::test]
async fn typescript_v1_goes_its_way_on_the_older_transport() {
    typescript("v1-sse", OLDER).await;
}

#[tokio::test]
async fn typescript_v2_goes_its_way_in_a_session() {
    typescript("v2-sessions", STREAMABLE).await;
}

#[tokio::test]
async fn typescript_v2_goes_its_way_without_sessions() {
    typescript("v2-stateless", STREAMABLE).await;
}

#[tokio::test]
async fn python_chooses_2026_07_28_by_itself() {
    python("auto", STREAMABLE).await;
}

#[tokio::test]
async fn python_goes_its_way_in_a_session() {
    python("legacy", STREAMABLE).await;
}

#[tokio::test]
async fn python_goes_its_way_on_the_older_transport() {
    python("sse", OLDER).await;
}

#[tokio::test]
async fn the_inspector_lists_and_calls_in_every_era() {
    let server = server().await;
    let folder = install("mcp");
    let ask = |transport: &str, path: &str, more: &[&str]| -> Value {
        let mut inspector = node22();
        inspector.arg(folder.join("node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js"));
        inspector.args(["--cli", &server.url(path), "--transport", transport, "--format", "json", "-q"]).args(more);
        // It writes below the home directory.
        let told = inspector.env("HOME", server.directory()).output().unwrap();
        let (text, errors) = (String::from_utf8_lossy(&told.stdout), String::from_utf8_lossy(&told.stderr));
        assert!(told.status.success(), "{more:?}: {text}\n{errors}");
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    };
    for (transport, path, era) in
        [("http", STREAMABLE, "legacy"), ("http", STREAMABLE, "modern"), ("sse", OLDER, "legacy")]
    {
        let listed = ask(transport, path, &["--protocol-era", era, "--method", "tools/list"]);
        assert!(listed.to_string().contains("\"simulate_progress\""), "{era}: {listed}");
        let call = ["--method", "tools/call", "--tool-name", "test_simple_text", "--tool-args-json", "{}"];
        let called = ask(transport, path, &[&["--protocol-era", era][..], &call].concat());
        assert!(called.to_string().contains("This is a simple text response for testing."), "{era}: {called}");
    }
}
