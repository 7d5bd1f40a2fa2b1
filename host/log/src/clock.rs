//! Where a log takes the time from.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use tidemill_event::Timestamp;

/// Says what time it is. It may go backwards; a log does not let its records do so.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The machine's wall clock.
pub fn system_clock() -> Clock {
    Arc::new(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_unix_ms(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    })
}

/// A new log's epoch: the second in which it was made, so that positions of an earlier log are not taken for its own.
pub(crate) fn first_epoch(now: Timestamp) -> u32 {
    u32::try_from(now.unix_ms() / 1000).unwrap_or(u32::MAX)
}
