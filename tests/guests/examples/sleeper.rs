//! Sleeps over some events, in the way of ordinary Rust programs.
use std::thread::sleep;
use std::time::Duration;

use tidemill_sdk::{Event, Verdict};

tidemill_sdk::filter!(doze, name: "sleeper", summary: "Sleeps", subscribes: &["*"], needs_data: false);

fn doze(event: &Event<'_>) -> Verdict {
    match event.kind() {
        "sleep.hour" => sleep(Duration::from_secs(3600)),
        "sleep.naps" => loop {
            sleep(Duration::from_millis(1));
        },
        "sleep.moment" => sleep(Duration::from_millis(2)),
        _ => {}
    }
    Verdict::Keep
}
