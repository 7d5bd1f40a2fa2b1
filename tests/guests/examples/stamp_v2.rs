//! A transform whose second version is told from its first by the stamp it leaves.
use tidemill_sdk::{Event, Outcome};

tidemill_sdk::transform!(stamp, name: "stamp", version: "2.0.0", summary: "Stamps v2", subscribes: &["*"], needs_data: false);

fn stamp(event: &Event<'_>) -> Outcome {
    tidemill_guests::stamp(event, "v2")
}
