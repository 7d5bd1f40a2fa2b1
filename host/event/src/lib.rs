//! The vocabulary of Tidemill: events, who may see them, positions, types and their patterns, and every limit.
//!
//! Owns what an event *is* and when one is well formed: whoever holds an [`Event`] need not check it again.
//! Must not know: files, sockets, clocks, threads, plugins. Everything here is a pure function of its input.

mod attributes;
mod audience;
mod change;
mod event;
mod event_type;
mod json;
pub mod limits;
mod matcher;
mod pattern;
mod position;
mod problem;
mod reader;
mod state;
mod stored;
mod timestamp;

pub use attributes::Attributes;
pub use audience::{AUDIENCE_ATTRIBUTE, Audience};
pub use change::Change;
pub use event::{Data, Event};
pub use event_type::{check_type, is_reserved_type};
pub use json::{JsonError, JsonText, is_json_media_type};
pub use matcher::TypeMatcher;
pub use pattern::{PatternError, TypePattern};
pub use position::{Position, PositionError};
pub use problem::Problem;
pub use reader::Reader;
pub use state::{History, StateChange, StateChanges, StateEntry};
pub use stored::StoredError;
pub use timestamp::{Timestamp, TimestampError};
