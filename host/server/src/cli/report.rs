//! What became of published events: counted, and told line by line.

use std::{fmt, io};

use super::Exit;
use super::client::Answer;

/// How many events ended how.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) stored: u64,
    pub(super) dropped: u64,
    pub(super) rejected: u64,
    pub(super) failed: u64,
}

impl Tally {
    /// Counts one event. What is neither stored nor dropped is told, beginning with `what` (`line 17`).
    pub(super) fn count(&mut self, answer: &Answer, what: &str, err: &mut dyn io::Write) -> io::Result<()> {
        let by = answer.by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
        let outcome = match answer.outcome.as_deref() {
            Some("stored") => {
                self.stored += 1;
                return Ok(());
            }
            Some("dropped") => {
                self.dropped += 1;
                return Ok(());
            }
            Some("rejected") => {
                self.rejected += 1;
                format!("rejected{by}")
            }
            // The event was not processed, but it may be when it is sent again.
            Some("retry") => {
                self.failed += 1;
                format!("not processed{by}, send it again later")
            }
            _ => {
                self.failed += 1;
                format!("failed{by}")
            }
        };
        writeln!(err, "{what}: {outcome}: {}", answer.reasons())
    }

    /// Counts events that the server said nothing about one by one.
    pub(super) fn count_failed(
        &mut self,
        number: usize,
        what: &str,
        why: &str,
        err: &mut dyn io::Write,
    ) -> io::Result<()> {
        self.failed += number as u64;
        writeln!(err, "{what}: failed: {why}")
    }

    pub(super) fn total(&self) -> u64 {
        self.stored + self.dropped + self.rejected + self.failed
    }

    pub(super) fn exit(&self) -> Exit {
        if self.rejected + self.failed == 0 { Exit::Success } else { Exit::Failed }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stored, dropped, rejected, failed } = self;
        write!(f, "{stored} stored, {dropped} dropped, {rejected} rejected, {failed} failed")
    }
}
