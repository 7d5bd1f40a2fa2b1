//! Expressions in the Common Expression Language about events, for the plugins that have them: what they may name, what
//! they see of an event, how their mistakes are told.
//!
//! Knows nothing about what becomes of an event by its expression's answer.
mod program;
mod value;
mod variables;

pub use cel::ExecutionError;

pub use self::program::Program;
