//! Records of the lanes' cases to Markdown: a table per case, then its bars. Must not measure anything.

use crate::lanes::Record;
use crate::lanes::cases::Case;
use crate::lanes::column::{Against, Column, Figure, Wanted};
use crate::lanes::load::Load;
use crate::lanes::who::Who;
use crate::runner::Figures;

use super::figures::{count, median, range};
use super::{DISTURBED, line};

/// A generator that kept so much of its cores busy was the limit itself.
const LIMITING: f64 = 0.9;

/// Fewer cores leave none to a generator that has to keep two of the server busy.
const CORES_FOR_TWO: usize = 4;

/// All runs of one hub under one load.
struct Row<'a> {
    who: Who,
    load: &'a Load,
    runs: Vec<&'a Figures>,
}

/// The report of a whole run on a machine with so many cores.
#[must_use]
pub fn lanes_tables(cases: &[Case], records: &[Record], cores: usize) -> String {
    let mut text = String::new();
    for case in cases {
        let rows = rows(case, records);
        if rows.is_empty() {
            continue;
        }
        line(&mut text, &format!("\n## {}: {}\n", case.name, case.title));
        table(&mut text, case, &rows);
        notes(&mut text, case, &rows, cores);
        bars(&mut text, case, &rows);
    }
    text
}

/// Who was measured, in the order of the case.
fn rows<'a>(case: &'a Case, records: &'a [Record]) -> Vec<Row<'a>> {
    let runs = |who: Who, load: &Load| -> Vec<_> {
        let of_row = |run: &&Record| (run.case, run.who, run.load) == (case.name, who, load.name);
        records.iter().filter(of_row).map(|run| &run.figures).collect()
    };
    let all = case.hubs.iter().flat_map(|who| case.loads.iter().map(|load| (*who, load)));
    all.map(|(who, load)| Row { who, load, runs: runs(who, load) }).filter(|row| !row.runs.is_empty()).collect()
}

