//! A filter on one member of the data.
use tidemill_sdk::{Event, Verdict};

tidemill_sdk::filter!(keep, name: "keep-field", summary: "Keeps one value of a member", subscribes: &["*"]);

fn keep(event: &Event<'_>) -> Verdict {
    Verdict::keep_if(tidemill_bench_guests::wants_data(event.data()))
}
