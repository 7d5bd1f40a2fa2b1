//! What became of one published event.

use std::sync::Arc;

use tidemill_event::{Position, Problem};
use tidemill_plugin::Fault;

/// What became of one published event. An event is taken as a whole: if a plugin split it, either all parts are stored
/// (less those that a later plugin dropped) or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is in the log.
    Stored {
        /// Where: one position or, if a plugin split it, several.
        positions: Vec<Position>,
        /// It was published before and stands where it stood; nothing was stored now.
        duplicate: bool,
    },
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
        /// The number of the dead letter that keeps it; none if that could not be kept either.
        dead_letter: Option<u64>,
    },
    /// The log has no room.
    Full {
        /// What it said.
        reason: String,
    },
    /// The log did not take it, or it is not known whether it did.
    Lost {
        /// Why.
        reason: String,
    },
}
