//! The server's one look at the wall clock.

use std::time::{SystemTime, UNIX_EPOCH};

use tidemill_event::Timestamp;

/// Now, by the machine's wall clock.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_unix_ms(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
