//! A filter on the type that is handed the data all the same, as a plugin is that says nothing about them.
use tidemill_sdk::{Event, Verdict};

tidemill_sdk::filter!(keep, name: "keep-type-with-data", summary: "Keeps one type", subscribes: &["*"]);

fn keep(event: &Event<'_>) -> Verdict {
    Verdict::keep_if(tidemill_bench_guests::wants_type(event.kind()))
}
