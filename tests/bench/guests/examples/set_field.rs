//! A transform that adds a member to the data without reading the rest of it.
use tidemill_sdk::{Event, Failure, Outcome, Output, Problem, json};

tidemill_sdk::transform!(add, name: "set-field", summary: "Adds a member", subscribes: &["*"]);

fn add(event: &Event<'_>) -> Result<Outcome, Failure> {
    let data = json::set(event.data(), "seen-by", "\"bench\"").map_err(|error| Problem::new("", error.to_string()))?;
    Ok(Outcome::change(Output::new().data(data)))
}
