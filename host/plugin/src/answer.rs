//! From what guests answer to what the host works with, within bounds: nothing of it is trusted.

use tidemill_event::{Change, Problem};

use crate::bindings::{event_types, filter, transform, types, webhook};
use crate::delivery::{Draft, Received};
use crate::limits::{PROBLEMS_PER_EVENT_MAX, TEXT_BYTES_MAX};
use crate::verdict::{Fault, FaultKind, Verdict};

pub(crate) fn from_filter(verdict: filter::Verdict) -> Verdict {
    match verdict {
        filter::Verdict::Keep => Verdict::Keep,
        filter::Verdict::Drop => Verdict::Drop,
        filter::Verdict::Reject => Verdict::Reject(Vec::new()),
    }
}

pub(crate) fn from_transform(outcome: transform::Outcome, max: usize) -> Verdict {
    match outcome {
        transform::Outcome::Keep => Verdict::Keep,
        transform::Outcome::Drop => Verdict::Drop,
        transform::Outcome::Emit(outputs) if outputs.is_empty() => Verdict::Drop,
        transform::Outcome::Emit(outputs) if outputs.len() > max => {
            let found = outputs.len();
            Verdict::Fault(Fault::new(
                FaultKind::BadOutput,
                format!("it made {found} events of one, at most {max} are possible"),
            ))
        }
        transform::Outcome::Emit(outputs) => Verdict::Emit(outputs.into_iter().map(change).collect()),
        transform::Outcome::Reject(problems) => Verdict::Reject(problem_list(problems)),
        transform::Outcome::Retry(reason) => Verdict::Retry(reason),
    }
}

pub(crate) fn from_owner(validity: event_types::Validity) -> Verdict {
    match validity {
        event_types::Validity::Valid => Verdict::Keep,
        event_types::Validity::Normalised(output) if output.type_.is_some() => {
            Verdict::Fault(Fault::new(FaultKind::BadOutput, "a type's owner cannot change the type while it validates"))
        }
        event_types::Validity::Normalised(output) => Verdict::Emit(vec![change(output)]),
        event_types::Validity::Invalid(problems) => Verdict::Reject(problem_list(problems)),
    }
}

fn change(output: types::Output) -> Change {
    Change {
        event_type: output.type_,
        subject: output.subject,
        content_type: output.content_type,
        extensions: output.extensions.unwrap_or_default(),
        data: output.data.map(Into::into),
    }
}

fn problem_list(problems: Vec<types::Problem>) -> Vec<Problem> {
    let problems = problems.into_iter().take(PROBLEMS_PER_EVENT_MAX);
    problems
        .map(|problem| Problem::new(cut(&problem.at, TEXT_BYTES_MAX), cut(&problem.detail, TEXT_BYTES_MAX)))
        .collect()
}

impl From<webhook::Draft> for Draft {
    fn from(draft: webhook::Draft) -> Self {
        Self {
            event_type: draft.type_,
            id: draft.id,
            source: draft.source,
            subject: draft.subject,
            time_ms: draft.time_ms,
            content_type: draft.content_type,
            extensions: draft.extensions,
            data: draft.data.into(),
        }
    }
}

/// A refusal, if it may be told as it is.
pub(crate) fn refused(refusal: &webhook::Refusal) -> Result<Received, Fault> {
    let webhook::Refusal { status, detail } = refusal;
    if matches!(status, 400..=499 | 503) {
        return Ok(Received::Refused { status: *status, detail: cut(detail, TEXT_BYTES_MAX) });
    }
    Err(Fault::new(
        FaultKind::BadOutput,
        format!("it refused a delivery with status {status}; 400 to 499 and 503 are possible"),
    ))
}

pub(crate) fn cut(text: &str, bytes: usize) -> String {
    text[..text.floor_char_boundary(bytes)].to_owned()
}
