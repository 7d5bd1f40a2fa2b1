//! Owns what a program sees of an event.
//!
//! Knows nothing about configuration.
use tidemill_jq_program::{Program, Ran, Value};
use tidemill_sdk::Event;

/// The most outputs for one event: the contract's bound.
const MAX_OUTPUTS: usize = 64;

pub(crate) fn compile(source: &str) -> Result<Program, String> {
    Program::compile(source, &["$event"])
}

/// Runs a program on an event's data.
pub(crate) fn run(program: &Program, event: &Event<'_>) -> Result<Ran, String> {
    program.run(event.data(), vec![attributes(event)], MAX_OUTPUTS)
}

fn attributes(event: &Event<'_>) -> Value {
    let json = |text: &str| Value::json(text.as_bytes()).unwrap_or_else(|_| Value::object([]));
    Value::object([
        ("id", Value::text(event.id())),
        ("source", Value::text(event.source())),
        ("type", Value::text(event.kind())),
        ("subject", event.subject().map_or_else(|| json("null"), Value::text)),
        ("time", json(&event.time_ms().to_string())),
        ("extensions", json(event.extensions_json())),
    ])
}
