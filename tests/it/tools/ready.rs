//! The ready-made plugin with tools, and the one that docs/tools.md shows.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tidemill_plugin::{CallContext, Plugin};

use super::{Around, call, result, text};
use crate::support::ready_made;

/// As it is shipped, with a mount of its own or none.
fn notification_server(around: &Around, config: &str) -> Arc<Plugin> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let shipped = fs::read_to_string(root.join("plugins/notification-server.toml")).unwrap();
    around.load_file("notification-server", &ready_made("notification-server"), &format!("{shipped}{config}"))
}

#[tokio::test]
async fn a_task_takes_its_time_and_everybody_hears_of_its_steps() {
    let around = Around::new();
    let plugin = notification_server(&around, "");
    let reports = Arc::new(Mutex::new(Vec::new()));
    let to_reports = Arc::clone(&reports);
    let progress = Arc::new(move |report: tidemill_plugin::ToolProgress| to_reports.lock().unwrap().push(report.done));
    let context = CallContext { progress: Some(progress), ..CallContext::default() };
    let arguments = json!({"task_name": "File Processing", "duration_seconds": 1, "step_count": 4});
    let done = plugin.call_tool(call("simulate_progress", &arguments), context).await.unwrap();
    assert_eq!(*reports.lock().unwrap(), [25.0, 50.0, 75.0, 100.0]);
    let published = around.seen.published.lock().unwrap();
    let data: Vec<Value> = published.iter().map(|event| serde_json::from_slice(event.data()).unwrap()).collect();
    let told: Vec<_> = data.iter().map(|data| data["message"].as_str().unwrap()).collect();
    assert_eq!(told, [1, 2, 3, 4].map(|step| format!("Completed step {step} of 4")));
    assert!(published.iter().all(|event| event.event_type() == "notification.progress"));
    assert!(format!("{done:?}").contains(data[0]["task_id"].as_str().unwrap()), "the result names the task");
    assert_eq!(data[1]["progress"], 50);
}

#[tokio::test]
async fn arguments_out_of_range_are_errors_that_name_them() {
    let around = Around::new();
    let plugin = notification_server(&around, "");
    for (tool, arguments, expected) in [
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
        (
            "simulate_progress",
            json!({"task_name": "x", "step_count": 2.5}),
            "step_count: 2.5 is not of type \"integer\"",
        ),
        ("simulate_progress", json!({}), "\"task_name\" is a required property"),
        ("send_notification", json!({"message": "x", "type": "loud"}), "type: \"loud\" is not one of"),
        ("send_notification", json!({"type": "info"}), "\"message\" is a required property"),
    ] {
        let refused = result(&plugin, tool, &arguments).await;
        assert!(refused.is_error && text(&refused).contains(expected), "{refused:?}");
    }
    assert!(around.seen.published.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_notification_is_an_event_and_the_status_counts_streams() {
    let around = Around::new();
    let plugin = notification_server(&around, "");
    let arguments = json!({"message": "Disk is full", "type": "warning", "data": {"disk": "sda"}});
    let sent = result(&plugin, "send_notification", &arguments).await;
    let id = sent.structured.unwrap()["notification_id"].clone();
    let published: Value = serde_json::from_slice(around.seen.published.lock().unwrap()[0].data()).unwrap();
    assert_eq!((&published["notification_id"], &published["notification_type"]), (&id, &json!("warning")));

    let status = result(&plugin, "connection_status", &json!({})).await.structured.unwrap();
    assert_eq!((&status["sse_enabled"], &status["active_connections"]), (&json!(true), &json!(7)));
    let plugin = notification_server(&around, "\n[config]\nmount = \"/nowhere\"\n");
    let status = result(&plugin, "connection_status", &json!({})).await.structured.unwrap();
    assert_eq!((&status["sse_enabled"], &status["endpoint"]), (&json!(false), &json!("/nowhere")));
}

#[tokio::test]
async fn tools_that_publish_take_a_permission_if_one_is_set() {
    let around = Around::new();
    for (config, expected) in [("", None), ("\n[config]\npermission = \"notify\"\n", Some("notify"))] {
        let plugin = notification_server(&around, config);
        let permission = |name: &str| plugin.offer().tool(name).unwrap().info.permission.clone();
        for name in ["simulate_progress", "send_notification"] {
            assert_eq!(permission(name).as_deref(), expected, "{name}");
        }
        assert_eq!(permission("connection_status"), None);
    }
}

#[test]
fn the_example_of_the_documentation_is_a_plugin() {
    let around = Around::new();
    let kitchen = around.load("kitchen", "[grants]\npublish = [\"kitchen.*\"]");
    assert!(kitchen.offer().tool("boil_eggs").is_some());
}
