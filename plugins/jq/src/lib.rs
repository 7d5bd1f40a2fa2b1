//! Transforms event data by a jq program: no output drops the event, one changes it, several split it.
//!
//! Owns what becomes of an event by its program's outputs. The language stands in `program.rs`.
mod configuration;
mod program;

use tidemill_jq_program::{Program, Ran};
use tidemill_sdk::{Event, Failure, Manifest, Outcome, Output, Plugin, Problem, Transform, log, manifest};

pub use self::configuration::{Configuration, OnError};

tidemill_sdk::export!(Jq: transform);

/// The plugin.
pub struct Jq {
    program: Program,
    on_error: OnError,
}

impl std::fmt::Debug for Jq {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Jq").field("on_error", &self.on_error).finish_non_exhaustive()
    }
}

impl Plugin for Jq {
    type Config = Configuration;

    fn manifest() -> Manifest {
        manifest! {
            summary: "Changes, splits or drops events by a jq program",
            subscribes: &["*"],
            config_schema: Some(configuration::SCHEMA),
        }
    }

    fn configure(configuration: Configuration) -> Result<Self, String> {
        let program = program::compile(&configuration.program).map_err(|error| format!("config.program: {error}"))?;
        Ok(Self { program, on_error: configuration.on_error })
    }
}

impl Transform for Jq {
    fn apply(&mut self, event: &Event<'_>) -> Result<Outcome, Failure> {
        if !event.is_json() || event.data().is_empty() {
            return Ok(Outcome::Keep);
        }
        match program::run(&self.program, event) {
            Ok(Ran::Same) => Ok(Outcome::Keep),
            Ok(Ran::Texts(texts)) if texts.is_empty() => Ok(Outcome::Drop),
            Ok(Ran::Texts(texts)) => {
                Ok(Outcome::Emit(texts.into_iter().map(|text| Output::new().data(text)).collect()))
            }
            Err(error) => {
                log::debug!("the program failed: {error}"; "id" => event.id(), "type" => event.kind());
                match self.on_error {
                    OnError::Keep => Ok(Outcome::Keep),
                    OnError::Drop => Ok(Outcome::Drop),
                    OnError::Reject => Err(Problem::new("", format!("the jq program failed: {error}")).into()),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
