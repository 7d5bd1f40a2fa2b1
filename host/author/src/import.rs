//! What a plugin asks the host for: the interfaces that it imports.

use serde::{Deserialize, Serialize};

use crate::Named;

/// An interface that a plugin uses. Some have to be granted where the plugin runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Import {
    /// Log lines.
    Log,
    /// Figures of its own.
    Meter,
    /// Keys and values that are kept.
    State,
    /// Publishing events.
    Bus,
    /// What a tool says while it works.
    Call,
    /// The server's figures.
    Server,
    /// Requests to other hosts (`wasi:http`).
    Http,
}

impl Named for Import {
    const WHAT: &'static str = "interface to use";
    const ALL: &'static [Self] =
        &[Self::Log, Self::Meter, Self::State, Self::Bus, Self::Call, Self::Server, Self::Http];

    fn name(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Meter => "meter",
            Self::State => "state",
            Self::Bus => "bus",
            Self::Call => "call",
            Self::Server => "server",
            Self::Http => "http",
        }
    }
}
