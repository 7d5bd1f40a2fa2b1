//! A filter that never comes back.
use std::hint::black_box;

use tidemill_sdk::{Event, Verdict};

tidemill_sdk::filter!(spin, name: "spin", summary: "Never answers", subscribes: &["*"], needs_data: false);

fn spin(_: &Event<'_>) -> Verdict {
    loop {
        black_box(());
    }
}
