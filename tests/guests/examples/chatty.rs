//! Says far too much about every event.
use tidemill_sdk::{Event, Verdict, log};

tidemill_sdk::filter!(chatter, name: "chatty", summary: "Says far too much", subscribes: &["*"], needs_data: false);

#[allow(clippy::print_stdout, reason = "the host must bound what a plugin prints")]
fn chatter(event: &Event<'_>) -> Verdict {
    for line in 0..10_000 {
        log::info!("line {line}"; "id" => event.id());
        println!("line {line} about {}", event.id());
    }
    Verdict::Keep
}
