//! The document's five steps with curl, the events that they show, and what its tools say.

use serde_json::{Value, json};

use super::{Listener, answered, call, is_time, is_uuid, keys, notify, shell, start, start_changed, text};
use crate::support::{Server, eventually};

const PROGRESS: [&str; 8] = ["type", "task_id", "task_name", "progress", "step", "total_steps", "message", "timestamp"];

/// The task of the document takes its 15 seconds; the others go on meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s4_01_02_03_05_07_08_the_five_steps_work_word_by_word() {
    let server = start().await;
    let (mut listener, hello) = Listener::connect(&server).await;
    assert_eq!((&hello["type"], &hello["client_count"]), (&json!("status"), &json!(1)));

    let begun = answered(&shell(&server, "initialize.sh").output().unwrap());
    assert_eq!((&begun["id"], &begun["result"]["protocolVersion"]), (&json!("1"), &json!("2025-06-18")));

    let task = shell(&server, "simulate_progress.sh").stdout(std::process::Stdio::piped()).spawn().unwrap();
    let first = listener.next().await;
    assert_eq!((&first["type"], &first["progress"], &first["step"]), (&json!("progress"), &json!(10), &json!(1)));

    let sent = answered(&shell(&server, "send_notification.sh").output().unwrap());
    assert_eq!(sent["id"], "3");
    let told = listener.next().await;
    assert_eq!(keys(&told), ["type", "notification_id", "notification_type", "message", "timestamp", "data"]);
    assert_eq!(
        (&told["type"], &told["notification_type"], &told["message"]),
        (&json!("notification"), &json!("warning"), &json!("System maintenance will begin in 10 minutes"))
    );
    let data = json!({"maintenance_window": "2024-01-15T02:00:00Z", "expected_duration": "30 minutes"});
    assert_eq!(told["data"], data);
    assert!(is_uuid(&told["notification_id"]) && is_time(&told["timestamp"]), "{told}");

    let status = answered(&shell(&server, "connection_status.sh").output().unwrap());
    assert_eq!((&status["id"], &status["result"]["isError"]), (&json!("4"), &json!(false)));

    for step in 2..=10 {
        let event = listener.next().await;
        assert_eq!(keys(&event), PROGRESS);
        assert_eq!(
            (&event["task_id"], &event["task_name"], &event["total_steps"]),
            (&first["task_id"], &json!("File Processing"), &json!(10))
        );
        assert_eq!((&event["progress"], &event["step"]), (&json!(step * 10), &json!(step)));
        assert_eq!(event["message"], format!("Completed step {step} of 10"));
        assert!(is_time(&event["timestamp"]) && is_uuid(&event["task_id"]), "{event}");
    }
    let done = answered(&task.wait_with_output().unwrap());
    assert_eq!((&done["id"], &done["result"]["isError"]), (&json!("2"), &json!(false)));
    assert!(text(&done["result"]).contains(first["task_id"].as_str().unwrap()), "{done}");
}

#[tokio::test]
async fn s4_02_03_12_the_server_presents_itself_and_needs_no_session() {
    let server = start().await;
    let initialize = |version: &str| {
        let client = json!({"name": "test-client", "version": "1.0.0"});
        let params = json!({"protocolVersion": version, "capabilities": {}, "clientInfo": client});
        server.http.post(server.url("/mcp")).json(&json!({
            "jsonrpc": "2.0", "method": "initialize", "params": params, "id": "1",
        }))
    };
    let answer = initialize("2025-06-18").send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "application/json");
    assert!(!answer.headers().contains_key("mcp-session-id"), "{answer:?}");
    let result = answer.json::<Value>().await.unwrap()["result"].clone();
    let server_info = &result["serverInfo"];
    assert_eq!(
        (&server_info["name"], &server_info["version"], &server_info["title"]),
        (&json!("notification-server"), &json!("1.0.0"), &json!("Real-time Notification Server"))
    );
    let list = json!({"jsonrpc": "2.0", "method": "tools/list", "id": "x"});
    let listed: Value = server.http.post(server.url("/mcp")).json(&list).send().await.unwrap().json().await.unwrap();
    assert_eq!(listed["id"], "x", "the id is a text and stays one");
    let tools = listed["result"]["tools"].as_array().unwrap();
    for name in ["connection_status", "send_notification", "simulate_progress"] {
        assert!(tools.iter().any(|tool| tool["name"] == name), "{name}: {listed}");
    }
}

#[tokio::test]
async fn s4_04_05_arguments_out_of_range_are_tool_errors_that_name_them() {
    let server = start().await;
    let (mut listener, _) = Listener::connect(&server).await;
    for (tool, arguments, says) in [
        ("simulate_progress", json!({"task_name": "x", "duration_seconds": 0.5}), "duration_seconds: 0.5 is less than"),
        (
            "simulate_progress",
            json!({"task_name": "x", "duration_seconds": 61}),
            "duration_seconds: 61 is greater than",
        ),
        (
            "simulate_progress",
            json!({"task_name": "x", "step_count": 0}),
            "step_count: 0 is less than the minimum of 1",
        ),
        ("simulate_progress", json!({"task_name": "x", "step_count": 21}), "step_count: 21 is greater than"),
        ("simulate_progress", json!({"task_name": "x", "step_count": 1.5}), "step_count: 1.5 is not of type"),
        ("simulate_progress", json!({"step_count": 1}), "\"task_name\" is a required property"),
        ("send_notification", json!({"message": "x", "type": "debug"}), "type: \"debug\" is not one of"),
        ("send_notification", json!({"message": "x"}), "\"type\" is a required property"),
        ("send_notification", json!({"type": "info"}), "\"message\" is a required property"),
        ("send_notification", json!({"message": "x", "type": "info", "data": [1]}), "data: [1] is not of type"),
    ] {
        let result = call(&server, tool, arguments).await;
        assert!(result["isError"] == true && text(&result).contains(says), "{says}: {result}");
    }
    for kind in ["info", "warning", "error", "success"] {
        let result = call(&server, "send_notification", json!({"message": kind, "type": kind})).await;
        assert_eq!(result["isError"], false, "{result}");
        let told = listener.next().await;
        assert_eq!((&told["notification_type"], &told["message"]), (&json!(kind), &json!(kind)), "nothing before it");
        assert_eq!(keys(&told), ["type", "notification_id", "notification_type", "message", "timestamp"]);
    }
}

