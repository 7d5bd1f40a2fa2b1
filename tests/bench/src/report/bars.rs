//! Whether the host reached what a case asks of it, as lines of the report.

use crate::cases::{Bar, Case};
use crate::hub::Hub;

use super::figures::{Summary, count, median, quotient};
use super::{find, line};

/// Writes one line per bar, if the host was measured.
pub(super) fn write(text: &mut String, case: &Case, summaries: &[Summary]) {
    let Some(host) = find(summaries, Hub::Tidemill) else {
        return;
    };
    if !case.bars.is_empty() {
        line(text, "");
    }
    for bar in case.bars {
        let (wanted, reached) = judge(*bar, host, summaries);
        let verdict = match &reached {
            Some((true, figure)) => format!("**met** ({figure})"),
            Some((false, figure)) => format!("**missed** ({figure})"),
            None => "not measured: its reference is not part of this run".to_owned(),
        };
        line(text, &format!("- bar: {wanted}: {verdict}"));
    }
}

/// What is asked for; whether it was reached, with the figure.
fn judge(bar: Bar, host: &Summary, summaries: &[Summary]) -> (String, Option<(bool, String)>) {
    let floor = find(summaries, Hub::Floor);
    let at_least = |wanted: f64, of: Option<&Summary>| {
        quotient(host, of).map(|reached| (reached >= wanted, format!("{reached:.2}")))
    };
    let at_most = |wanted: f64, figure: fn(&crate::load::Outcome) -> f64| {
        floor.map(|floor| {
            let over = host.median(figure) - floor.median(figure);
            (over <= wanted, format!("{over:+.2} ms"))
        })
    };
    match bar {
        Bar::Complete => {
            let wrong = host.total(|load| load.missing + load.duplicated + load.errors + load.failed);
            ("nothing missing, duplicated or refused".to_owned(), Some((wrong == 0, count(wrong as f64))))
        }
        Bar::OfFloor(wanted) => (format!("at least {wanted} of the floor"), at_least(wanted, floor)),
        Bar::OfNchan(wanted) => {
            (format!("at least {wanted} times nchan"), at_least(wanted, find(summaries, Hub::Nchan)))
        }
        Bar::EventsPerSecond(wanted) => {
            let reached = median(host.main.clone());
            (format!("at least {} events/s", count(wanted)), Some((reached >= wanted, count(reached))))
        }
        Bar::MedianOverFloor(wanted) => {
            (format!("p50 at most {wanted} ms above the floor"), at_most(wanted, |load| load.latency_ms.p50))
        }
        Bar::P99OverFloor(wanted) => {
            (format!("p99 at most {wanted} ms above the floor"), at_most(wanted, |load| load.latency_ms.p99))
        }
    }
}
