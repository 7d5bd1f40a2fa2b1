//! What plugins decide, in one form for all kinds, and what is said of a call that failed.

use std::fmt;

use tidemill_event::{Change, Problem};

use crate::limits::{BACKTRACE_FRAMES_MAX, FRAME_BYTES_MAX, LOG_LINE_BYTES_MAX};
use crate::voice;

/// What becomes of one event after one plugin looked at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It goes on as it is.
    Keep,
    /// It ends here.
    Drop,
    /// These go on in its place.
    Emit(Vec<Change>),
    /// It ends here as the publisher's mistake.
    Reject(Vec<Problem>),
    /// It cannot be handled at the moment, for this reason: its publisher is to send it again.
    Retry(String),
    /// The plugin cannot go on at the moment, for this reason: the host is to ask again.
    Later(String),
    /// The plugin failed on it.
    Fault(Fault),
}

/// A plugin's failure on one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What kind of failure.
    pub kind: FaultKind,
    /// What happened, in one line for people.
    pub detail: String,
    /// The calls that led there, innermost first, one per line; empty where there were none.
    pub backtrace: String,
}

/// Kinds of failure, as they are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FaultKind {
    /// The code trapped: a panic, an abort, memory accessed out of bounds, a stack overflow.
    Trap,
    /// The call took longer than the plugin's time limit.
    Timeout,
    /// The plugin wanted more memory than its limit.
    Memory,
    /// The answer makes no sense: a wrong number of verdicts, an impossible event, too many outputs.
    BadOutput,
    /// The plugin said that it cannot work, or no instance of it can be made.
    Broken,
}

impl FaultKind {
    /// All kinds.
    pub const ALL: [Self; 5] = [Self::Trap, Self::Timeout, Self::Memory, Self::BadOutput, Self::Broken];

    /// The name used in answers and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Trap => "trap",
            Self::Timeout => "timeout",
            Self::Memory => "memory",
            Self::BadOutput => "bad-output",
            Self::Broken => "broken",
        }
    }
}

impl Fault {
    /// A failure of a kind. What a plugin says itself may be long, and have line breaks that forge lines of the log.
    pub fn new(kind: FaultKind, detail: impl AsRef<str>) -> Self {
        Self { kind, detail: voice::cut(detail.as_ref(), LOG_LINE_BYTES_MAX), backtrace: String::new() }
    }

    /// What a plugin says itself: an interpreter's exception brings its own calls, in lines that begin with `    at `. The
    /// innermost one is part of the detail, which is all that a line of the log has.
    pub(crate) fn told(reason: &str) -> Self {
        let mut parts = reason.splitn(BACKTRACE_FRAMES_MAX + 1, FRAME);
        let (said, frames) = (parts.next().unwrap_or_default(), parts);
        let frames: Vec<_> =
            frames.take(BACKTRACE_FRAMES_MAX).map(|frame| voice::cut(frame, FRAME_BYTES_MAX)).collect();
        let place = frames.first().map(|frame| format!(", at {frame}")).unwrap_or_default();
        let detail = said.get(..said.floor_char_boundary(LOG_LINE_BYTES_MAX - FRAME_BYTES_MAX)).unwrap_or_default();
        Self { backtrace: frames.join("\n"), ..Self::new(FaultKind::Broken, format!("{detail}{place}")) }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind.name(), self.detail)
    }
}

/// What stands before each call that an exception names.
const FRAME: &str = "\n    at ";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exception_keeps_its_calls() {
        let fault = Fault::told("TypeError: no\n    at total (plugin.js:7)\n    at apply (plugin.js:3)");
        assert_eq!(fault.detail, "TypeError: no, at total (plugin.js:7)");
        assert_eq!(fault.backtrace, "total (plugin.js:7)\napply (plugin.js:3)");
        assert_eq!(Fault::told("no rates").backtrace, "");
        let forged = Fault::told(&format!("{}{}", "é".repeat(1 << 16), "\n    at x\rERROR forged".repeat(1000)));
        assert!(
            forged.detail.len() < LOG_LINE_BYTES_MAX + 8 && forged.backtrace.lines().count() == BACKTRACE_FRAMES_MAX
        );
        assert!(!forged.backtrace.contains('\r'));
    }

    #[test]
    fn what_a_plugin_says_of_its_failure_is_one_line_within_bounds() {
        let fault = Fault::new(FaultKind::Broken, format!("x\nERROR forged: {}", "y".repeat(1 << 20)));
        assert!(fault.detail.starts_with("x\u{fffd}ERROR") && fault.detail.len() < LOG_LINE_BYTES_MAX + 8);
    }
}
