//! The document's program for browsers, in Chromium and with three versions of the npm package `eventsource`, and the page.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{DOCUMENTED, broadcast, example, server_connected, start};
use crate::clients::{Proxy, Script, documented_browser, documented_node, need_chromium, node};
use crate::support::Server;

/// The document's program for browsers.
fn program() -> PathBuf {
    example("sse-integration/clients/browser.js")
}

/// The same where there is no `EventSource` but that of the package, whose versions export it in two ways.
pub(in crate::seeds) fn with_package(server: &Server, program: &str, version: u8) -> PathBuf {
    let import = if version == 2 { "import EventSource from" } else { "import { EventSource } from" };
    let path = server.directory().join(format!("program-{version}.mjs"));
    fs::write(&path, format!("{import} \"eventsource\";\n{program}")).unwrap();
    path
}

/// What it prints for an event of its own, by its name and as a message.
async fn hears(server: &Server, client: &mut Script) {
    let (status, told) = broadcast(server, &server_connected()).await;
    assert_eq!(status, 200, "{told}");
    let (_, told) = broadcast(server, &json!({"type": "custom_event", "data": {"message": "Hello World"}})).await;
    let mut said = Vec::new();
    loop {
        let line = client.next().await;
        let hello = ["connection_established", "pattern_enabled"].map(Value::from).contains(&line["log"][1]["type"]);
        if hello || line["ready"] == true {
            continue;
        }
        let last = line["log"][1]["type"] == "custom_event";
        said.push(line["log"].clone());
        if last {
            break;
        }
    }
    assert_eq!(said.len(), 3, "each once: {said:?}");
    assert_eq!(said[0], json!(["New server connected:", "Student records"]));
    let event = &said[1][1];
    assert_eq!((&said[1][0], &event["type"]), (&json!("Integration event:"), &json!("server_connected")));
    assert_eq!((&event["serverId"], &event["data"]["connection"]["name"]), (&json!("sis"), &json!("Student records")));
    assert_eq!(said[2][1]["id"], told["id"]);
}

/// Waits until a program is connected: it prints what it is told first.
async fn connected(client: &mut Script) {
    loop {
        if client.next().await["log"][1]["type"] == "pattern_enabled" {
            return;
        }
    }
}

#[tokio::test]
async fn s0_10_11_the_documented_program_hears_messages_and_names_in_node() {
    let server = start().await;
    for version in [2, 4, 5] {
        let program = with_package(&server, &fs::read_to_string(program()).unwrap(), version);
        let mut client = Script::start(&mut documented_node(&program, version, DOCUMENTED, &server.url("")));
        connected(&mut client).await;
        hears(&server, &mut client).await;
    }
}

#[tokio::test]
async fn s0_10_11_13_the_documented_program_hears_messages_and_names_in_a_page_of_another_site() {
    let server = start().await;
    let mut client = Script::start(&mut documented_browser(&program(), DOCUMENTED, &server.url(""), "elsewhere", &[]));
    connected(&mut client).await;
    hears(&server, &mut client).await;
}

/// Cut off again and again: every event is there, and `id` tells repetitions apart.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s0_13_a_cut_connection_loses_nothing() {
    const EVENTS: u64 = 60;
    let server = Server::example("sse-integration", &[], &[]).await;
    let proxy = Proxy::start(server.address()).await;
    let program = with_package(&server, &fs::read_to_string(program()).unwrap(), 5);
    let through = format!("http://{}", proxy.address());
    let mut client = Script::start(&mut documented_node(&program, 5, DOCUMENTED, &through));
    connected(&mut client).await;
    let mut published = Vec::new();
    for number in 0..EVENTS {
        let (_, told) = broadcast(&server, &json!({"type": "custom_event", "data": {"n": number}})).await;
        published.push(told["id"].clone());
        if number % 20 == 10 {
            proxy.cut();
        }
    }
    let mut seen: Vec<Value> = Vec::new();
    while seen.len() < published.len() {
        let event = client.next().await["log"][1].clone();
        if event["type"] == "custom_event" && !seen.contains(&event["id"]) {
            seen.push(event["id"].clone());
        }
    }
    assert_eq!(seen, published, "all of them, in their order");
}

#[tokio::test]
async fn s0_14_the_dashboard_shows_servers_workflows_and_events() {
    need_chromium();
    let server = start().await;
    let screenshot = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sse-integration.png");
    let mut page = Script::start(node("page.mjs").arg(server.url("/dashboard.html")).arg(&screenshot).args([
        "document.querySelector('#status').dataset.state === 'open' && document.querySelectorAll('#events li').length >= 2",
        // Clicked once: then it is true.
        "(document.querySelector('#broadcast button').click(), true)",
        "document.querySelector('#broadcast output').textContent.startsWith('custom_event was broadcast')",
        "document.querySelector('#servers').textContent === 'Student recordsconnectedssedegraded'",
        "document.querySelector('#workflows').textContent === 'Enrolment: runningCourses: failed (no room)'",
        "document.querySelector('#workflows progress').value === 1",
        "document.querySelector('#events').textContent.includes('Hello World')",
        "document.querySelector('#health').textContent.startsWith('healthy')",
        "document.querySelector('#current').textContent === '1' && Number(document.querySelector('#sent').textContent) >= 6",
    ]));
    for _ in 0..3 {
        assert!(page.next().await["held"].is_string());
    }
    for event in [
        server_connected(),
        json!({"type": "server_health_changed", "serverId": "sis", "data": {"serverId": "sis",
            "previousHealth": "healthy", "currentHealth": "degraded", "issues": ["slow"]}}),
        json!({"type": "workflow_started", "data": {"workflowId": "e1", "name": "Enrolment", "steps": ["a", "b"]}}),
        json!({"type": "workflow_step_completed", "data": {"workflowId": "e1", "step": "a"}}),
        json!({"type": "workflow_started", "data": {"workflowId": "c1", "name": "Courses", "steps": ["a"]}}),
        json!({"type": "workflow_failed", "data": {"workflowId": "c1", "error": "no room"}}),
    ] {
        assert_eq!(broadcast(&server, &event).await.0, 200);
    }
    loop {
        let said = page.next().await;
        if let Some(errors) = said["errors"].as_array() {
            assert!(errors.is_empty(), "{errors:?}");
            break;
        }
    }
    assert!(fs::metadata(&screenshot).unwrap().len() > 10_000, "{} is a picture of the page", screenshot.display());
}

/// Opened as a file, the page is of no site: it reads, and broadcasts where all sites may.
#[tokio::test]
async fn s0_15_the_dashboard_may_be_opened_as_a_file() {
    need_chromium();
    let server = Server::example("sse-integration", &[("INTEGRATION_SSE_CORS_ORIGINS", "*")], &[]).await;
    let folder = server.directory().join("examples/sse-integration");
    let script = fs::read_to_string(folder.join("dashboard.js")).unwrap();
    assert!(script.contains(DOCUMENTED));
    fs::write(folder.join("dashboard.js"), script.replace(DOCUMENTED, &server.url(""))).unwrap();
    let page = format!("file://{}", folder.join("dashboard.html").display());
    let mut page = Script::start(node("page.mjs").arg(page).arg(folder.join("page.png")).args([
        "document.querySelector('#status').dataset.state === 'open'",
        "(document.querySelector('#broadcast button').click(), true)",
        "document.querySelector('#events').textContent.includes('Hello World')",
        "document.querySelector('#health').textContent.startsWith('healthy')",
    ]));
    for _ in 0..4 {
        assert!(page.next().await["held"].is_string());
    }
    assert_eq!(page.next().await["errors"], json!([]));
}
