//! The marker in each event, `@@<sequence>,<time>;` with a constant number of digits: written into requests, found in
//! what subscribers get. Must not know where in an event it stands.

use memchr::memchr_iter;

/// The place of a marker in a template: digits are written over it.
pub const SLOT: &str = "@@0000000000,0000000000000000000;";

/// Added to both numbers so that their digits never grow or shrink.
const SEQUENCE_BASE: u64 = 1_000_000_000;
const TIME_BASE: u64 = 1_000_000_000_000_000_000;

/// Where the numbers and the separators stand.
const SEQUENCE: std::ops::Range<usize> = 2..12;
const COMMA: usize = 12;
const TIME: std::ops::Range<usize> = 13..32;
const END: usize = 32;

/// What an event says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Marker {
    /// Which event this is, counted from 0, warm-up included.
    pub(super) sequence: u64,
    /// When it was due, on the monotonic clock.
    pub(super) due_ns: u64,
}

impl Marker {
    /// Writes the digits over a slot.
    pub(super) fn write(self, slot: &mut [u8]) {
        write_digits(&mut slot[SEQUENCE], SEQUENCE_BASE + self.sequence);
        write_digits(&mut slot[TIME], TIME_BASE + self.due_ns);
    }

    /// The first marker of a line, if there is one.
    #[inline]
    pub(super) fn find(line: &[u8]) -> Option<Self> {
        memchr_iter(b'@', line).find_map(|at| Self::read(line.get(at..at + SLOT.len())?))
    }

    fn read(slot: &[u8]) -> Option<Self> {
        if slot[1] != b'@' || slot[COMMA] != b',' || slot[END] != b';' {
            return None;
        }
        let sequence = read_digits(&slot[SEQUENCE])?.checked_sub(SEQUENCE_BASE)?;
        let due_ns = read_digits(&slot[TIME])?.checked_sub(TIME_BASE)?;
        Some(Self { sequence, due_ns })
    }
}

fn write_digits(place: &mut [u8], mut number: u64) {
    for digit in place.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

fn read_digits(place: &[u8]) -> Option<u64> {
    place.iter().try_fold(0u64, |number, digit| {
        let digit = digit.wrapping_sub(b'0');
        (digit < 10).then(|| number.checked_mul(10)?.checked_add(u64::from(digit)))?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_found() {
        let marker = Marker { sequence: 7_654_321, due_ns: 987_654_321_012_345 };
        let mut line = format!("data: {{\"a\":\"@x@@ {SLOT}@@\"}}").into_bytes();
        let at = line.windows(SLOT.len()).position(|part| part == SLOT.as_bytes()).unwrap();
        marker.write(&mut line[at..at + SLOT.len()]);
        assert_eq!(Marker::find(&line), Some(marker));
    }

    #[test]
    fn an_empty_slot_or_half_a_marker_is_none() {
        assert_eq!(Marker::find(SLOT.as_bytes()), None);
        assert_eq!(Marker::find(b"@@1000000001,10000000000"), None);
        assert_eq!(Marker::find(b"mail a@b.example, c@d.example, and then some more text"), None);
    }
}
