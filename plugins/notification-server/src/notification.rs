//! `send_notification`: a line for everybody who listens.
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tidemill_sdk::tools::{Answer, Failure, Tool};
use uuid::Uuid;

use crate::events;

pub(crate) const NAME: &str = "send_notification";

const SCHEMA: &str = r#"{"type":"object","required":["message","type"],"properties":{
    "message":{"type":"string","minLength":1,"maxLength":10000,"description":"What to say"},
    "type":{"type":"string","enum":["info","warning","error","success"],"description":"Of what kind it is"},
    "data":{"type":"object","description":"What else belongs to it"}}}"#;

#[derive(Debug, Deserialize)]
pub(crate) struct Notification {
    message: String,
    #[serde(rename = "type")]
    kind: Kind,
    data: Option<Map<String, Value>>,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Info,
    Warning,
    Error,
    Success,
}

pub(crate) fn tool() -> Tool {
    Tool::new(NAME, "Sends a notification to everybody who listens").title("Send notification").input_schema(SCHEMA)
}

pub(crate) fn send(notification: Notification) -> Result<Answer, Failure> {
    let Notification { message, kind, data } = notification;
    let id = Uuid::new_v4().to_string();
    let mut told = json!({
        "type": "notification", "notification_id": id, "notification_type": kind, "message": message,
        "timestamp": events::now(),
    });
    if let Some(data) = data {
        told["data"] = Value::Object(data);
    }
    events::publish(events::NOTIFICATION, &id, &told)?;
    let text = format!("The notification was sent. notification_id: {id}");
    Answer::text(text).structured(&json!({"notification_id": id, "notification_type": kind}))
}
