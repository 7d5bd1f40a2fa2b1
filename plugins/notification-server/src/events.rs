//! The events that clients read: their types, what is in them, how people see them.
use serde::Serialize;
use serde_json::{Value, json};
use tidemill_sdk::bus::{self, NewEvent};
use tidemill_sdk::schema::Shape;
use tidemill_sdk::tools::Failure as ToolFailure;
use tidemill_sdk::{Event, EventType, Failure, Problem, Target, html};

/// A step of a task.
pub(crate) const PROGRESS: &str = "notification.progress";
/// A notification.
pub(crate) const NOTIFICATION: &str = "notification.notification";

/// Shapes of the data of both types.
#[derive(Debug)]
pub(crate) struct Types {
    progress: Shape,
    notification: Shape,
}

/// What a step of a task says.
#[derive(Debug, Serialize)]
pub(crate) struct Step<'a> {
    pub(crate) task_id: &'a str,
    pub(crate) task_name: &'a str,
    /// Percent, 0 to 100.
    pub(crate) progress: f64,
    pub(crate) step: u32,
    pub(crate) total_steps: u32,
}

impl Types {
    pub(crate) fn load() -> Result<Self, String> {
        let shape = |schema: &Value| Shape::of(schema).ok_or("a schema of the plugin is no shape");
        Ok(Self { progress: shape(&progress_schema())?, notification: shape(&notification_schema())? })
    }

    pub(crate) fn declared() -> Vec<EventType> {
        let declared = |name: &str, summary: &str, schema: Value, example: Value| EventType {
            name: name.into(),
            version: "1.0.0".into(),
            summary: summary.into(),
            schema_json: schema.to_string(),
            examples: vec![example.to_string()],
        };
        vec![
            declared(
                PROGRESS,
                "A step of a task is done",
                progress_schema(),
                json!({
                    "type": "progress", "task_id": "0193a5c2-7f3e-4d9b-9d6e-1a2b3c4d5e6f", "task_name": "Backup",
                    "progress": 45.5, "step": 5, "total_steps": 11, "message": "Completed step 5 of 11",
                    "timestamp": "2026-01-02T03:04:05.678Z",
                }),
            ),
            declared(
                NOTIFICATION,
                "Somebody has something to say",
                notification_schema(),
                json!({
                    "type": "notification", "notification_id": "0193a5c2-7f3e-4d9b-9d6e-1a2b3c4d5e6f",
                    "notification_type": "info", "message": "Hello", "timestamp": "2026-01-02T03:04:05.678Z",
                }),
            ),
        ]
    }

    pub(crate) fn check(&self, event: &Event<'_>) -> Result<(), Failure> {
        let shape = match event.kind() {
            PROGRESS => &self.progress,
            NOTIFICATION => &self.notification,
            other => return Err(Problem::new("type", format!("`{other}` is none of this plugin's types")).into()),
        };
        shape.check(event.data(), 0).map(drop).map_err(Into::into)
    }
}

fn progress_schema() -> Value {
    let text = json!({"type": "string"});
    let count = json!({"type": "integer"});
    json!({
        "type": "object",
        "required": ["type", "task_id", "task_name", "progress", "step", "total_steps", "message", "timestamp"],
        "properties": {
            "type": {"type": "string", "const": "progress"}, "task_id": text, "task_name": text,
            "progress": {"type": "number"}, "step": count, "total_steps": count, "message": text, "timestamp": text,
        },
    })
}

fn notification_schema() -> Value {
    let text = json!({"type": "string"});
    json!({
        "type": "object",
        "required": ["type", "notification_id", "notification_type", "message", "timestamp"],
        "properties": {
            "type": {"type": "string", "const": "notification"}, "notification_id": text, "notification_type": text,
            "message": text, "timestamp": text, "data": {"type": "object"},
        },
    })
}

/// Publishes a step.
pub(crate) fn publish_step(step: &Step<'_>) -> Result<(), ToolFailure> {
    let Step { task_id, task_name, progress, step, total_steps } = step;
    // A whole number is shown as one.
    let percent = if progress.fract() == 0.0 { json!(*progress as i64) } else { json!(progress) };
    let data = json!({
        "type": "progress", "task_id": task_id, "task_name": task_name, "progress": percent, "step": step,
        "total_steps": total_steps, "message": done(*step, *total_steps), "timestamp": now(),
    });
    publish(PROGRESS, task_id, &data)
}

/// Publishes any other event of a subject.
pub(crate) fn publish(event_type: &str, subject: &str, data: &Value) -> Result<(), ToolFailure> {
    bus::publish(&[NewEvent::new(event_type, data.to_string()).subject(subject)]).map_err(ToolFailure::Failed)
}

/// That a step is done.
pub(crate) fn done(step: u32, steps: u32) -> String {
    format!("Completed step {step} of {steps}")
}

/// The time, with milliseconds, in UTC.
pub(crate) fn now() -> String {
    format!("{:.3}", jiff::Timestamp::now())
}

pub(crate) fn render(event: &Event<'_>, target: Target) -> String {
    let data: Value = event.json().unwrap_or_default();
    let member = |name: &str| data[name].as_str().unwrap_or_default();
    let line = match event.kind() {
        PROGRESS => format!("{}: {} ({} %)", member("task_name"), member("message"), data["progress"]),
        _ => format!("{}: {}", member("notification_type"), member("message")),
    };
    if target == Target::Html { html::escape(&line).to_string() } else { line }
}
