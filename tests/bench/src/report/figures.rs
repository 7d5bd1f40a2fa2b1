//! Several runs of one case on one hub as medians, and how figures are written. Knows no tables.

use std::collections::BTreeMap;

use crate::cases::{Case, Kind};
use crate::hub::Hub;
use crate::load::{IdleOutcome, Outcome};
use crate::runner::{Figures, Record};

/// What a hub reached in a case.
#[derive(Debug)]
pub(super) struct Summary {
    pub(super) hub: Hub,
    /// The figure that counts in the case, of each run.
    pub(super) main: Vec<f64>,
    /// Runs that gave figures.
    pub(super) runs: usize,
    /// Runs that gave none.
    pub(super) failed: usize,
    loads: Vec<Outcome>,
    idles: Vec<IdleOutcome>,
}

impl Summary {
    pub(super) fn new(case: &Case, hub: Hub, records: &[Record]) -> Self {
        let mut summary = Self { hub, main: Vec::new(), runs: 0, failed: 0, loads: Vec::new(), idles: Vec::new() };
        for record in records.iter().filter(|record| record.hub == hub && record.case == case.name) {
            match &record.figures {
                Figures::Failed(_) => {
                    summary.failed += 1;
                    continue;
                }
                Figures::Load(load) => {
                    summary.main.push(match case.kind {
                        Kind::FanOut => load.delivered_per_s,
                        Kind::Latency => load.latency_ms.p50,
                        Kind::Ingest | Kind::Idle => load.published_per_s,
                    });
                    summary.loads.push((**load).clone());
                }
                Figures::Idle(idle) => {
                    summary.main.push(idle.resident_bytes_per_connection);
                    summary.idles.push(idle.clone());
                }
            }
            summary.runs += 1;
        }
        summary
    }

    /// The median of a figure over the runs.
    pub(super) fn median(&self, figure: impl Fn(&Outcome) -> f64) -> f64 {
        median(self.loads.iter().map(figure).collect())
    }

    /// The median of a figure over the runs that only held connections.
    pub(super) fn median_idle(&self, figure: impl Fn(&IdleOutcome) -> f64) -> f64 {
        median(self.idles.iter().map(figure).collect())
    }

    /// The sum of a count over the runs.
    pub(super) fn total(&self, figure: impl Fn(&Outcome) -> u64) -> u64 {
        self.loads.iter().map(figure).sum()
    }

    /// The share of the processor time that each kind of thread used, most first; small ones together.
    pub(super) fn threads(&self) -> Vec<(String, f64)> {
        let mut seconds = BTreeMap::<&str, f64>::new();
        for (name, used) in self.loads.iter().flat_map(|load| &load.server_threads_s) {
            *seconds.entry(name).or_default() += used;
        }
        let all: f64 = seconds.values().sum();
        let mut shares: Vec<_> = seconds.into_iter().map(|(name, used)| (name.to_owned(), used / all)).collect();
        shares.sort_by(|one, other| other.1.total_cmp(&one.1));
        let small: f64 = shares.extract_if(.., |(_, share)| *share < 0.01).map(|(_, share)| share).sum();
        if small > 0.005 {
            shares.push(("others".to_owned(), small));
        }
        shares
    }
}

/// The median; 0 of nothing.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => 0.0,
        length if length % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

/// A figure as a multiple of another hub's.
pub(super) fn ratio(summary: &Summary, of: Option<&Summary>) -> String {
    quotient(summary, of).map_or("–".to_owned(), |quotient| format!("{quotient:.2}"))
}

/// The same as a number.
pub(super) fn quotient(summary: &Summary, of: Option<&Summary>) -> Option<f64> {
    let of = of.filter(|of| of.runs > 0 && summary.runs > 0)?;
    Some(median(summary.main.clone()) / median(of.main.clone()))
}

/// Median and range of large figures.
pub(super) fn spread(values: &[f64]) -> String {
    range(values, count)
}

/// Median and range of milliseconds.
pub(super) fn millis(values: &[f64]) -> String {
    range(values, |value| format!("{value:.2}"))
}

pub(super) fn range(values: &[f64], show: impl Fn(f64) -> String) -> String {
    let middle = show(median(values.to_vec()));
    let (least, most) =
        values.iter().fold((f64::MAX, f64::MIN), |(least, most), value| (least.min(*value), most.max(*value)));
    if values.len() < 2 { middle } else { format!("{middle} ({}–{})", show(least), show(most)) }
}

/// A large number with separators.
pub(crate) fn count(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && digit.is_ascii_digit() && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_and_numbers() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0]), 2.5);
        assert_eq!((count(1_234_567.4), count(999.0), count(56.0)), ("1,234,567".into(), "999".into(), "56".into()));
        assert_eq!(spread(&[10.0, 2_000.0, 30.0]), "30 (10–2,000)");
        assert_eq!(millis(&[1.234]), "1.23");
    }
}
