//! One call by a client, as both sides see it: who calls, who is told how it goes, and what stands around plugins meanwhile.
//! Must not know what is called, nor how.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tidemill_event::Event;
use tokio_util::sync::CancellationToken;
use tracing::Level;

use crate::ToolProgress;
use crate::limits::{
    CALL_EVENTS_MAX, CALL_EVENTS_PER_SECOND_MAX, CALL_FAILURE_LINES_PER_SECOND_MAX, CHANGES_PER_SECOND_MAX,
    REPORTS_PER_SECOND_MAX, UPDATES_PER_SECOND_MAX,
};
use crate::rate::Rate;

/// Who calls, and who is told how it goes.
#[derive(Clone, Default)]
pub struct CallContext {
    /// The name that a token gives them.
    pub caller: Option<String>,
    /// Is told how far the call is, on the call's thread. Must not block.
    pub progress: Option<Arc<dyn Fn(ToolProgress) + Send + Sync>>,
    /// Is told what the plugin logs meanwhile. Must not block.
    pub logs: Option<Arc<dyn Fn(CallLog) + Send + Sync>>,
    /// Cancelled, nobody waits for the call any more.
    pub cancel: CancellationToken,
}

/// A line that a plugin logs while it is called, of at most [`LOG_LINE_BYTES_MAX`](crate::limits::LOG_LINE_BYTES_MAX): many
/// may wait for a slow client, so that its fields stay in the host's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallLog {
    /// How important it is.
    pub level: Level,
    /// What it says.
    pub message: String,
}

/// Lists that may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listing {
    /// Of tools.
    Tools,
    /// Of prompts.
    Prompts,
    /// Of resources and their templates.
    Resources,
}

/// What stands around plugins: what they reach of the server while they are called. All of it is counted and bounded here;
/// grants were checked.
#[async_trait]
pub trait Platform: Send + Sync {
    /// Publishes events of a plugin on the account of whoever called it, each with whether the plugin gave its id, and waits
    /// until they are stored.
    async fn publish(&self, caller: Option<&str>, events: Vec<(Event, bool)>) -> Result<(), String>;
    /// Streams that are open, of all mounts or of one; none if there is no such mount.
    fn streams(&self, path: Option<&str>) -> Option<u32>;
    /// A plugin says that a list changed.
    fn changed(&self, listing: Listing);
    /// A plugin says that a resource changed.
    fn updated(&self, uri: &str);
}

impl fmt::Debug for CallContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallContext").field("caller", &self.caller).finish_non_exhaustive()
    }
}

/// What the calls of one plugin have in common.
#[derive(Debug)]
pub(crate) struct CallRates {
    pub(crate) events: Rate,
    pub(crate) changes: Rate,
    pub(crate) updates: Rate,
    /// Lines about those that failed.
    pub(crate) failures: Rate,
}

impl Default for CallRates {
    fn default() -> Self {
        Self {
            events: Rate::new(CALL_EVENTS_PER_SECOND_MAX),
            changes: Rate::new(CHANGES_PER_SECOND_MAX),
            updates: Rate::new(UPDATES_PER_SECOND_MAX),
            failures: Rate::new(CALL_FAILURE_LINES_PER_SECOND_MAX),
        }
    }
}

/// A call that goes on, beside its instance.
pub(crate) struct Present {
    pub(crate) context: CallContext,
    /// Events that it may still publish; none: it may not publish at all.
    pub(crate) events_left: Option<usize>,
    reports: Reports,
}

impl Present {
    pub(crate) fn new(context: CallContext) -> Self {
        Self { context, events_left: Some(CALL_EVENTS_MAX), reports: Reports::default() }
    }

    /// One that publishes nothing: a question, which is asked with every key that is pressed.
    pub(crate) fn question(context: CallContext) -> Self {
        Self { events_left: None, ..Self::new(context) }
    }

    /// Sends a report, or keeps it for later if there were many.
    pub(crate) fn report(&mut self, report: ToolProgress) {
        let now = Instant::now();
        if let Some(due) = self.reports.take(report, now) {
            self.send(due);
        }
    }

    /// The call is over: a report that was kept is sent.
    pub(crate) fn end(mut self) {
        if let Some(kept) = self.reports.kept.take() {
            self.send(kept);
        }
    }

    fn send(&self, report: ToolProgress) {
        if let Some(progress) = &self.context.progress {
            progress(report);
        }
    }
}

/// Reports on their way. Of too many in a second only the newest is sent.
#[derive(Default)]
struct Reports {
    began: Option<Instant>,
    sent: u32,
    newest: Option<f64>,
    kept: Option<ToolProgress>,
}

impl Reports {
    /// The report that is to be sent now.
    fn take(&mut self, report: ToolProgress, now: Instant) -> Option<ToolProgress> {
        let increases = self.newest.is_none_or(|newest| report.done > newest);
        if !report.done.is_finite() || report.total.is_some_and(|total| !total.is_finite()) || !increases {
            return None;
        }
        self.newest = Some(report.done);
        if self.began.is_none_or(|began| now.saturating_duration_since(began) >= Duration::from_secs(1)) {
            (self.began, self.sent) = (Some(now), 0);
        }
        if self.sent >= REPORTS_PER_SECOND_MAX {
            self.kept = Some(report);
            return None;
        }
        self.sent += 1;
        self.kept = None;
        Some(report)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(done: f64) -> ToolProgress {
        ToolProgress { done, total: None, message: None }
    }

    #[test]
    fn of_many_reports_the_newest_is_kept_and_those_that_do_not_increase_are_left_out() {
        let (mut reports, start) = (Reports::default(), Instant::now());
        let sent = (0..200).filter(|n| reports.take(report(f64::from(*n)), start).is_some()).count();
        assert_eq!(sent, REPORTS_PER_SECOND_MAX as usize);
        assert_eq!(reports.kept.as_ref().map(|kept| kept.done), Some(199.0));
        let later = start + Duration::from_secs(1);
        assert_eq!(reports.take(report(199.0), later), None, "it does not increase");
        assert_eq!(reports.take(report(f64::NAN), later), None);
        assert_eq!(reports.take(report(200.0), later).map(|sent| sent.done), Some(200.0));
        assert!(reports.kept.is_none());
    }
}