#[tokio::test]
async fn s4_04_07_tasks_have_ids_of_their_own_and_a_step_may_be_part_of_a_percent() {
    let server = start().await;
    let (mut listener, _) = Listener::connect(&server).await;
    let run = |name: &str| {
        call(&server, "simulate_progress", json!({"task_name": name, "duration_seconds": 1, "step_count": 3}))
    };
    let (one, other) = tokio::join!(run("one"), run("other"));
    let mut steps = std::collections::BTreeMap::<String, Vec<Value>>::new();
    for _ in 0..6 {
        let event = listener.next().await;
        steps.entry(event["task_id"].to_string()).or_default().push(event["progress"].clone());
    }
    assert_eq!(steps.len(), 2, "{steps:?}");
    assert!(steps.values().all(|steps| *steps == [json!(33.33), json!(66.67), json!(100)]), "{steps:?}");
    for result in [one, other] {
        assert!(steps.contains_key(&result["structuredContent"]["task_id"].to_string()), "{result}");
    }
}

async fn status(server: &Server) -> Value {
    call(server, "connection_status", json!({})).await
}

#[tokio::test]
async fn s4_06_09_everybody_is_greeted_and_counted() {
    let server = start().await;
    let (first, one) = Listener::connect(&server).await;
    let (_second, other) = Listener::connect(&server).await;
    for (count, hello) in [(1, &one), (2, &other)] {
        assert_eq!(keys(hello), ["type", "status", "connection_id", "client_count", "timestamp"]);
        assert_eq!((&hello["status"], &hello["client_count"]), (&json!("connected"), &json!(count)));
        assert!(is_uuid(&hello["connection_id"]) && is_time(&hello["timestamp"]), "{hello}");
    }
    let listed = server.get("/connections").await.1;
    for hello in [one, other] {
        assert!(listed.to_string().contains(hello["connection_id"].as_str().unwrap()), "{listed}");
    }
    let told = status(&server).await;
    let structured = &told["structuredContent"];
    assert_eq!(
        (&structured["sse_enabled"], &structured["active_connections"], &structured["endpoint"]),
        (&json!(true), &json!(2), &json!("http://127.0.0.1:8005/mcp"))
    );
    for says in ["SSE: enabled", "Active connections: 2", "http://127.0.0.1:8005/mcp", "curl"] {
        assert!(text(&told).contains(says), "{says}: {told}");
    }
    drop(first);
    eventually("one has left", async || status(&server).await["structuredContent"]["active_connections"] == 1).await;
}

#[tokio::test]
async fn s4_06_12_the_stream_can_be_switched_off() {
    let server = start_changed(&[("framing = \"message\"", "framing = \"message\"\nenabled = false")], "").await;
    let answer = server.http.get(server.url("/mcp")).header("accept", "text/event-stream").send().await.unwrap();
    assert_eq!(answer.status(), 404);
    let told = status(&server).await;
    assert_eq!(told["structuredContent"]["sse_enabled"], false, "{told}");
    assert!(text(&told).contains("SSE: disabled"), "{told}");
}

/// Each line of data is one JSON text, nothing is there twice, nothing has a name.
#[tokio::test]
async fn s4_07_08_each_event_comes_once_and_on_one_line() {
    let server = start().await;
    let mut listener = Listener::asking(&server, "", &[]);
    let mut lines = Vec::new();
    while !lines.last().is_some_and(|line: &String| line.contains("\"status\"")) {
        lines.push(listener.0.line().await);
    }
    call(&server, "simulate_progress", json!({"task_name": "two\nlines", "duration_seconds": 1, "step_count": 2}))
        .await;
    notify(&server, "last\r\n\r\ndata: {}").await;
    while !lines.last().is_some_and(|line| line.contains("last")) {
        lines.push(listener.0.line().await);
    }
    let data: Vec<Value> = lines
        .iter()
        .filter(|line| line.starts_with("data"))
        .map(|line| serde_json::from_str(line.strip_prefix("data: ").unwrap()).unwrap())
        .collect();
    let types: Vec<&Value> = data.iter().map(|data| &data["type"]).collect();
    assert_eq!(types, ["status", "progress", "progress", "notification"]);
    let known = |line: &String| {
        ["data: {", "id: ", "retry: ", ":"].iter().any(|beginning| line.starts_with(beginning)) || line.is_empty()
    };
    assert!(lines.iter().all(known), "{lines:?}");
    // And nothing comes after it.
    notify(&server, "end").await;
    assert_eq!(listener.next().await["message"], "end");
}
