//! The server's looks at clocks: the wall clock for people, the uptime for deadlines.

use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tidemill_event::Timestamp;

/// Now, by the machine's wall clock.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_unix_ms(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// How long the server has been here.
pub(crate) fn uptime() -> Duration {
    START.elapsed()
}

/// A moment of the uptime in milliseconds, modulo 2³²: small, as every subscriber keeps some, and good for spans of up to
/// 49 days, which no deadline reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment(u32);

impl Moment {
    /// This moment.
    pub(crate) fn now() -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "modulo 2³² is what is wanted")]
        Self(START.elapsed().as_millis() as u32)
    }

    /// From its bits.
    pub(crate) const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// Its bits, for an atomic.
    pub(crate) const fn bits(self) -> u32 {
        self.0
    }

    /// The time since an earlier moment.
    pub(crate) const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.wrapping_sub(earlier.0) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_right_where_the_count_starts_over() {
        let (before, after) = (Moment::from_bits(u32::MAX - 4), Moment::from_bits(5));
        assert_eq!(after.since(before), Duration::from_millis(10));
    }
}
