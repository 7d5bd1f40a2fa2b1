//! `examples/event-driven`: ten types of events, one callback for all of them, checked by a ready-made plugin.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::sse_integration::{DOCUMENTED, example, with_package};
use crate::clients::{Proxy, Script, documented_browser, documented_node};
use crate::support::{Server, Subscriber};

/// An event of each type, with the members that listeners rely on.
fn documented_events() -> Vec<(&'static str, Value)> {
    let connection = json!({"id": "sis", "name": "Student records", "transport": "sse", "capabilities": ["students"]});
    vec![
        ("server_connected", json!({"connection": connection})),
        ("server_disconnected", json!({"reason": "maintenance"})),
        (
            "server_health_changed",
            json!({"serverId": "sis", "previousHealth": "healthy", "currentHealth": "degraded", "issues": ["slow"]}),
        ),
        ("workflow_started", json!({"workflowId": "e1", "name": "Enrolment", "steps": ["check", "enrol"]})),
        ("workflow_step_completed", json!({"workflowId": "e1", "step": "check"})),
        ("workflow_completed", json!({"workflowId": "e1", "executionTime": 1200, "results": {"enrolled": 1}})),
        ("workflow_failed", json!({"workflowId": "e2", "error": "no room"})),
        (
            "integration_status_changed",
            json!({"status": "active", "connectedServers": 2, "activeWorkflows": 1, "lastUpdate": "2026-01-01T00:00:00Z"}),
        ),
        ("pattern_enabled", json!({"name": "event-driven"})),
        ("pattern_disabled", json!({"name": "event-driven"})),
    ]
}

/// The example as its README says, with its plugins.
async fn start() -> Server {
    let server = Server::example("event-driven", &[], &["json-schema", "cel"]).await;
    for name in ["json-schema", "cel"] {
        server.plugin_until(name, |plugin| plugin["state"] == "running").await;
    }
    server
}

/// Publishes as a server that tells of itself.
async fn publish(server: &Server, name: &str, data: &Value) -> (u16, Value) {
    server.post("application/json", json!({"type": name, "source": "sis", "data": data}).to_string()).await
}

/// The shim, an `integrationManager` made with it, and a program that listens.
fn with_manager(program: &str) -> String {
    let shim = fs::read_to_string(example("event-driven/integration-manager.js")).unwrap();
    // The package's class is imported and not global; pages have their own.
    let class = "typeof EventSource === \"undefined\" ? undefined : EventSource";
    format!("{shim}\nconst integrationManager = new IntegrationManager(\"{DOCUMENTED}/events\", {class});\n{program}")
}

/// The document's program, and after it one that prints every event and says when it is connected.
fn listener() -> String {
    let documented = fs::read_to_string(example("event-driven/clients/listener.js")).unwrap();
    with_manager(&format!(
        "{documented}\nintegrationManager.addEventListener((event) => console.log(\"all\", event));\n"
    ))
}

/// Publishes until a client that has just begun hears it.
async fn connected(server: &Server, client: &mut Script) {
    crate::support::eventually("it is connected", async || {
        server.get("/connections").await.1["connections"].as_array().is_some_and(|all| !all.is_empty())
    })
    .await;
    assert_eq!(publish(server, "begin", &Value::Null).await.0, 200);
    while client.next().await["log"][1]["type"] != "begin" {}
}

/// One callback hears all ten, with `type`, `data` and `serverId` at the top, and the document's program says what it says.
async fn hears_all(server: &Server, client: &mut Script) {
    connected(server, client).await;
    for (name, data) in documented_events() {
        let (status, told) = publish(server, name, &data).await;
        assert_eq!((status, &told["outcome"]), (200, &json!("stored")), "{name}: {told}");
        let says = match name {
            "server_connected" => Some("New server connected: Student records"),
            "workflow_completed" => Some("Workflow e1 completed successfully"),
            "server_disconnected" => Some("Server disconnected: sis"),
            _ => None,
        };
        if let Some(says) = says {
            assert_eq!(client.next().await["log"], json!([says]));
        }
        let heard = client.next().await["log"][1].clone();
        assert_eq!(
            (&heard["type"], &heard["data"], &heard["serverId"], &heard["id"]),
            (&json!(name), &data, &json!("sis"), &told["id"])
        );
    }
}

#[tokio::test]
async fn s1_02_03_04_05_06_one_callback_hears_all_types_in_node() {
    let server = start().await;
    for version in [2, 4, 5] {
        let program = with_package(&server, &listener(), version);
        let mut client = Script::start(&mut documented_node(&program, version, DOCUMENTED, &server.url("")));
        hears_all(&server, &mut client).await;
        drop(client);
        crate::support::eventually("it is gone", async || {
            server.get("/connections").await.1["connections"].as_array().is_some_and(Vec::is_empty)
        })
        .await;
    }
}

#[tokio::test]
async fn s1_05_06_one_callback_hears_all_types_in_a_page_of_another_site() {
    let server = start().await;
    let program = server.directory().join("program.js");
    fs::write(&program, listener()).unwrap();
    let mut client = Script::start(&mut documented_browser(&program, DOCUMENTED, &server.url(""), "elsewhere", &[]));
    hears_all(&server, &mut client).await;
}

