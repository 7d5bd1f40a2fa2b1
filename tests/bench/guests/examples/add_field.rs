//! A transform that adds a member to the data.
use tidemill_sdk::{Event, Failure, Outcome, Output, Problem};

tidemill_sdk::transform!(add, name: "add-field", summary: "Adds a member", subscribes: &["*"]);

fn add(event: &Event<'_>) -> Result<Outcome, Failure> {
    let data = tidemill_bench_guests::with_member(event.data()).map_err(|error| Problem::new("", error.to_string()))?;
    Ok(Outcome::change(Output::new().data(data)))
}
