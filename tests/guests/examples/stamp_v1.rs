//! A transform whose first version is told from its second by the stamp it leaves.
use tidemill_sdk::{Event, Outcome};

tidemill_sdk::transform!(stamp, name: "stamp", version: "1.0.0", summary: "Stamps v1", subscribes: &["*"], needs_data: false);

fn stamp(event: &Event<'_>) -> Outcome {
    tidemill_guests::stamp(event, "v1")
}
