//! Tools of a plugin through the real server: asked by MCP, heard of on the bus.

use serde_json::{Value, json};

use crate::support::{Server, Subscriber, eventually, ready_made};

const CONFIG: &str = "[plugins.notification-server.grants]\npublish = [\"notification.*\"]\nfigures = true\n";

/// One request, without a session; its result.
async fn ask(server: &Server, method: &str, params: &Value) -> Value {
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
    let request = server.http.post(server.url("/mcp")).header("content-type", "application/json").body(body);
    let text = request.send().await.unwrap().text().await.unwrap();
    let answer: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    answer["result"].clone()
}

#[tokio::test]
async fn a_task_is_called_over_mcp_and_its_steps_are_events() {
    let server = Server::start(CONFIG, &[("notification-server", &ready_made("notification-server"))]).await;
    let listed = ask(&server, "tools/list", &json!({})).await;
    let names: Vec<&str> =
        listed["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"simulate_progress") && names.contains(&"publish_event"), "{names:?}");

    let mut stream = Subscriber::open(&server, "types=notification.*,tidemill.tool.progress").await;
    let arguments = json!({"task_name": "Backup", "duration_seconds": 1, "step_count": 2});
    let done = ask(&server, "tools/call", &json!({"name": "simulate_progress", "arguments": arguments})).await;
    let task = done["structuredContent"]["task_id"].clone();
    assert!(task.is_string(), "{done}");
    for percent in [50, 100] {
        let (one, other) = (stream.next().await.json(), stream.next().await.json());
        // The step is stored before the plugin reports it.
        assert_eq!((&one["task_id"], &one["progress"]), (&task, &json!(percent)));
        assert_eq!((&other["tool"], &other["percent"]), (&json!("simulate_progress"), &json!(f64::from(percent))));
    }
    let status = ask(&server, "tools/call", &json!({"name": "connection_status", "arguments": {}})).await;
    assert_eq!(status["structuredContent"]["active_connections"], 1, "{status}");

    let figures = server.get("/plugins/notification-server").await.1["figures"].clone();
    assert_eq!((&figures["client_calls"]["complete"], &figures["published"]), (&json!(2), &json!(2)), "{figures}");
}

#[tokio::test]
async fn a_tool_is_there_as_long_as_its_plugin() {
    let server = Server::start(CONFIG, &[("notification-server", &ready_made("notification-server"))]).await;
    let has = async || {
        let listed = ask(&server, "tools/list", &json!({})).await;
        listed["tools"].as_array().unwrap().iter().any(|tool| tool["name"] == "send_notification")
    };
    assert!(has().await);
    std::fs::remove_file(server.plugins_dir().join("notification-server.wasm")).unwrap();
    eventually("it is gone", async || !has().await).await;
}