fn table(text: &mut String, case: &Case, rows: &[Row<'_>]) {
    // What a figure is compared with stands beside it.
    let heading = |column: &Column| match comparison(case, *column) {
        Some(comparison) => comparison,
        None => column.figure.name().to_owned(),
    };
    let headings: Vec<_> = case.columns.iter().map(heading).collect();
    line(text, &format!("| hub | {} | wrong | runs |", headings.join(" | ")));
    line(text, &format!("|{}", " --- |".repeat(headings.len() + 3)));
    for row in rows {
        let cells: Vec<_> = case.columns.iter().map(|column| cell(case, rows, row, *column)).collect();
        let (wrong, measured) = (row.wrong(), row.runs.len() - row.failed());
        line(text, &format!("| {} | {} | {} | {measured} |", row.name(), cells.join(" | "), count(wrong as f64)));
    }
}

/// What a column compares its figure with.
fn comparison(case: &Case, column: Column) -> Option<String> {
    let first = case.loads.first().map_or("", |load| load.name);
    match column.against {
        Against::Nothing => None,
        Against::Times(who) => Some(format!("÷ {}", who.name())),
        Against::Over(who) => Some(format!("− {}", who.name())),
        Against::TimesFirst => Some(format!("÷ {first}")),
        Against::OverFirst => Some(format!("− {first}")),
    }
}

/// A column in words, without the unit, which the bar says.
fn name(case: &Case, column: Column) -> String {
    let figure = column.figure.name().split(", ").next().unwrap_or_default();
    [Some(figure.to_owned()), comparison(case, column)].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn cell(case: &Case, rows: &[Row<'_>], row: &Row<'_>, column: Column) -> String {
    let show = |value| column.unit().number(value);
    match (column.against, value(case, rows, row, column)) {
        (_, None) => "–".to_owned(),
        (Against::Nothing, Some(_)) => range(&row.values(column.figure), show),
        (Against::Over(_) | Against::OverFirst, Some(value)) if value >= 0.0 => format!("+{}", show(value)),
        (_, Some(value)) => show(value),
    }
}

/// What a row has in a column: a median, or two of them compared.
fn value(case: &Case, rows: &[Row<'_>], row: &Row<'_>, column: Column) -> Option<f64> {
    let own = row.median(column.figure)?;
    let of = |who, load: &str| {
        let other = rows.iter().find(|row| row.who == who && row.load.name == load)?;
        other.median(column.figure)
    };
    let first = case.loads.first()?.name;
    match column.against {
        Against::Nothing => Some(own),
        Against::Times(who) => Some(own / of(who, row.load.name)?),
        Against::Over(who) => Some(own - of(who, row.load.name)?),
        Against::TimesFirst => Some(own / of(row.who, first)?),
        Against::OverFirst => Some(own - of(row.who, first)?),
    }
}

/// What has to be known to believe the figures of a case.
fn notes(text: &mut String, case: &Case, rows: &[Row<'_>], cores: usize) {
    for row in rows {
        for figures in &row.runs {
            match figures {
                Figures::Failed(error) => line(text, &format!("\n{}: a run **failed**: {error}", row.name())),
                Figures::Load(load) if load.wrong() > 0 => {
                    line(text, &format!("\n{}: {}", row.name(), load.faults().join(", ")));
                }
                Figures::Load(_) | Figures::Idle(_) => {}
            }
        }
    }
    if case.server_cores() > 1 && cores < CORES_FOR_TWO {
        line(
            text,
            &format!(
                "\nThis machine has {cores} cores: the generator gets none of its own beside two of the server, or is itself the limit. The case cannot show here what a second core gives; it takes {CORES_FOR_TWO}."
            ),
        );
    }
    let busiest = rows.iter().filter(|row| row.generator_share() > LIMITING).map(Row::name).collect::<Vec<_>>();
    if !busiest.is_empty() {
        let busiest = busiest.join(", ");
        line(
            text,
            &format!("\nThe generator's cores were busy: it was itself the limit of {busiest}. Compare CPU there."),
        );
    }
    let others = rows.iter().map(Row::other_cores).fold(0.0, f64::max);
    if others > DISTURBED {
        line(text, &format!("\nOther programs kept {others:.1} cores busy meanwhile: the figures are disturbed."));
    }
}

/// Writes one line per bar, if the host was measured on the lane that they are for.
fn bars(text: &mut String, case: &Case, rows: &[Row<'_>]) {
    let judged: Vec<_> = rows.iter().filter(|row| row.who == Who::Auto).collect();
    let (Some(row), Some(load)) = (judged.last(), case.loads.last()) else {
        return;
    };
    line(text, "");
    for Wanted { column, bar } in &case.bars {
        let value = value(case, rows, row, *column).filter(|_| row.load.name == load.name);
        let reached = value.map(|value| (bar.is_met(value), column.unit().show(value)));
        line(text, &format!("- {} {}: {}", name(case, *column), bar.show(column.unit()), verdict(reached)));
    }
    let (wrong, failed) =
        judged.iter().fold((0, 0), |(wrong, failed), row| (wrong + row.wrong(), failed + row.failed()));
    let reached = (wrong == 0 && failed == 0, format!("{} wrong, {failed} runs failed", count(wrong as f64)));
    line(text, &format!("- nothing missing, twice, unasked, refused or in another order: {}", verdict(Some(reached))));
}

fn verdict(reached: Option<(bool, String)>) -> String {
    match reached {
        Some((true, figure)) => format!("**PASS** ({figure})"),
        Some((false, figure)) => format!("**MISSED** ({figure})"),
        None => "not measured: it or its reference is not part of this run".to_owned(),
    }
}

impl Row<'_> {
    fn name(&self) -> String {
        if self.load.name.is_empty() {
            self.who.name().to_owned()
        } else {
            format!("{}: {}", self.who.name(), self.load.name)
        }
    }

    fn values(&self, figure: Figure) -> Vec<f64> {
        self.runs.iter().filter_map(|figures| figure.of(figures)).collect()
    }

    fn median(&self, figure: Figure) -> Option<f64> {
        Some(self.values(figure)).filter(|values| !values.is_empty()).map(median)
    }

    fn failed(&self) -> usize {
        self.runs.iter().filter(|figures| matches!(figures, Figures::Failed(_))).count()
    }

    fn wrong(&self) -> u64 {
        let wrong = |figures: &&Figures| match figures {
            Figures::Load(load) => load.wrong(),
            Figures::Idle(idle) => idle.failed + idle.disconnected,
            Figures::Failed(_) => 0,
        };
        self.runs.iter().map(wrong).sum()
    }

    /// How busy the generator was, of the cores it had.
    fn generator_share(&self) -> f64 {
        self.of_loads(|load| load.generator_cores / load.readers as f64)
    }

    fn other_cores(&self) -> f64 {
        self.of_loads(|load| load.other_cores)
    }

    fn of_loads(&self, figure: impl Fn(&crate::load::Outcome) -> f64) -> f64 {
        let of = |figures: &&Figures| match figures {
            Figures::Load(load) => Some(figure(load)),
            _ => None,
        };
        median(self.runs.iter().filter_map(of).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lanes::cases::named;
    use crate::load::Outcome;

    fn record(case: &Case, who: Who, load: usize, outcome: Outcome) -> Record {
        let figures = Figures::Load(Box::new(outcome));
        Record { case: case.name, who, load: case.loads[load].name, repetition: 0, figures }
    }

    fn load(delivered_per_s: f64) -> Outcome {
        Outcome { delivered_per_s, warm: true, readers: 3, ..Outcome::default() }
    }

    fn case(name: &str) -> Case {
        named(&[name.to_owned()]).unwrap().remove(0)
    }

    #[test]
    fn ratios_are_of_medians_and_bars_are_for_the_lane_auto() {
        let case = case("fan-200");
        let mut records: Vec<_> =
            [90.0, 100.0, 300.0].map(|rate| record(&case, Who::Floor, 0, load(rate))).into_iter().collect();
        records.extend([151.0, 10.0, 155.0].map(|rate| record(&case, Who::Auto, 0, load(rate))));
        records.push(record(&case, Who::Hyper, 0, load(100.0)));
        let text = lanes_tables(std::slice::from_ref(&case), &records, 4);
        assert!(text.contains("| tidemill auto | 151 (10–155) | 1.51 | 1.51 | – | – |"), "{text}");
        assert!(text.contains("- deliveries/s ÷ floor ≥ 1.50 ×: **PASS** (1.51 ×)"), "{text}");
        assert!(text.contains("another order: **PASS** (0 wrong, 0 runs failed)"), "{text}");
        let text = lanes_tables(&[case], &records[..3], 4);
        assert!(text.contains("| floor | 100 (90–300) | 1.00 |") && !text.contains("PASS"), "{text}");
    }

    #[test]
    fn what_is_wrong_or_failed_misses_the_bar_whatever_the_speed() {
        let case = case("fan-200");
        let twice = Outcome { duplicated: 2, ..load(200.0) };
        let failed = Record { figures: Figures::Failed("no".into()), ..record(&case, Who::Auto, 0, load(0.0)) };
        let records = [record(&case, Who::Floor, 0, load(100.0)), record(&case, Who::Auto, 0, twice), failed];
        let text = lanes_tables(&[case], &records, 4);
        assert!(text.contains("another order: **MISSED** (2 wrong, 1 runs failed)"), "{text}");
        assert!(text.contains("tidemill auto: 2 duplicated") && text.contains("a run **failed**: no"), "{text}");
    }

    #[test]
    fn with_is_compared_with_without() {
        let case = case("stuck");
        let run = |index, rate, growth: u64| {
            let server_growth_bytes = growth << 20;
            record(&case, Who::Auto, index, Outcome { server_growth_bytes, ..load(rate) })
        };
        let records = [run(0, 100.0, 10), run(1, 94.0, 40)];
        let text = lanes_tables(std::slice::from_ref(&case), &records, 4);
        assert!(text.contains("- deliveries/s ÷ all read ≥ 0.95 ×: **MISSED** (0.94 ×)"), "{text}");
        assert!(text.contains("- memory grew − all read ≤ 32.0 MiB: **PASS** (30.0 MiB)"), "{text}");
        assert!(text.contains("| tidemill auto: 10 stuck | 94 | 0.94 | 40.0 | +30.0 |"), "{text}");
        // Without the load that is judged there is nothing to judge.
        let text = lanes_tables(&[case], &records[..1], 4);
        assert!(text.contains("≥ 0.95 ×: not measured"), "{text}");
    }

    #[test]
    fn what_limits_is_said() {
        let case = case("cores");
        let busy = Outcome { generator_cores: 1.9, readers: 2, other_cores: 1.5, ..load(1.0) };
        let records = [record(&case, Who::Auto, 1, busy)];
        let text = lanes_tables(std::slice::from_ref(&case), &records, 2);
        for note in ["machine has 2 cores", "limit of tidemill auto: 2 cores", "kept 1.5 cores busy"] {
            assert!(text.contains(note), "{note}: {text}");
        }
        assert!(!lanes_tables(&[case], &records, 4).contains("machine has"));
    }
}
