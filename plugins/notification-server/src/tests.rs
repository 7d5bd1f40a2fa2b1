//! What the tools and the types of the plugin do, without a host.
use serde_json::{Value, json};
use tidemill_sdk::EventTypes;
use tidemill_sdk::content::Part;
use tidemill_sdk::testing;
use tidemill_sdk::tools::{Answer, Call, Failure, Tools};

use super::NotificationServer;

fn plugin() -> NotificationServer {
    testing::configured(r#"{"mount":"/mcp","endpoint":"http://127.0.0.1:8005/mcp"}"#).expect("it is a configuration")
}

fn call(name: &str, arguments: &Value) -> Result<Answer, Failure> {
    plugin().call(&Call::new(name, arguments))
}

fn text(answer: &Answer) -> &str {
    let [Part::Text(text)] = answer.content() else { panic!("one text") };
    text
}

#[test]
fn a_task_tells_of_each_step_and_its_result_names_it() {
    let answer = call("simulate_progress", &json!({"task_name": "Backup", "step_count": 3})).expect("it ends");
    let events = testing::published();
    let data: Vec<Value> = events.iter().map(|event| serde_json::from_slice(&event.data).expect("JSON")).collect();
    let told: Vec<_> = data.iter().map(|data| (data["progress"].clone(), data["step"].clone())).collect();
    assert_eq!(told, [(json!(33.33), json!(1)), (json!(66.67), json!(2)), (json!(100), json!(3))]);
    let keys: Vec<&str> = data[0].as_object().expect("an object").keys().map(String::as_str).collect();
    let expected = ["type", "task_id", "task_name", "progress", "step", "total_steps", "message", "timestamp"];
    assert_eq!(keys, expected);
    assert_eq!(data[0]["message"], "Completed step 1 of 3");
    let time = data[0]["timestamp"].as_str().expect("a text");
    assert!(time.len() == 24 && time.ends_with('Z') && time.as_bytes()[19] == b'.', "{time}");
    assert!(text(&answer).contains(data[0]["task_id"].as_str().expect("a text")));
    let reports: Vec<f64> = testing::reported().into_iter().map(|(done, ..)| done).collect();
    assert_eq!(reports, [33.33, 66.67, 100.0]);
}

#[test]
fn each_notification_has_an_id_of_its_own() {
    let arguments = json!({"message": "Disk is full", "type": "warning", "data": {"disk": "sda"}});
    for _ in 0..2 {
        call("send_notification", &arguments).expect("it is sent");
    }
    let events = testing::published();
    let data: Vec<Value> = events.iter().map(|event| serde_json::from_slice(&event.data).expect("JSON")).collect();
    assert_eq!((&data[0]["type"], &data[0]["notification_type"]), (&json!("notification"), &json!("warning")));
    assert_eq!(data[0]["data"], json!({"disk": "sda"}));
    assert_ne!(data[0]["notification_id"], data[1]["notification_id"]);
}

#[test]
fn the_status_says_how_to_connect() {
    let status = call("connection_status", &json!({})).expect("it is known").structured_content().expect("JSON");
    assert_eq!((&status["sse_enabled"], &status["active_connections"]), (&json!(false), &json!(0)));
    assert_eq!(status["endpoint"], "http://127.0.0.1:8005/mcp");
}

#[test]
fn what_it_publishes_is_what_its_types_say_and_nothing_else_is() {
    call("send_notification", &json!({"message": "x", "type": "info"})).expect("it is sent");
    call("simulate_progress", &json!({"task_name": "x", "step_count": 1})).expect("it ends");
    let mut plugin = plugin();
    for event in testing::published() {
        let sample = testing::event(event.type_).data(event.data);
        plugin.validate(&sample.event()).expect("it is valid");
    }
    for declared in plugin.types() {
        let example = testing::event(&declared.name).data(declared.examples[0].as_bytes());
        plugin.validate(&example.event()).expect("an example is valid");
        let wrong = testing::event(&declared.name).data(r#"{"type":"other"}"#);
        plugin.validate(&wrong.event()).expect_err("it is not");
    }
}

#[test]
fn wrong_arguments_are_named() {
    let Err(Failure::InvalidArguments(what)) = call("send_notification", &json!({"message": "x", "type": "loud"}))
    else {
        panic!("there is no such type")
    };
    assert!(what.starts_with("type:"), "{what}");
    assert_eq!(call("other", &json!({})), Err(Failure::UnknownTool));
}
