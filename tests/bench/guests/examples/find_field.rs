//! A filter on one member of the data that looks for nothing else in it.
use tidemill_sdk::{Event, Verdict, json};

tidemill_sdk::filter!(keep, name: "find-field", summary: "Keeps events with a member", subscribes: &["*"]);

fn keep(event: &Event<'_>) -> Verdict {
    let found = json::find(event.data(), &[tidemill_bench_guests::FIELD]);
    Verdict::keep_if(found.is_ok_and(|value| value == Some(b"0")))
}
