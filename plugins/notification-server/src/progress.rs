//! `simulate_progress`: a task that takes a while and tells of each step.
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use tidemill_sdk::call;
use tidemill_sdk::tools::{Answer, Failure, Tool};
use uuid::Uuid;

use crate::events::{self, Step};

pub(crate) const NAME: &str = "simulate_progress";

const SCHEMA: &str = r#"{"type":"object","required":["task_name"],"properties":{
    "task_name":{"type":"string","minLength":1,"maxLength":200,"description":"Name of the task to simulate"},
    "duration_seconds":{"type":"number","minimum":1,"maximum":60,"default":10,"description":"How long the task takes"},
    "step_count":{"type":"integer","minimum":1,"maximum":20,"default":5,"description":"How many steps it has"}}}"#;

#[derive(Debug, Deserialize)]
pub(crate) struct Task {
    task_name: String,
    #[serde(default = "ten")]
    duration_seconds: f64,
    #[serde(default = "five")]
    step_count: f64,
}

fn ten() -> f64 {
    10.0
}

fn five() -> f64 {
    5.0
}

pub(crate) fn tool() -> Tool {
    Tool::new(NAME, "Simulates a task that takes a while, and tells everybody who listens of each step")
        .title("Simulate progress")
        .input_schema(SCHEMA)
}

pub(crate) fn run(task: &Task) -> Result<Answer, Failure> {
    // The host checked the ranges; JSON writes whole numbers as `5.0`, too.
    let (steps, seconds) = (task.step_count as u32, task.duration_seconds);
    if !(1.0..=60.0).contains(&seconds) || !(1..=20).contains(&steps) {
        return Err(Failure::InvalidArguments("duration_seconds is 1 to 60 and step_count 1 to 20".into()));
    }
    let task_id = Uuid::new_v4().to_string();
    let pause = Duration::from_secs_f64(seconds / f64::from(steps));
    for step in 1..=steps {
        call::sleep(pause)?;
        // Two digits of it, which is what people read.
        let progress = (f64::from(step) / f64::from(steps) * 10_000.0).round() / 100.0;
        let told = Step { task_id: &task_id, task_name: &task.task_name, progress, step, total_steps: steps };
        events::publish_step(&told)?;
        call::progress(progress, Some(100.0), Some(&events::done(step, steps)));
    }
    let text = format!("Task `{}` is done: {steps} steps in {seconds} seconds. task_id: {task_id}", task.task_name);
    Answer::text(text).structured(&json!({
        "task_id": task_id, "task_name": task.task_name, "total_steps": steps, "duration_seconds": seconds,
    }))
}
