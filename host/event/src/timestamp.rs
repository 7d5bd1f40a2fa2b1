//! Points in time, as events carry them. This crate reads no clock; whoever stamps an event passes the time in.

use std::{fmt, str::FromStr};

/// Milliseconds since 1970-01-01T00:00:00 UTC, written in RFC 3339 form with milliseconds: `2026-11-20T09:30:00.123Z`.
///
/// Finer fractions are cut off and offsets are turned into UTC when a time is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The last millisecond of the year 9999, the latest time that RFC 3339 can write.
    pub const MAX: Self = Self(253_402_300_799_999);

    /// From milliseconds since the Unix epoch; later times than [`MAX`](Self::MAX) become that.
    pub const fn from_unix_ms(ms: u64) -> Self {
        Self(if ms > Self::MAX.0 { Self::MAX.0 } else { ms })
    }

    /// Milliseconds since the Unix epoch.
    pub const fn unix_ms(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = jiff::Timestamp::from_millisecond(self.0.cast_signed()).map_err(|_| fmt::Error)?;
        write!(f, "{time:.3}")
    }
}

/// A text is not a time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a time between 1970 and 9999 in RFC 3339 form, such as 2026-11-20T09:30:00Z")]
pub struct TimestampError {
    text: String,
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, TimestampError> {
        text.parse::<jiff::Timestamp>()
            .ok()
            .and_then(|time| u64::try_from(time.as_millisecond()).ok())
            .filter(|ms| *ms <= Self::MAX.0)
            .map(Self)
            .ok_or_else(|| TimestampError { text: text.chars().take(64).collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read_back(ms in 0..Timestamp::MAX.0) {
            let time = Timestamp::from_unix_ms(ms);
            prop_assert_eq!(time.to_string().parse(), Ok(time));
        }
    }

    #[test]
    fn offsets_become_utc_and_fractions_milliseconds() {
        let time: Timestamp = "2026-11-20T10:30:00.123999+01:00".parse().unwrap();
        assert_eq!(time.to_string(), "2026-11-20T09:30:00.123Z");
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "now", "2026-11-20", "2026-11-20T10:30:00", "1969-12-31T23:59:59Z", "2026-13-01T00:00:00Z"] {
            assert!(text.parse::<Timestamp>().is_err(), "{text:?}");
        }
    }
}
