//! Where a stored event stands in the log. Only the log makes new positions (invariant I1).

use std::{fmt, str::FromStr};

/// A place in the log, written `epoch.sequence` (`7.1042`): the SSE `id:` and what `Last-Event-ID` resumes from.
///
/// Positions of one epoch are ordered by their sequence. The epoch changes when sequence numbers could be issued a
/// second time (a new or restored log), so that a position of another epoch is never mistaken for one of this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Which numbering the sequence belongs to.
    pub epoch: u32,
    /// The number within the epoch. The first event has 1; 0 stands before all events.
    pub sequence: u64,
}

impl Position {
    /// A position from its parts.
    pub const fn new(epoch: u32, sequence: u64) -> Self {
        Self { epoch, sequence }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.epoch, self.sequence)
    }
}

/// A text is not a position.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a position: expected `epoch.sequence`, two decimal numbers such as `7.1042`")]
pub struct PositionError {
    text: String,
}

impl FromStr for Position {
    type Err = PositionError;

    /// Accepts exactly what [`Display`](fmt::Display) writes: no signs, spaces or leading zeros, so that a position has
    /// one spelling.
    fn from_str(text: &str) -> Result<Self, PositionError> {
        let parse = || -> Option<Self> {
            let (epoch, sequence) = text.split_once('.')?;
            let plain = |s: &str| s.bytes().all(|b| b.is_ascii_digit()) && (s == "0" || !s.starts_with('0'));
            (plain(epoch) && plain(sequence)).then_some(())?;
            Some(Self { epoch: epoch.parse().ok()?, sequence: sequence.parse().ok()? })
        };
        parse().ok_or_else(|| PositionError { text: text.chars().take(64).collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read_back(epoch: u32, sequence: u64) {
            let position = Position::new(epoch, sequence);
            prop_assert_eq!(position.to_string().parse(), Ok(position));
        }

        #[test]
        fn a_position_has_one_spelling(text in "[0-9+. -]{0,12}") {
            if let Ok(position) = text.parse::<Position>() {
                prop_assert_eq!(position.to_string(), text);
            }
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", ".", "1", "1.", ".1", "1.2.3", "+1.2", "1.-2", "01.2", "1.02", "4294967296.1", "a.b", " 1.2"] {
            assert!(text.parse::<Position>().is_err(), "{text:?}");
        }
    }
}
