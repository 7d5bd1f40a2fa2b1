//! A latency histogram with constant relative error. Knows numbers only.

/// Buckets per power of two: at most 1.6 % error.
const SUB_BUCKETS: u64 = 64;
const SUB_BITS: u32 = SUB_BUCKETS.trailing_zeros();
const BUCKETS: usize = (SUB_BUCKETS * (64 - SUB_BITS as u64 + 1)) as usize;

/// Counts of values, log-linear.
#[derive(Debug, Clone)]
pub(super) struct Histogram {
    counts: Vec<u64>,
    total: u64,
    largest: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: vec![0; BUCKETS], total: 0, largest: 0 }
    }
}

impl Histogram {
    /// Counts a value.
    #[inline]
    pub(super) fn add(&mut self, value: u64) {
        self.counts[bucket(value)] += 1;
        self.total += 1;
        self.largest = self.largest.max(value);
    }

    /// Adds what another one has counted.
    pub(super) fn add_all(&mut self, other: &Self) {
        self.counts.iter_mut().zip(&other.counts).for_each(|(mine, theirs)| *mine += theirs);
        self.total += other.total;
        self.largest = self.largest.max(other.largest);
    }

    /// The value that this share of all values does not exceed.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "counts are far below 2^52"
    )]
    pub(super) fn quantile(&self, share: f64) -> u64 {
        let wanted = ((self.total as f64 * share).ceil() as u64).max(1);
        let mut seen = 0;
        for (index, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return middle(index as u64).min(self.largest);
            }
        }
        self.largest
    }

    /// The largest value.
    pub(super) fn largest(&self) -> u64 {
        self.largest
    }
}

#[inline]
fn bucket(value: u64) -> usize {
    if value < SUB_BUCKETS {
        return value as usize;
    }
    let power = u64::from(63 - value.leading_zeros() - SUB_BITS);
    (((power + 1) << SUB_BITS) + ((value >> power) & (SUB_BUCKETS - 1))) as usize
}

fn middle(bucket: u64) -> u64 {
    if bucket < SUB_BUCKETS {
        return bucket;
    }
    let power = (bucket >> SUB_BITS) - 1;
    ((SUB_BUCKETS + (bucket & (SUB_BUCKETS - 1))) << power) + (1 << power) / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_within_two_percent() {
        let mut histogram = Histogram::default();
        for value in 1..=100_000u64 {
            histogram.add(value * 1_000);
        }
        for (share, exact) in [(0.5, 50_000_000.0), (0.9, 90_000_000.0), (0.99, 99_000_000.0)] {
            let found = histogram.quantile(share) as f64;
            assert!((found / exact - 1.0).abs() < 0.02, "{share}: {found}");
        }
        assert_eq!((histogram.quantile(1.0), histogram.largest()), (100_000_000, 100_000_000));
        assert_eq!(Histogram::default().quantile(0.5), 0);
        let mut both = Histogram::default();
        both.add(200_000_000);
        both.add_all(&histogram);
        assert_eq!((both.quantile(0.5), both.largest()), (histogram.quantile(0.5), 200_000_000));
    }

    #[test]
    fn the_whole_range_has_a_bucket() {
        let mut histogram = Histogram::default();
        for value in [0, 1, 63, 64, 127, 128, u64::MAX] {
            histogram.add(value);
        }
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
    }
}
