//! The account of publishing: what was acknowledged, what went wrong. Must not know connections or the schedule.

use super::connection::InFlight;
use super::histogram::Histogram;
use super::response::Response;
use super::sequence_set::SequenceSet;
use crate::clock::now_ns;

/// How much of an answer is kept to be shown.
const SHOWN_ANSWER: usize = 400;

/// What publishing came to.
#[derive(Debug, Default)]
pub(super) struct Published {
    pub(super) sent: u64,
    pub(super) acknowledged: u64,
    /// Numbers of the acknowledged events.
    pub(super) numbers: SequenceSet,
    /// Events answered with an error, or not at all.
    pub(super) errors: u64,
    pub(super) first_error: Option<String>,
    pub(super) first_answer: Option<String>,
    pub(super) reconnects: u64,
    /// How often the window gave up on missing deliveries.
    pub(super) stalls: u64,
    pub(super) seconds: f64,
    /// Nanoseconds from sending to the answer.
    pub(super) answer_time: Histogram,
}

impl Published {
    /// Takes the answer to a request. Events before `first_measured` count only when they went wrong.
    pub(super) fn answered(&mut self, response: &Response, request: InFlight, answer: &[u8], first_measured: u64) {
        self.answer_time.add(now_ns().saturating_sub(request.sent_ns));
        if !response.is_success() {
            self.errors += request.events;
            self.first_error.get_or_insert_with(|| shown(answer));
        } else if let Some(first) = request.first.checked_sub(first_measured) {
            for number in first..first + request.events {
                self.numbers.insert(number);
            }
            self.acknowledged += request.events;
            self.first_answer.get_or_insert_with(|| shown(answer));
        }
    }

    /// Takes the loss of a request.
    pub(super) fn lost(&mut self, request: InFlight, reason: &str) {
        self.errors += request.events;
        self.first_error.get_or_insert_with(|| format!("connection lost: {reason}"));
    }
}

fn shown(answer: &[u8]) -> String {
    String::from_utf8_lossy(&answer[..answer.len().min(SHOWN_ANSWER)]).into_owned()
}
