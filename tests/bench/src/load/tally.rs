//! What one subscriber has got: which events, how often, in which order. Must not know sockets or time.

use super::sequence_set::SequenceSet;

/// The account of one subscriber, over measured events only.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) received: SequenceSet,
    /// Events that came for the first time.
    pub(super) count: u64,
    pub(super) duplicated: u64,
    /// Events that came after one with a higher number. Several publishers make some of them normal.
    pub(super) out_of_order: u64,
    /// Equal for subscribers that got the same events in the same order.
    pub(super) order: u64,
    highest: u64,
    /// Events that it did not ask for.
    pub(super) unwanted: u64,
    /// It asked for what is published.
    pub(super) wants: bool,
    /// The server ended this subscription.
    pub(super) closed: bool,
}

impl Tally {
    /// The account of one that asked for what is published, or for something else.
    pub(super) fn new(wants: bool) -> Self {
        Self { wants, ..Self::default() }
    }

    /// Notes an event; false when it is a duplicate or none of ours.
    #[inline]
    pub(super) fn receive(&mut self, number: u64) -> bool {
        match self.received.insert(number) {
            Some(true) => {}
            Some(false) => {
                self.duplicated += 1;
                return false;
            }
            None => return false,
        }
        self.count += 1;
        self.order = (self.order.rotate_left(5) ^ number).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        if number + 1 < self.highest {
            self.out_of_order += 1;
        } else {
            self.highest = number + 1;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(numbers: &[u64]) -> Tally {
        let mut tally = Tally::default();
        for number in numbers {
            tally.receive(*number);
        }
        tally
    }

    #[test]
    fn order_counts_and_duplicates_do_not_change_it() {
        let (straight, swapped, twice) = (tally(&[0, 1, 2, 3]), tally(&[0, 2, 1, 3]), tally(&[0, 1, 1, 2, 3]));
        assert_eq!(straight.order, twice.order);
        assert_ne!(straight.order, swapped.order);
        assert_eq!((swapped.out_of_order, swapped.count, twice.duplicated), (1, 4, 1));
    }
}
