//! A set of sequence numbers as a bitmap that grows. Knows nothing of events or connections.

/// More numbers than any run has events: from here on they are not ours.
pub const CAPACITY: u64 = 1 << 28;

/// Which of the numbers 0, 1, 2, … are in.
#[derive(Debug, Clone, Default)]
pub(super) struct SequenceSet {
    words: Vec<u64>,
}

impl SequenceSet {
    /// Puts a number in. `Some(false)` when it was in before, `None` when it is too large to be one of ours.
    #[inline]
    pub(super) fn insert(&mut self, number: u64) -> Option<bool> {
        if number >= CAPACITY {
            return None;
        }
        let (word, bit) = ((number >> 6) as usize, 1u64 << (number & 63));
        if word >= self.words.len() {
            self.words.resize((word + 1).next_power_of_two().max(16), 0);
        }
        let new = self.words[word] & bit == 0;
        self.words[word] |= bit;
        Some(new)
    }

    /// How many numbers are in this set but not in the other.
    pub(super) fn minus(&self, other: &Self) -> u64 {
        let others = other.words.iter().chain(std::iter::repeat(&0));
        self.words.iter().zip(others).map(|(mine, theirs)| u64::from((mine & !theirs).count_ones())).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_count_whatever_the_lengths() {
        let (mut long, mut short) = (SequenceSet::default(), SequenceSet::default());
        for number in 0..5_000 {
            assert_eq!(long.insert(number), Some(true));
        }
        for number in [0, 63, 64, 700] {
            short.insert(number);
        }
        assert_eq!(short.insert(64), Some(false));
        assert_eq!(short.insert(CAPACITY), None);
        assert_eq!((long.minus(&short), short.minus(&long)), (4_996, 0));
    }
}
