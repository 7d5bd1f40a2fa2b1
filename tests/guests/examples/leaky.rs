//! Leaks a kibibyte with every event.
use std::hint::black_box;

use tidemill_sdk::{Event, Verdict};

tidemill_sdk::filter!(leak, name: "leaky", summary: "Leaks", subscribes: &["*"], needs_data: false);

fn leak(event: &Event<'_>) -> Verdict {
    std::mem::forget(black_box(vec![event.id().len() as u8; 1024]));
    Verdict::Keep
}
