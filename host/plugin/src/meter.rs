//! Figures of a plugin's own (`wit/v0.1/meter.wit`): counters and histograms by name, bounded in number.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::Distribution;
use crate::limits::{METER_NAME_BYTES_MAX, METER_NAMES_MAX};

/// The exponents of the first and the last bound; between them every second one.
const FIRST: i32 = -20;
const LAST: i32 = 30;
/// Bounds, and one bucket for what is above all of them.
const BUCKETS: usize = ((LAST - FIRST) / 2 + 2) as usize;

/// The figures of one plugin.
#[derive(Debug, Default)]
pub struct Meter {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    figures: BTreeMap<String, Figure>,
    lost: u64,
}

#[derive(Debug)]
enum Figure {
    Counter(u64),
    Histogram { buckets: Box<[u64; BUCKETS]>, sum: f64 },
}

/// One figure at one moment.
#[derive(Debug, Clone)]
pub enum Reading {
    /// How much was added.
    Counter(u64),
    /// What values there were.
    Histogram(Distribution),
}

impl Meter {
    pub(crate) fn add(&self, name: &str, delta: u64) {
        let mut inner = self.lock();
        match inner.figure(name, || Figure::Counter(0)) {
            Some(Figure::Counter(count)) => *count = count.saturating_add(delta),
            _ => inner.lost += 1,
        }
    }

    pub(crate) fn record(&self, name: &str, value: f64) {
        let mut inner = self.lock();
        let figure = if value.is_finite() {
            inner.figure(name, || Figure::Histogram { buckets: Box::new([0; BUCKETS]), sum: 0.0 })
        } else {
            None
        };
        match figure {
            Some(Figure::Histogram { buckets, sum }) => {
                buckets[bucket(value)] += 1;
                *sum += value;
            }
            _ => inner.lost += 1,
        }
    }

    /// All figures, by name.
    pub fn read(&self) -> Vec<(String, Reading)> {
        let inner = self.lock();
        inner.figures.iter().map(|(name, figure)| (name.clone(), figure.read())).collect()
    }

    /// How often something could not be kept: too many names, names of another form, values that are no numbers.
    pub fn lost(&self) -> u64 {
        self.lock().lost
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// The figure of a name, which is made if there is room for it.
    fn figure(&mut self, name: &str, make: impl FnOnce() -> Figure) -> Option<&mut Figure> {
        if !self.figures.contains_key(name) {
            if self.figures.len() >= METER_NAMES_MAX || !is_name(name) {
                return None;
            }
            self.figures.insert(name.to_owned(), make());
        }
        self.figures.get_mut(name)
    }
}

impl Figure {
    fn read(&self) -> Reading {
        match self {
            Self::Counter(count) => Reading::Counter(*count),
            Self::Histogram { buckets, sum } => {
                let bound = |at: usize| match i32::try_from(at).map(|at| FIRST + 2 * at) {
                    Ok(exponent) if exponent <= LAST => 2_f64.powi(exponent),
                    _ => f64::INFINITY,
                };
                let buckets: Vec<_> = buckets.iter().enumerate().map(|(at, count)| (bound(at), *count)).collect();
                let count = buckets.iter().map(|(_, count)| count).sum();
                Reading::Histogram(Distribution { buckets, sum: *sum, count })
            }
        }
    }
}

/// The first bucket whose bound is not below a value.
fn bucket(value: f64) -> usize {
    (0..BUCKETS - 1)
        .find(|at| i32::try_from(*at).is_ok_and(|at| value <= 2_f64.powi(FIRST + 2 * at)))
        .unwrap_or(BUCKETS - 1)
}

fn is_name(name: &str) -> bool {
    name.len() <= METER_NAME_BYTES_MAX
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counter(meter: &Meter, name: &str) -> Option<u64> {
        meter.read().into_iter().find_map(|(own, reading)| match reading {
            Reading::Counter(count) if own == name => Some(count),
            _ => None,
        })
    }

    #[test]
    fn counters_and_histograms_are_kept_by_name() {
        let meter = Meter::default();
        meter.add("orders", 2);
        meter.add("orders", 3);
        meter.add("full", u64::MAX);
        meter.add("full", 1);
        for value in [0.0, 1.0, 3.0, 5.0, 1e12, -7.0] {
            meter.record("euros", value);
        }
        assert_eq!((counter(&meter, "orders"), counter(&meter, "full")), (Some(5), Some(u64::MAX)));
        let Some((_, Reading::Histogram(euros))) = meter.read().into_iter().find(|(name, _)| name == "euros") else {
            panic!("there is no histogram");
        };
        let filled: Vec<_> = euros.buckets.into_iter().filter(|(_, count)| *count > 0).collect();
        assert_eq!(filled, [(2_f64.powi(-20), 2), (1.0, 1), (4.0, 1), (16.0, 1), (f64::INFINITY, 1)]);
        assert_eq!((euros.count, meter.lost()), (6, 0));
        assert!((euros.sum - (1e12 + 2.0)).abs() < 1e-3);
    }

    #[test]
    fn what_cannot_be_kept_is_counted() {
        let meter = Meter::default();
        for wrong in ["", "Orders", "9", "a-b", "ü", &"x".repeat(METER_NAME_BYTES_MAX + 1)] {
            meter.add(wrong, 1);
        }
        meter.record("nan", f64::NAN);
        assert_eq!((meter.read().len(), meter.lost()), (0, 7));
        for number in 0..METER_NAMES_MAX + 5 {
            meter.add(&format!("n{number}"), 1);
        }
        meter.record("n0", 1.0);
        assert_eq!((meter.read().len(), meter.lost()), (METER_NAMES_MAX, 7 + 5 + 1));
        meter.add("n0", 1);
        assert_eq!(counter(&meter, "n0"), Some(2), "those that are there go on");
    }
}
