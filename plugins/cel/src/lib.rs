//! Filters events by an expression in the Common Expression Language: `type == "order.created" && data.total > 100`.
//!
//! Owns what becomes of an event by its expression's answer. What the expression sees of it is said in
//! `tidemill-cel-expression`.
mod configuration;

use tidemill_cel_expression::Program;
use tidemill_sdk::{Event, Failure, Filter, Manifest, Plugin, Problem, Verdict, log, manifest};

pub use self::configuration::{Configuration, OnError};

tidemill_sdk::export!(Cel: filter);

/// The plugin.
pub struct Cel {
    program: Program,
    on_error: OnError,
}

impl std::fmt::Debug for Cel {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Cel").field("on_error", &self.on_error).finish_non_exhaustive()
    }
}

impl Plugin for Cel {
    type Config = Configuration;

    fn manifest() -> Manifest {
        manifest! {
            summary: "Keeps the events for which an expression is true",
            subscribes: &["*"],
            config_schema: Some(configuration::SCHEMA),
        }
    }

    fn configure(configuration: Configuration) -> Result<Self, String> {
        let program =
            Program::compile(&configuration.expression).map_err(|error| format!("config.expression: {error}"))?;
        Ok(Self { program, on_error: configuration.on_error })
    }
}

impl Filter for Cel {
    fn decide(&mut self, event: &Event<'_>) -> Result<Verdict, Failure> {
        match self.program.decide(event) {
            Ok(keep) => Ok(Verdict::keep_if(keep)),
            Err(error) => {
                log::debug!("the expression failed: {error}"; "id" => event.id(), "type" => event.kind());
                match self.on_error {
                    OnError::Keep => Ok(Verdict::Keep),
                    OnError::Drop => Ok(Verdict::Drop),
                    OnError::Reject => Err(Problem::new("", format!("the expression failed: {error}")).into()),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
