//! A filter that counts every event, by its type, in its state.
use tidemill_sdk::{Event, Failure, Problem, Verdict, state};

tidemill_sdk::filter!(count, name: "count", summary: "Counts events", subscribes: &["*"], needs_data: false);

fn count(event: &Event<'_>) -> Result<Verdict, Failure> {
    state::increment(event.kind(), 1).map_err(|error| Problem::new("", error.to_string()))?;
    Ok(Verdict::Keep)
}
