//! Where a call by a client ends, whatever it does: when its time is over, or when nobody waits for it any more. Must not know
//! what it does.

use std::future::Future;
use std::time::{Duration, Instant};

use tokio::time::{sleep_until, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::limits::CANCEL_LOOK;

/// Why a call was cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// Nobody waited for it any more.
    Cancelled,
    /// It took too long, waiting included.
    Time,
    /// It computed for too long.
    Compute,
}

/// Where one call ends.
#[derive(Debug, Clone)]
pub(crate) struct CutOff {
    by: Instant,
    cancel: CancellationToken,
    /// How long it may go on when it was cancelled.
    grace: Duration,
    /// When that was seen.
    cancelled: Option<Instant>,
    cut: Option<Cut>,
}

impl CutOff {
    pub(crate) fn new(time: Duration, cancel: CancellationToken, grace: Duration) -> Self {
        Self { by: Instant::now() + time, cancel, grace, cancelled: None, cut: None }
    }

    pub(super) fn left(&self, now: Instant) -> Duration {
        self.by.saturating_duration_since(now)
    }

    pub(super) const fn cut(&self) -> Option<Cut> {
        self.cut
    }

    /// Waits, unless the call is cut off meanwhile.
    pub(super) async fn wait<T>(&mut self, wait: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            waited = wait => return Some(waited),
            cut = end(self.by, &self.cancel, self.grace, &mut self.cancelled) => self.cut = Some(cut),
        }
        None
    }

    /// How long a call that computes until then may go on before it is looked after again; none: it is cut off.
    pub(super) fn look(&mut self, now: Instant, until: Instant) -> Option<Duration> {
        if self.cancel.is_cancelled() {
            self.cancelled.get_or_insert(now);
        }
        let grace = self.cancelled.map_or(self.by, |since| since + self.grace);
        self.cut = if now >= grace && self.cancelled.is_some() {
            Some(Cut::Cancelled)
        } else if now >= self.by {
            Some(Cut::Time)
        } else {
            (now >= until).then_some(Cut::Compute)
        };
        self.cut.is_none().then(|| CANCEL_LOOK.min(until - now).min(self.by - now))
    }
}

async fn end(by: Instant, cancel: &CancellationToken, grace: Duration, cancelled: &mut Option<Instant>) -> Cut {
    if timeout_at(by.into(), cancel.cancelled()).await.is_err() {
        return Cut::Time;
    }
    let since = *cancelled.get_or_insert_with(Instant::now);
    sleep_until((since + grace).into()).await;
    Cut::Cancelled
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_call_that_computes_is_cut_off_for_the_reason_that_comes_first() {
        let cancel = CancellationToken::new();
        let new = || CutOff::new(10 * SECOND, cancel.clone(), SECOND);
        let (mut first, mut second, now) = (new(), new(), Instant::now());
        assert_eq!(first.look(now, now + SECOND), Some(CANCEL_LOOK));
        assert_eq!((first.look(now + SECOND, now + SECOND), first.cut()), (None, Some(Cut::Compute)));
        assert_eq!((second.look(now + 20 * SECOND, now + 30 * SECOND), second.cut()), (None, Some(Cut::Time)));
        let mut third = new();
        cancel.cancel();
        assert!(third.look(now, now + 5 * SECOND).is_some(), "it may tidy up");
        assert_eq!((third.look(now + SECOND, now + 5 * SECOND), third.cut()), (None, Some(Cut::Cancelled)));
    }
}
