//! Records to Markdown: medians, ratios to the floor and to nchan, bars. Must not measure anything.

mod authors;
mod bars;
mod compression;
mod figures;
mod lanes;
mod log;
mod plugins;
mod tools;
mod transport;

use std::fmt::Write as _;

use crate::cases::{Case, Kind};
use crate::hub::Hub;
use crate::runner::Record;

pub use authors::authors_tables;
pub use compression::compression_tables;
use figures::{Summary, millis, ratio, spread};
pub(crate) use figures::{count, median};
pub use lanes::lanes_tables;
pub use log::log_table;
pub use plugins::plugins_tables;
pub use tools::tools_table;
pub use transport::transport_table;

/// Cores that other programs may use without a note.
const DISTURBED: f64 = 0.2;

/// The report of a whole run. `perf` adds where the servers' processor time went.
#[must_use]
pub fn markdown(cases: &[Case], records: &[Record], perf: bool) -> String {
    let mut text = String::new();
    for case in cases {
        let summaries = summaries(case, records);
        if summaries.is_empty() {
            continue;
        }
        line(&mut text, &format!("\n## {}: {}\n", case.name, case.title));
        match case.kind {
            Kind::FanOut | Kind::Ingest => throughput(&mut text, case, &summaries),
            Kind::Latency => latency(&mut text, &summaries),
            Kind::Idle => idle(&mut text, &summaries),
        }
        for summary in summaries.iter().filter(|summary| summary.failed > 0) {
            line(&mut text, &format!("\n{}: {} runs failed.", summary.hub.name(), summary.failed));
        }
        let others = summaries.iter().map(|summary| summary.median(|load| load.other_cores)).fold(0.0, f64::max);
        if others > DISTURBED {
            line(
                &mut text,
                &format!("\nOther programs kept {others:.1} cores busy meanwhile: the figures are disturbed."),
            );
        }
        bars::write(&mut text, case, &summaries);
        if perf && case.kind != Kind::Idle {
            processor_time(&mut text, &summaries);
        }
    }
    text
}

/// What each hub reached in a case, in the order of hubs.
fn summaries(case: &Case, records: &[Record]) -> Vec<Summary> {
    let mut hubs: Vec<Hub> =
        records.iter().filter(|record| record.case == case.name).map(|record| record.hub).collect();
    hubs.sort_unstable();
    hubs.dedup();
    hubs.into_iter().map(|hub| Summary::new(case, hub, records)).collect()
}

/// The summary of one hub, when it was measured.
fn find(summaries: &[Summary], hub: Hub) -> Option<&Summary> {
    summaries.iter().find(|summary| summary.hub == hub && summary.runs > 0)
}

fn throughput(text: &mut String, case: &Case, summaries: &[Summary]) {
    let (first, second, cpu) = match case.kind {
        Kind::FanOut => ("deliveries/s (min–max)", "published/s", "CPU µs/delivery"),
        _ => ("published/s (min–max)", "delivered/s", "CPU µs/event"),
    };
    line(
        text,
        &format!(
            "| hub | {first} | × floor | × nchan | {second} | {cpu} | server cores | generator cores | missing | duplicated | errors | runs |"
        ),
    );
    line(text, &format!("|{}", " --- |".repeat(12)));
    for summary in summaries {
        line(
            text,
            &format!(
                "| {} | {} | {} | {} | {} | {:.2} | {:.2} | {:.2} | {} | {} | {} | {} |",
                summary.hub.name(),
                spread(&summary.main),
                ratio(summary, find(summaries, Hub::Floor)),
                ratio(summary, find(summaries, Hub::Nchan)),
                count(summary.median(|load| if case.kind == Kind::FanOut {
                    load.published_per_s
                } else {
                    load.delivered_per_s
                })),
                summary.median(|load| if case.kind == Kind::FanOut {
                    load.server_us_per_delivery
                } else {
                    load.server_us_per_event
                }),
                summary.median(|load| load.server_cores),
                summary.median(|load| load.generator_cores),
                summary.total(|load| load.missing),
                summary.total(|load| load.duplicated),
                summary.total(|load| load.errors),
                summary.runs,
            ),
        );
    }
    if summaries.iter().any(|summary| summary.median(|load| load.generator_cores) > 0.95) {
        line(text, "\nA generator near 1 core is the limit itself: compare by processor time there.");
    }
}

fn latency(text: &mut String, summaries: &[Summary]) {
    line(
        text,
        "| hub | p50 ms (min–max) | p50 − floor | p90 | p99 ms | p99 − floor | p99.9 | max | server cores | missing | errors | runs |",
    );
    line(text, &format!("|{}", " --- |".repeat(12)));
    let floor = find(summaries, Hub::Floor);
    for summary in summaries {
        let over = |figure: fn(&crate::load::Outcome) -> f64| match floor {
            Some(floor) => format!("{:+.2}", summary.median(figure) - floor.median(figure)),
            None => "–".to_owned(),
        };
        line(
            text,
            &format!(
                "| {} | {} | {} | {:.2} | {:.2} | {} | {:.2} | {:.2} | {:.2} | {} | {} | {} |",
                summary.hub.name(),
                millis(&summary.main),
                over(|load| load.latency_ms.p50),
                summary.median(|load| load.latency_ms.p90),
                summary.median(|load| load.latency_ms.p99),
                over(|load| load.latency_ms.p99),
                summary.median(|load| load.latency_ms.p999),
                summary.median(|load| load.latency_ms.max),
                summary.median(|load| load.server_cores),
                summary.total(|load| load.missing),
                summary.total(|load| load.errors),
                summary.runs,
            ),
        );
    }
}

fn idle(text: &mut String, summaries: &[Summary]) {
    line(
        text,
        "| hub | memory per connection, B (min–max) | × nchan | memory in all, MB | idle CPU % | connected/s | connected | refused | runs |",
    );
    line(text, &format!("|{}", " --- |".repeat(9)));
    for summary in summaries {
        line(
            text,
            &format!(
                "| {} | {} | {} | {:.1} | {:.1} | {} | {} | {} | {} |",
                summary.hub.name(),
                spread(&summary.main),
                ratio(summary, find(summaries, Hub::Nchan)),
                summary.median_idle(|idle| idle.resident_bytes as f64 / 1e6),
                summary.median_idle(|idle| idle.idle_cores * 100.0),
                count(summary.median_idle(|idle| idle.connected_per_s)),
                count(summary.median_idle(|idle| idle.connected as f64)),
                count(summary.median_idle(|idle| idle.failed as f64)),
                summary.runs,
            ),
        );
    }
}

/// Where the servers' processor time went, as shares of it.
fn processor_time(text: &mut String, summaries: &[Summary]) {
    line(text, "\n| hub | CPU s per run | user | kernel | by thread |\n| --- | --- | --- | --- | --- |");
    for summary in summaries.iter().filter(|summary| summary.runs > 0) {
        let (user, system) = (summary.median(|load| load.server_user_s), summary.median(|load| load.server_system_s));
        let all = (user + system).max(1e-9);
        let threads: Vec<_> =
            summary.threads().into_iter().map(|(name, share)| format!("{name} {:.0} %", share * 100.0)).collect();
        let (user, system) = (user / all * 100.0, system / all * 100.0);
        let name = summary.hub.name();
        line(text, &format!("| {name} | {all:.2} | {user:.0} % | {system:.0} % | {} |", threads.join(", ")));
    }
}

fn line(text: &mut String, line: &str) {
    // Writing to a string cannot fail.
    writeln!(text, "{line}").ok();
}
