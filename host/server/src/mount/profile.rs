//! What a stream looks like to its clients: which events, in which frames and shapes, what is said at the beginning, in
//! between and of gaps. Plugins and the bus know nothing of it.

use tidemill_bus::{Envelope, Framing};
use tidemill_event::TypePattern;

/// How a stream looks. The default is that of `/events`.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Profile {
    /// Types for those who ask for none.
    pub(crate) types: Vec<TypePattern>,
    /// Sources for those who ask for none.
    pub(crate) sources: Vec<String>,
    /// Subjects for those who ask for none.
    pub(crate) subjects: Vec<String>,
    /// Frames for those who ask for none.
    pub(crate) framing: Framing,
    /// What stands in them for those who ask for nothing else.
    pub(crate) envelope: Envelope,
}