#[tokio::test]
async fn s1_01_the_switches_are_those_of_the_document() {
    let names = ["INTEGRATION_ENABLED", "INTEGRATION_EVENT_DRIVEN", "INTEGRATION_SSE"];
    for off in names {
        let server = Server::example("event-driven", &[(off, "false")], &[]).await;
        assert_eq!(server.get("/events").await.0, 404, "{off}");
    }
    let variables = names.map(|name| (name, "true"));
    let server = Server::example("event-driven", &variables, &[]).await;
    let _listener = Subscriber::open(&server, "").await;
}

#[tokio::test]
async fn s1_07_a_listener_that_was_cut_off_or_comes_late_misses_nothing() {
    let server = Server::example("event-driven", &[], &[]).await;
    let proxy = Proxy::start(server.address()).await;
    let program = with_package(&server, &listener(), 5);
    let through = format!("http://{}", proxy.address());
    let mut client = Script::start(&mut documented_node(&program, 5, DOCUMENTED, &through));
    connected(&server, &mut client).await;
    let mut published = Vec::new();
    for number in 0..60 {
        let (status, told) =
            publish(&server, "workflow_step_completed", &json!({"workflowId": "e1", "step": number})).await;
        assert_eq!(status, 200, "{told}");
        published.push(told["id"].clone());
        if number % 20 == 10 {
            proxy.cut();
        }
    }
    // The shim reads what has an `id:`, so that nothing comes twice.
    for id in &published {
        assert_eq!(&client.next().await["log"][1]["id"], id);
    }
    let mut late = Subscriber::open(&server, "since=earliest&types=workflow_step_completed&framing=message").await;
    for id in &published {
        assert_eq!(&late.next().await.json()["id"], id);
    }
}

#[tokio::test]
async fn s1_08_listeners_and_producers_are_added_beside_each_other() {
    let server = start().await;
    let mut listener = Subscriber::open(&server, "framing=message").await;
    // A listener inside of the host hears one type: a health that stays is no change.
    let health =
        |now: &str| json!({"serverId": "sis", "previousHealth": "healthy", "currentHealth": now, "issues": []});
    let (status, told) = publish(&server, "server_health_changed", &health("healthy")).await;
    assert_eq!((status, &told["outcome"], &told["by"]), (200, &json!("dropped"), &json!("cel")), "{told}");
    assert_eq!(publish(&server, "server_health_changed", &health("unhealthy")).await.1["outcome"], "stored");
    // A type that nobody declared, from somebody whom nobody knew.
    let body = json!({"type": "school_opened", "source": "calendar", "data": {"serverId": "mine", "day": 1}});
    assert_eq!(server.post("application/json", body.to_string()).await.0, 200);
    assert_eq!(listener.next().await.json()["currentHealth"], "unhealthy");
    let opened = listener.next().await.json();
    assert_eq!((&opened["day"], &opened["data"]["serverId"]), (&json!(1), &json!("mine")));
    assert_eq!(opened["serverId"], "calendar", "the envelope's own names win");
}

#[tokio::test]
async fn s1_09_the_documented_file_of_variables_is_the_examples_own() {
    let text = |file: &str| fs::read_to_string(example(file)).unwrap();
    assert_eq!(text("event-driven/.env.integration"), text("event-driven/clients/environment.env"));
    let server = start().await;
    let mut node = Command::new("node");
    node.arg(example("event-driven/run-example.js")).env("TIDEMILL_URL", server.url("")).stdin(Stdio::null());
    let output = node.output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && printed.contains("Workflow enrol-1 completed successfully"), "{printed}");
    assert!(Path::new(&example("event-driven/.env.integration")).is_file());
}

#[tokio::test]
async fn s1_10_an_event_that_lacks_a_member_is_refused() {
    let server = start().await;
    let (_, declared) = server.get("/event-types").await;
    let declared: Vec<&str> =
        declared["event_types"].as_array().unwrap().iter().map(|own| own["name"].as_str().unwrap()).collect();
    for (name, data) in documented_events() {
        assert!(declared.contains(&name), "{name} is not declared: {declared:?}");
        assert_eq!(publish(&server, name, &data).await.0, 200, "{name}");
        for member in data.as_object().unwrap().keys() {
            let mut less = data.clone();
            less.as_object_mut().unwrap().remove(member);
            let (status, told) = publish(&server, name, &less).await;
            assert_eq!((status, &told["by"]), (422, &json!("json-schema")), "{name} without {member}: {told}");
            assert!(told["problems"][0]["detail"].as_str().unwrap().contains(member), "{told}");
        }
    }
    for member in ["id", "name", "transport", "capabilities"] {
        let mut data = documented_events()[0].1.clone();
        data["connection"].as_object_mut().unwrap().remove(member);
        let (status, told) = publish(&server, "server_connected", &data).await;
        assert_eq!((status, &told["problems"][0]["at"]), (422, &json!("/connection")), "{member}: {told}");
    }
}
