//! What became of one published event.

use std::sync::Arc;

use tidemill_event::{Position, Problem};
use tidemill_plugin::Fault;

/// What became of one published event. An event is taken as a whole: if a plugin split it, either all parts are stored
/// (less those that a later plugin dropped) or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is in the log, as one event or, if a plugin split it, as several.
    Stored(Vec<Position>),
    /// A plugin dropped it, as it is meant to.
    Dropped {
        /// Which plugin.
        by: Arc<str>,
    },
    /// It is not acceptable; sending it again will not help.
    Rejected {
        /// Which plugin; none if the host itself found the problems.
        by: Option<Arc<str>>,
        /// What is wrong with it.
        problems: Vec<Problem>,
    },
    /// A plugin cannot handle it at the moment; sending it again may help.
    Retry {
        /// Which plugin.
        by: Arc<str>,
        /// Why.
        reason: String,
    },
    /// A plugin failed on it.
    Failed {
        /// Which plugin.
        by: Arc<str>,
        /// How it failed.
        fault: Fault,
    },
    /// The log did not take it.
    Lost {
        /// Why.
        reason: String,
    },
}
