//! Records of languages to Markdown, each figure with its ratio to Rust's in the same run. Must not measure anything.

use crate::authors::{Component, Outcome, Record};

use super::figures::median;
use super::line;

/// Kinds with the columns that they have: events in a call.
const COLUMNS: [(&str, u64); 12] = [
    ("filter", 1),
    ("filter", 64),
    ("transform", 1),
    ("transform", 64),
    ("event-types", 1),
    ("event-types", 64),
    ("view", 1),
    ("view", 64),
    ("webhook", 1),
    ("tools", 1),
    ("prompts", 1),
    ("resources", 1),
];

/// The report of a whole run.
#[must_use]
pub fn authors_tables(records: &[Record]) -> String {
    let mut text = String::new();
    line(&mut text, "\n| | `new` to first event | the next plugin | save to live | `build --release` |");
    line(&mut text, "|---|--:|--:|--:|--:|");
    for (title, (first_s, second_s, saves_s, component)) in measured(records) {
        let (saved, built) = (median(saves_s.to_vec()), component.build_s);
        line(&mut text, &format!("| {title} | {first_s:.1} s | {second_s:.1} s | {saved:.1} s | {built:.1} s |"));
    }
    line(&mut text, "\n| | component | memory | compiling |\n|---|--:|--:|--:|");
    for (title, (.., Component { run, .. })) in measured(records) {
        let (size, memory) = (bytes(run.size), bytes(run.memory));
        line(&mut text, &format!("| {title} | {size} | {memory} | {:.0} ms |", run.load_ms));
    }
    for size in [1, 64] {
        let columns: Vec<&str> = COLUMNS.iter().filter(|(_, own)| *own == size).map(|(kind, _)| *kind).collect();
        line(&mut text, &format!("\n| µs, {} | {} |", calls(size), columns.join(" | ")));
        line(&mut text, &format!("|---|{}", "--:|".repeat(columns.len())));
        let rust = records.iter().find(|record| record.language == "rust").and_then(figures);
        for (title, (.., component)) in measured(records) {
            let cell = |kind: &&str| {
                let us = |component: &Component| component.run.us.get(*kind)?.get(&size).copied();
                let Some(own) = us(component) else { return "–".to_owned() };
                let of = rust.and_then(|(.., rust)| us(rust));
                let ratio = of.map(|rust| format!(" ({} ×)", digits(own / rust))).unwrap_or_default();
                format!("{}{ratio}", digits(own))
            };
            let cells: Vec<String> = columns.iter().map(cell).collect();
            line(&mut text, &format!("| {title} | {} |", cells.join(" | ")));
        }
    }
    for record in records {
        match &record.outcome {
            Outcome::Measured { .. } => {}
            Outcome::Skipped(why) => line(&mut text, &format!("\n{}: skipped, {why}", record.title)),
            Outcome::Failed(why) => line(&mut text, &format!("\n{}: FAILED, {why}", record.title)),
        }
    }
    text
}

type Figures<'a> = (f64, f64, &'a [f64], &'a Component);

fn figures(record: &Record) -> Option<Figures<'_>> {
    match &record.outcome {
        Outcome::Measured { first_s, second_s, saves_s, component } => Some((*first_s, *second_s, saves_s, component)),
        Outcome::Skipped(_) | Outcome::Failed(_) => None,
    }
}

fn measured(records: &[Record]) -> impl Iterator<Item = (&'static str, Figures<'_>)> {
    records.iter().filter_map(|record| Some((record.title, figures(record)?)))
}

const fn calls(size: u64) -> &'static str {
    if size == 1 { "one event in a call" } else { "per event, 64 in a call" }
}

/// Two digits that say something.
fn digits(value: f64) -> String {
    match value {
        ..1.0 => format!("{value:.2}"),
        ..10.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

fn bytes(value: u64) -> String {
    let value = value as f64;
    if value < 1e6 { format!("{} KB", digits(value / 1e3)) } else { format!("{} MB", digits(value / 1e6)) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::authors::Run;

    use super::*;

    fn record(language: &'static str, us: f64) -> Record {
        let us = BTreeMap::from([("filter".to_owned(), BTreeMap::from([(1, us), (64, us / 10.0)]))]);
        let run = Run { size: 91_000, memory: 1_310_720, load_ms: 12.4, data_bytes: 1_000, us };
        let component = Box::new(Component { build_s: 2.0, run });
        let outcome = Outcome::Measured { first_s: 9.96, second_s: 5.0, saves_s: vec![3.0, 1.0, 2.0], component };
        Record { language, title: language, outcome }
    }

    #[test]
    fn each_figure_stands_beside_its_ratio_to_rust_and_what_is_left_out_is_named() {
        let skipped = Record { language: "zig", title: "Zig", outcome: Outcome::Skipped("no tools".to_owned()) };
        let text = authors_tables(&[record("rust", 0.5), record("go", 8.0), skipped]);
        for row in [
            "| go | 10.0 s | 5.0 s | 2.0 s | 2.0 s |",
            "| go | 91 KB | 1.3 MB | 12 ms |",
            "| rust | 0.50 (1.0 ×) | – | – | – | – | – | – | – |",
            "| go | 8.0 (16 ×) | – | – | – | – | – | – | – |",
            "| go | 0.80 (16 ×) | – | – | – |",
            "Zig: skipped, no tools",
        ] {
            assert!(text.contains(row), "{row}: {text}");
        }
        assert!(authors_tables(&[record("go", 8.0)]).contains("| go | 8.0 | – |"), "without Rust there is no ratio");
    }
}
