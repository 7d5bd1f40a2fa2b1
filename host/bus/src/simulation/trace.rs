//! What happened, as one number to compare runs by, and as text for whoever replays a seed.

use std::fmt::Display;

#[derive(Debug)]
pub(super) struct Trace {
    hash: u64,
    entries: u64,
    /// Only while one seed is replayed.
    shown: bool,
}

impl Trace {
    pub(super) const fn new(shown: bool) -> Self {
        Self { hash: 0xcbf2_9ce4_8422_2325, entries: 0, shown }
    }

    /// Notes that something happened.
    pub(super) fn note(&mut self, what: &str, numbers: &[u64]) {
        self.entries += 1;
        what.bytes().for_each(|byte| self.mix(u64::from(byte)));
        numbers.iter().for_each(|number| self.mix(*number));
        if self.shown {
            println!("{:6} {what} {numbers:?}", self.entries);
        }
    }

    /// Shows something that does not count.
    pub(super) fn show(&self, what: impl Display) {
        if self.shown {
            println!("       {what}");
        }
    }

    /// FNV-1a over everything noted, and how much that was.
    pub(super) const fn finish(&self) -> (u64, u64) {
        (self.hash, self.entries)
    }

    fn mix(&mut self, number: u64) {
        for byte in number.to_le_bytes() {
            self.hash = (self.hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}
