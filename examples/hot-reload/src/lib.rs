//! Greets visitors: a transform small enough to be changed while events flow.
use serde::Deserialize;
use serde_json::json;
use tidemill_sdk::{Event, Failure, Outcome, Output};

tidemill_sdk::transform!(greet, subscribes: &["visitor.*"], summary: "Greets visitors");

#[derive(Deserialize)]
struct Visitor<'a> {
    name: &'a str,
}

fn greet(event: &Event<'_>) -> Result<Outcome, Failure> {
    let Visitor { name } = event.json()?;
    Ok(Outcome::change(Output::new().json(&json!({ "greeting": format!("Hello, {name}!") }))?))
}
