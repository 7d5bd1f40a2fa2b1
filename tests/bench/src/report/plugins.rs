//! Figures of the plugins' cases to Markdown: a table per case, of medians and multiples, and then its bars. Must not
//! measure anything.

use crate::plugins::cases::{Case, Judged};
use crate::plugins::{Outcome, Record};
use crate::unit::Unit;

use super::figures::{median, range};
use super::{DISTURBED, line};

/// All repetitions of one figure.
struct Row<'a> {
    load: &'a str,
    who: &'a str,
    unit: Unit,
    values: Vec<f64>,
    cpu: Vec<f64>,
}

/// The report of a whole run.
#[must_use]
pub fn plugins_tables(cases: &[Case], outcome: &Outcome) -> String {
    let mut text = String::new();
    for case in cases {
        line(&mut text, &format!("\n## {}: {}\n", case.name(), case.title()));
        let rows = rows(outcome.records.iter().filter(|record| record.case == *case));
        table(&mut text, *case, &rows);
        for (_, error) in outcome.failed.iter().filter(|(failed, _)| failed == case) {
            line(&mut text, &format!("\n**Failed**: {error}"));
        }
        if !case.bars().is_empty() {
            line(&mut text, "");
        }
        for judged in case.bars() {
            line(&mut text, &verdict(judged, &rows));
        }
    }
    if outcome.other_cores > DISTURBED {
        let others = outcome.other_cores;
        line(
            &mut text,
            &format!("\nOther programs kept {others:.1} cores busy meanwhile: the figures may be disturbed."),
        );
    }
    text
}

/// In the order in which they came first.
fn rows<'a>(records: impl Iterator<Item = &'a Record>) -> Vec<Row<'a>> {
    let mut rows: Vec<Row<'a>> = Vec::new();
    for record in records {
        let same = |row: &&mut Row<'_>| row.load == record.load && row.who == record.who;
        if let Some(row) = rows.iter_mut().find(same) {
            row.values.push(record.value);
            row.cpu.extend(record.cpu);
        } else {
            let (values, cpu) = (vec![record.value], record.cpu.into_iter().collect());
            rows.push(Row { load: &record.load, who: &record.who, unit: record.unit, values, cpu });
        }
    }
    // Rows of one load stand together, whoever measured them.
    let order: Vec<&str> = rows.iter().map(|row| row.load).collect();
    rows.sort_by_key(|row| order.iter().position(|load| *load == row.load));
    rows
}

fn table(text: &mut String, case: Case, rows: &[Row<'_>]) {
    if rows.is_empty() {
        return;
    }
    let reference = case.reference();
    let with_cpu = rows.iter().any(|row| !row.cpu.is_empty());
    let (mut head, mut rule) = ("| | | median (min–max) |".to_owned(), "| --- | --- | --: |".to_owned());
    for (heading, wanted) in
        [("CPU".to_owned(), with_cpu), (format!("× {}", reference.unwrap_or("")), reference.is_some())]
    {
        if wanted {
            head += &format!(" {heading} |");
            rule += " --: |";
        }
    }
    line(text, &head);
    line(text, &rule);
    let mut before = "";
    for row in rows {
        let load = if row.load == before { "" } else { row.load };
        before = row.load;
        let values = range(&row.values, |value| row.unit.number(value)) + row.unit.symbol();
        let mut cells = format!("| {load} | {} | {values} |", row.who);
        if with_cpu {
            let cpu = if row.cpu.is_empty() { String::new() } else { row.unit.show(median(row.cpu.clone())) };
            cells += &format!(" {cpu} |");
        }
        if let Some(reference) = reference {
            let times = multiple(row, rows, reference).map(|times| format!("{times:.2}")).unwrap_or_default();
            cells += &format!(" {times} |");
        }
        line(text, &cells);
    }
}

/// A figure as a multiple of another under the same load: the median of the multiples within each repetition, since a
/// disturbance mostly lasts longer than one. Native code costs the same for one event and for many, and is
/// measured once.
fn multiple(row: &Row<'_>, rows: &[Row<'_>], reference: &str) -> Option<f64> {
    let size = |load: &str| load.rsplit_once(", ").map(|(size, _)| size.to_owned());
    let find = |same: &dyn Fn(&str) -> bool| rows.iter().find(|other| other.who == reference && same(other.load));
    let other = find(&|load| load == row.load).or_else(|| find(&|load| size(load) == size(row.load)))?;
    Some(median(row.counted().iter().zip(other.counted()).map(|(value, other)| value / other).collect()))
}

/// One bar as a line of the report.
fn verdict(judged: &Judged, rows: &[Row<'_>]) -> String {
    let Judged { load, who, than, bar } = judged;
    let Some(row) = rows.iter().find(|row| row.load == *load && row.who == *who) else {
        return format!("- {load}, {who}: **MISSED** (not measured)");
    };
    let (unit, value, of) = match than {
        None => (row.unit, Some(median(row.counted().to_vec())), String::new()),
        Some(than) => (Unit::Times, multiple(row, rows, than), format!(" ÷ {than}")),
    };
    let verdict = if value.is_some_and(|value| bar.is_met(value)) { "PASS" } else { "MISSED" };
    let value = value.map_or("not measured".to_owned(), |value| unit.show(value));
    format!("- {load}, {who}{of} {}: **{verdict}** ({value})", bar.show(unit))
}

impl Row<'_> {
    /// What multiples and bars are about: time of the processor where it was taken, which others on the same core do not
    /// add to.
    fn counted(&self) -> &[f64] {
        if self.cpu.is_empty() { &self.values } else { &self.cpu }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(repetition: usize, load: &str, who: &str, value: f64) -> Record {
        let (load, who) = (load.to_owned(), who.to_owned());
        Record { case: Case::Transform, repetition, load, who, unit: Unit::Nanoseconds, value, cpu: Some(value / 2.0) }
    }

    #[test]
    fn medians_are_compared_with_native_code_and_held_to_the_bar() {
        let mut outcome = Outcome::default();
        for (repetition, value) in [1_000.0, 9_000.0, 1_500.0].into_iter().enumerate() {
            outcome.records.push(record(repetition, "1 KB, one event", "plugin", value * 2.0));
            outcome.records.push(record(repetition, "1 KB, batch 64", "plugin", value));
            outcome.records.push(record(repetition, "1 KB, batch 64", "native", 1_000.0));
        }
        let text = plugins_tables(&[Case::Transform], &outcome);
        assert!(text.contains("| 1 KB, one event | plugin | 3,000 (2,000–18,000) ns | 1,500 ns | 3.00 |"), "{text}");
        assert!(text.contains("|  | native | 1,000 (1,000–1,000) ns | 500 ns | 1.00 |"), "{text}");
        assert!(text.contains("- 1 KB, batch 64, plugin ÷ native ≤ 1.80 ×: **PASS** (1.50 ×)"), "{text}");
    }

    #[test]
    fn what_is_not_measured_is_missed_and_failures_are_said() {
        let failed = vec![(Case::Load, "no jq".to_owned())];
        let text = plugins_tables(&[Case::Load], &Outcome { failed, ..Outcome::default() });
        assert!(text.contains("**Failed**: no jq") && text.contains("**MISSED** (not measured)"), "{text}");
    }
}
