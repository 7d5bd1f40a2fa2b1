//! What became of events, as publishers read it.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};
use tidemill_bus::{Did, Outcome, Step, Trail};
use tidemill_event::Problem as EventProblem;
use tidemill_log::Durability;

use crate::problem::{Kind, Problem};

/// One event's outcome; absent members do not apply.
#[derive(Debug, Default, Serialize)]
struct Item<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<usize>,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    positions: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    durability: Option<&'static str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    duplicate: bool,
    #[serde(rename = "deadLetter", skip_serializing_if = "Option::is_none")]
    dead_letter: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<Wrong<'a>>,
    /// What plugins did, if the publisher asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    explain: Option<Value>,
}

#[derive(Debug, Serialize)]
struct Wrong<'a> {
    at: &'a str,
    detail: &'a str,
}

#[derive(Debug, Default, Serialize)]
struct Several<'a> {
    durability: &'static str,
    stored: usize,
    /// Of those, how many were stored before.
    duplicate: usize,
    dropped: usize,
    rejected: usize,
    failed: usize,
    retry: usize,
    results: Vec<Item<'a>>,
}

fn wrongs(problems: &[EventProblem]) -> Vec<Wrong<'_>> {
    problems.iter().map(|problem| Wrong { at: &problem.at, detail: &problem.detail }).collect()
}

impl<'a> Item<'a> {
    fn new(id: Option<&'a str>, outcome: &'a Outcome) -> Self {
        let item = Self { id, ..Self::default() };
        match outcome {
            Outcome::Stored { positions, duplicate } if positions.len() == 1 => Self {
                outcome: "stored",
                position: positions.first().map(ToString::to_string),
                duplicate: *duplicate,
                ..item
            },
            Outcome::Stored { positions, duplicate } => {
                let positions = positions.iter().map(ToString::to_string).collect();
                Self { outcome: "stored", positions: Some(positions), duplicate: *duplicate, ..item }
            }
            Outcome::Dropped { by } => Self { outcome: "dropped", by: Some(by), ..item },
            Outcome::Rejected { by, problems } => {
                Self { outcome: "rejected", by: by.as_deref(), problems: wrongs(problems), ..item }
            }
            Outcome::Retry { by, reason } => {
                Self { outcome: "retry", by: Some(by), detail: Some(reason.clone()), ..item }
            }
            Outcome::Failed { by, fault, dead_letter } => Self {
                outcome: "failed",
                by: Some(by),
                detail: Some(fault.to_string()),
                dead_letter: *dead_letter,
                ..item
            },
            Outcome::Full { reason } | Outcome::Lost { reason } => {
                Self { outcome: "retry", detail: Some(reason.clone()), ..item }
            }
        }
    }
}

/// The answer for one event.
pub(crate) fn single(id: &str, outcome: Option<&Outcome>, trail: Option<&Trail>, durability: Durability) -> Response {
    let explain = trail.map(steps);
    match item_or_problem(id, outcome, durability) {
        Ok(item) => respond(&Item { explain, ..item }),
        Err(problem) => {
            explain.into_iter().fold(problem, |problem, steps| problem.with("explain", steps)).into_response()
        }
    }
}

/// The same, for whoever shapes the answer.
pub(crate) fn told(id: &str, outcome: Option<&Outcome>, durability: Durability) -> Result<Value, Problem> {
    Ok(serde_json::to_value(item_or_problem(id, outcome, durability)?).unwrap_or_default())
}

