//! Shows each subscriber the events for which its expression in the Common Expression Language is true:
//! `GET /events?view=cel-view&view.where=data.total > 100`.
//!
//! Owns what is asked of subscribers. The expression is the class. What it sees of an event is said in
//! `tidemill-cel-expression`.
mod programs;

use tidemill_sdk::view::{Subscriber, View};
use tidemill_sdk::{Event, Failure, Manifest, NoConfig, Plugin, log, manifest};

use self::programs::Programs;

tidemill_sdk::export!(CelView: view);

/// Bytes of an expression, which are those of a class in the contract.
const EXPRESSION_BYTES_MAX: usize = 1024;
/// How deep an expression may go through lists within lists: subscribers write them, and each level multiplies the time
/// that an event takes.
const NESTING_MAX: usize = 2;

/// The plugin.
#[derive(Debug, Default)]
pub struct CelView {
    programs: Programs,
}

impl Plugin for CelView {
    type Config = NoConfig;

    fn manifest() -> Manifest {
        manifest! { summary: "Shows subscribers the events for which their expression is true" }
    }

    fn configure(_: NoConfig) -> Result<Self, String> {
        Ok(Self::default())
    }
}

impl View for CelView {
    fn classify(&mut self, who: &Subscriber) -> Result<String, String> {
        let mut expressions = Vec::new();
        for (name, value) in &who.parameters {
            match name.as_str() {
                "where" => expressions.push(value.trim()),
                other => return Err(format!("view.{other}: there is no such parameter; there is `view.where`")),
            }
        }
        let expression = match expressions[..] {
            [] | [""] => return Err("view.where is missing: an expression such as `data.total > 100`".into()),
            [one] => one,
            _ => return Err("view.where is there more than once: join the expressions by `&&`".into()),
        };
        if expression.len() > EXPRESSION_BYTES_MAX {
            let found = expression.len();
            return Err(format!("view.where: it has {found} bytes, at most {EXPRESSION_BYTES_MAX} are possible"));
        }
        let program = self.programs.get(expression).map_err(|error| format!("view.where: {error}"))?;
        let nesting = program.nesting();
        if nesting > NESTING_MAX {
            return Err(format!(
                "view.where: lists are gone through {nesting} levels deep, at most {NESTING_MAX} are possible"
            ));
        }
        Ok(expression.to_owned())
    }

    fn visible(&mut self, class: &str, event: &Event<'_>) -> Result<bool, Failure> {
        // Classes are expressions that were compiled before.
        let Ok(program) = self.programs.get(class) else { return Ok(false) };
        Ok(program.decide(event).unwrap_or_else(|error| {
            log::trace!("the expression failed: {error}"; "id" => event.id(), "type" => event.kind());
            false
        }))
    }
}

#[cfg(test)]
mod tests;
