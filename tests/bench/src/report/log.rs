//! Records of the log's cases to one Markdown table: medians, ratios, bars. Must not measure anything.

use std::fmt::Write as _;

use crate::log::{Case, Record};
use crate::unit::{Bar, Unit};

use super::figures::{median, range};
use super::{DISTURBED, line};

/// All runs of one figure.
struct Row<'a> {
    name: &'a str,
    unit: Unit,
    bar: Option<Bar>,
    values: Vec<f64>,
}

/// The report of a whole run.
#[must_use]
pub fn log_table(records: &[Record]) -> String {
    let mut text = String::new();
    let mut cases: Vec<Case> = Vec::new();
    for record in records {
        if !cases.contains(&record.case) {
            cases.push(record.case);
        }
    }
    line(&mut text, "| case | figure | median (min–max) | bar | |\n| --- | --- | --- | --- | --- |");
    let mut notes = String::new();
    for case in cases {
        let runs: Vec<_> = records.iter().filter(|record| record.case == case).collect();
        for (index, row) in rows(&runs).iter().enumerate() {
            let case = if index == 0 { case.name() } else { "" };
            let bar = row.bar.map(|bar| bar.show(row.unit)).unwrap_or_default();
            let values = range(&row.values, |value| row.unit.number(value)) + row.unit.symbol();
            line(&mut text, &format!("| {case} | {} | {values} | {bar} | {} |", row.name, row.verdict()));
        }
        note(&mut notes, case, &runs);
    }
    text + &notes
}

/// The figures of a case in the order in which they came first.
fn rows<'a>(runs: &[&'a Record]) -> Vec<Row<'a>> {
    let mut rows: Vec<Row<'a>> = Vec::new();
    for figure in runs.iter().flat_map(|record| &record.sheet.figures) {
        if let Some(row) = rows.iter_mut().find(|row| row.name == figure.name) {
            row.values.push(figure.value);
        } else {
            rows.push(Row { name: &figure.name, unit: figure.unit, bar: figure.bar, values: vec![figure.value] });
        }
    }
    rows
}

/// What has to be known to believe the figures of a case.
fn note(notes: &mut String, case: Case, runs: &[&Record]) {
    let mut note = |text: &str| {
        // Writing to a string cannot fail.
        writeln!(notes, "\n{}: {text}", case.name()).ok();
    };
    for record in runs {
        let run = record.repetition + 1;
        if let Some(error) = &record.failed {
            note(&format!("run {run} **failed**: {error}"));
        }
        if !record.sheet.faults.is_empty() {
            note(&format!("run {run}: {}", record.sheet.faults.join("; ")));
        }
    }
    let others = median(runs.iter().map(|record| record.sheet.other_cores).collect());
    if others > DISTURBED {
        note(&format!("other programs kept {others:.1} cores busy meanwhile; the figures are disturbed."));
    }
}

impl Row<'_> {
    fn verdict(&self) -> &'static str {
        match self.bar {
            None => "",
            Some(bar) if bar.is_met(median(self.values.clone())) => "**met**",
            Some(_) => "**missed**",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::{Figure, Sheet};

    fn record(repetition: usize, value: f64, bar: Bar, failed: Option<&str>) -> Record {
        let figure = Figure { name: "rate".to_owned(), unit: Unit::PerSecond, value, bar: Some(bar) };
        let sheet = Sheet { figures: vec![figure], ..Sheet::default() };
        Record { case: Case::Resume, repetition, sheet, failed: failed.map(str::to_owned) }
    }

    #[test]
    fn the_median_is_what_meets_a_bar() {
        let table = |values: [f64; 3], bar| {
            log_table(&values.iter().enumerate().map(|(run, value)| record(run, *value, bar, None)).collect::<Vec<_>>())
        };
        let met = table([900.0, 5_000.0, 1_000.0], Bar::AtLeast(1_000.0));
        assert!(met.contains("| resume | rate | 1,000 (900–5,000)/s | ≥ 1,000/s | **met** |"), "{met}");
        assert!(table([900.0, 5_000.0, 999.0], Bar::AtLeast(1_000.0)).contains("**missed**"));
        assert!(table([900.0, 5_000.0, 1_000.0], Bar::AtMost(999.0)).contains("**missed**"));
        assert!(table([f64::NAN, f64::NAN, 1.0], Bar::AtMost(999.0)).contains("**missed**"));
    }

    #[test]
    fn failures_are_said() {
        let table = log_table(&[record(1, 1.0, Bar::AtLeast(0.0), Some("no disk"))]);
        assert!(table.ends_with("resume: run 2 **failed**: no disk\n"), "{table}");
    }
}