fn item_or_problem<'a>(id: &'a str, outcome: Option<&'a Outcome>, durability: Durability) -> Result<Item<'a>, Problem> {
    let failed = |kind, by: &str, what: String| {
        Problem::new(kind, what)
            .with("outcome", if kind == Kind::PluginFailed { "failed" } else { "retry" })
            .with("id", id)
            .with("by", by)
    };
    Err(match outcome {
        Some(outcome @ Outcome::Stored { .. }) => {
            return Ok(Item { durability: Some(durability.name()), ..Item::new(Some(id), outcome) });
        }
        Some(outcome @ Outcome::Dropped { .. }) => return Ok(Item::new(Some(id), outcome)),
        Some(Outcome::Rejected { by, problems }) => rejected(Some(id), by.as_deref(), problems),
        Some(Outcome::Failed { by, fault, dead_letter }) => {
            let kept = match dead_letter {
                Some(number) => format!("it is kept at /dead-letters/{number}"),
                None => "it was not kept".to_owned(),
            };
            let problem = failed(Kind::PluginFailed, by, format!("plugin `{by}` failed on the event: {fault}; {kept}"));
            dead_letter.iter().fold(problem, |problem, number| problem.with("deadLetter", *number))
        }
        Some(Outcome::Full { reason }) => full(reason).with("id", id),
        Some(Outcome::Retry { by, reason }) => {
            let what = format!("plugin `{by}` cannot handle the event at the moment: {reason}");
            failed(Kind::Unavailable, by, what).retry_after(1)
        }
        Some(Outcome::Lost { reason }) => Problem::new(Kind::Unavailable, reason).retry_after(1),
        None => Problem::new(Kind::Unavailable, "the host gave no answer for the event").retry_after(1),
    })
}

/// What plugins did with an event, in order. Times are its share of the call, in microseconds.
fn steps(trail: &Trail) -> Value {
    let step = |step: &Step| {
        let us = step.took.as_nanos() as f64 / 1e3;
        let mut value = json!({"plugin": &*step.plugin, "kind": step.kind.name(), "did": step.did.name(), "us": us, "batch": step.batch});
        if let Did::Split(parts) = step.did {
            value["parts"] = json!(parts);
        }
        value
    };
    trail.steps().iter().map(step).collect()
}

/// An event that will never be accepted as it is.
pub(crate) fn rejected(id: Option<&str>, by: Option<&str>, problems: &[EventProblem]) -> Problem {
    let first = problems.first().map(ToString::to_string);
    let detail = match (by, first) {
        (Some(by), Some(first)) => format!("plugin `{by}` does not accept the event: {first}"),
        (Some(by), None) => format!("plugin `{by}` does not accept the event"),
        (None, first) => first.unwrap_or_else(|| "this is not an event".into()),
    };
    let mut problem = Problem::new(Kind::Rejected, detail)
        .with("outcome", "rejected")
        .with("problems", serde_json::to_value(wrongs(problems)).unwrap_or_default());
    if let Some(id) = id {
        problem = problem.with("id", id);
    }
    match by {
        Some(by) => problem.with("by", by),
        None => problem,
    }
}

/// The answer for several events: `outcomes` are those of the items that were events, in order.
/// With `trails` there is one for each of them.
pub(crate) fn several(
    items: &[Result<String, Outcome>],
    outcomes: &[Outcome],
    trails: &[Arc<Trail>],
    durability: Durability,
) -> Response {
    let lost = Outcome::Lost { reason: "the host gave no answer for the event".into() };
    let (mut given, mut trails) = (outcomes.iter(), trails.iter());
    let mut answer = Several { durability: durability.name(), ..Several::default() };
    for (index, item) in items.iter().enumerate() {
        let result = match item {
            Ok(id) => {
                let explain = trails.next().map(|trail| steps(trail));
                Item { explain, ..Item::new(Some(id), given.next().unwrap_or(&lost)) }
            }
            Err(outcome) => Item::new(None, outcome),
        };
        match result.outcome {
            "stored" => {
                answer.stored += 1;
                answer.duplicate += usize::from(result.duplicate);
            }
            "dropped" => answer.dropped += 1,
            "rejected" => answer.rejected += 1,
            "failed" => answer.failed += 1,
            _ => answer.retry += 1,
        }
        answer.results.push(Item { index: Some(index), ..result });
    }
    // Nothing was stored because there is no room: an error, so that nobody takes it for an answer to read later.
    if answer.stored == 0
        && let Some(reason) = outcomes.iter().find_map(full_reason)
    {
        let results = serde_json::to_value(&answer.results).unwrap_or_default();
        return full(reason).with("results", results).into_response();
    }
    respond(&answer)
}

fn full_reason(outcome: &Outcome) -> Option<&str> {
    if let Outcome::Full { reason } = outcome { Some(reason) } else { None }
}

/// The log has no room.
fn full(reason: &str) -> Problem {
    Problem::new(Kind::LogFull, format!("the event was not stored: {reason}")).with("outcome", "retry").retry_after(5)
}

fn respond(value: &impl Serialize) -> Response {
    let mut response = Response::new(Body::from(serde_json::to_vec(value).unwrap_or_default()));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
