//! Records of tools to Markdown: medians, and ratios within the same run. Must not measure anything.

use crate::tools::Record;

use super::figures::median;
use super::line;

/// The report of a whole run. `alone` is the publisher beside no calls.
#[must_use]
pub fn tools_table(records: &[Record], alone: &str) -> String {
    let mut kinds: Vec<&str> = Vec::new();
    for record in records {
        if !kinds.contains(&&*record.what) {
            kinds.push(&record.what);
        }
    }
    kinds.sort_unstable();
    let of = |what: &str, figure: fn(&Record) -> f64| -> Option<f64> {
        let all: Vec<f64> = records.iter().filter(|record| record.what == what).map(figure).collect();
        (!all.is_empty()).then(|| median(all))
    };
    let mut text = String::new();
    line(&mut text, "\n| | p50 | p99 | p50 of `GET /livez` | p50 of `POST /events` | p99 of the publisher alone |");
    line(&mut text, "|---|--:|--:|--:|--:|--:|");
    for what in kinds {
        let (Some(p50), Some(p99)) = (of(what, |own| own.p50_us), of(what, |own| own.p99_us)) else { continue };
        let times = |own: f64, other: Option<f64>| other.map_or(String::new(), |other| format!("{:.2} ×", own / other));
        let (get, post) = (of("GET /livez", |own| own.p50_us), of("POST /events", |own| own.p50_us));
        let beside = of(alone, |own| own.p99_us).filter(|_| what.contains("beside"));
        let (get, post) = if what.contains("beside") { (None, None) } else { (get, post) };
        let (get, post, beside) = (times(p50, get), times(p50, post), times(p99, beside));
        line(&mut text, &format!("| {what} | {p50:.0} µs | {p99:.0} µs | {get} | {post} | {beside} |"));
    }
    text
}
