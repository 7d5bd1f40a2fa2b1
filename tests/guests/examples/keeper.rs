//! Keeps state: what an event's data says is done to it, and put into the event in its place.
use serde_json::{Value, json};
use std::time::Duration;
use tidemill_sdk::state::{self, WriteError};
use tidemill_sdk::{Batch, Event, Failure, Fault, Manifest, NoConfig, Outcome, Output, Plugin, Transform, manifest};

tidemill_sdk::export!(Keeper: transform);

struct Keeper;

impl Plugin for Keeper {
    type Config = NoConfig;

    fn manifest() -> Manifest {
        manifest! { name: "keeper", summary: "Keeps state", subscribes: &["keep.*"] }
    }

    fn configure(_: NoConfig) -> Result<Self, String> {
        Ok(Self)
    }
}

impl Transform for Keeper {
    fn apply(&mut self, event: &Event<'_>) -> Result<Outcome, Failure> {
        let op: Value = event.json()?;
        let done = work(&op, event.id());
        match event.kind() {
            "keep.trap" => panic!("after it wrote"),
            "keep.drop" => Ok(Outcome::Drop),
            "keep.errand" => {
                let errand = json!({"url": op["url"]});
                Ok(Outcome::Emit(vec![Output::new().kind("errand").data(errand.to_string())]))
            }
            _ => Ok(Outcome::Emit(vec![Output::new().data(done.to_string())])),
        }
    }

    fn apply_batch(&mut self, batch: &Batch<'_>) -> Result<Vec<Outcome>, Fault> {
        let mut outcomes = Vec::new();
        for event in batch.iter() {
            match self.apply(&event) {
                Ok(outcome) => outcomes.push(outcome),
                Err(_) => outcomes.push(Outcome::Keep),
            }
        }
        let again = state::get("again").is_none();
        if batch.iter().any(|event| event.kind() == "keep.retry") && again {
            return Err(Fault::retry("not before `again` is set"));
        }
        Ok(outcomes)
    }
}

fn work(op: &Value, id: &str) -> Value {
    let key = op["key"].as_str().unwrap_or("k");
    let written = |result: Result<u64, WriteError>| match result {
        Ok(_) => json!("written"),
        Err(error) => json!(error.to_string()),
    };
    match op["op"].as_str().unwrap_or_default() {
        "count" => match state::increment(key, op["by"].as_i64().unwrap_or(1)) {
            Ok(sum) => json!(sum),
            Err(error) => json!(error.to_string()),
        },
        "window" => json!(state::increment_for(key, 1, Duration::from_millis(300)).unwrap_or(-1)),
        "once" => written(state::put_if(&format!("seen/{id}"), b"", 0)),
        "put" => written(state::put(key, &vec![b'x'; op["bytes"].as_u64().unwrap_or(1) as usize])),
        "put-for" => written(state::put_for(key, b"x", Duration::from_millis(op["ms"].as_u64().unwrap_or(100)))),
        "get" => json!(state::get(key).map(|entry| entry.value.len())),
        "many" => json!(state::get_many(&vec![key; op["times"].as_u64().unwrap_or(2) as usize]).len()),
        "delete" => json!(state::delete(key)),
        "keys" => json!(state::keys(key, op["after"].as_str().unwrap_or(""), op["limit"].as_u64().unwrap_or(9) as u32)),
        "flood" => {
            let mut number = 0_u64;
            let stopped = loop {
                if let Err(error) = state::put(&format!("flood/{number}"), &[b'x'; 1_000]) {
                    break error;
                }
                number += 1;
            };
            json!({"stopped": stopped.to_string(), "keys": number})
        }
        "hammer" => loop {
            let _ = state::put(key, &vec![b'x'; 1 << 20]);
        },
        _ => json!("nothing"),
    }
}
