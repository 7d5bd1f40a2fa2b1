//! A filter on the type that never sees the data.
use tidemill_sdk::{Event, Verdict};

tidemill_sdk::filter!(keep, name: "keep-type", summary: "Keeps one type", subscribes: &["*"], needs_data: false);

fn keep(event: &Event<'_>) -> Verdict {
    Verdict::keep_if(tidemill_bench_guests::wants_type(event.kind()))
}
