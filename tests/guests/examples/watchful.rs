//! Tells how fine the clocks are that it was given: the steps that it saw, in nanoseconds.
use std::time::{Duration, Instant, SystemTime};

use serde_json::json;
use tidemill_sdk::{Event, Failure, Outcome, Output};

tidemill_sdk::transform!(look, name: "watchful", subscribes: &["time.*"], summary: "Looks at the clock");

fn look(_: &Event<'_>) -> Result<Outcome, Failure> {
    let (began, wall) = (Instant::now(), SystemTime::now());
    let mut seen = 0_u64;
    for round in 0..200_000 {
        seen = std::hint::black_box(seen.wrapping_add(round));
    }
    std::thread::sleep(Duration::from_millis(2));
    let since_epoch = wall.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let told = json!({"passed": began.elapsed().as_nanos() as u64, "wall": since_epoch.subsec_nanos()});
    Ok(Outcome::change(Output::new().json(&told)?))
}
