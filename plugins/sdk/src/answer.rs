//! Owns how answers are built: outputs, outcomes, problems, and what `?` turns into.
//!
//! The types themselves come from the contract. Knows nothing about reading events.
use serde::Serialize;

pub use crate::bindings::{
    event_types::exports::tidemill::plugin::event_types::{EventType, Validity},
    filter::exports::tidemill::plugin::filter::Verdict,
    imports::tidemill::plugin::types::{Fault, Output, Problem},
    transform::exports::tidemill::plugin::transform::Outcome,
};
use crate::json;

/// Why there is no ordinary answer for an event; made by `?` from a [`Fault`], a [`Problem`] or a [`json::Error`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The plugin as a whole cannot go on with this batch.
    Fault(Fault),
    /// This one event is a mistake of its publisher: it is rejected (event types: not valid) with these problems.
    Problems(Vec<Problem>),
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Problems(vec![problem])
    }
}

impl From<Vec<Problem>> for Failure {
    fn from(problems: Vec<Problem>) -> Self {
        Self::Problems(problems)
    }
}

impl From<json::Error> for Failure {
    fn from(error: json::Error) -> Self {
        Self::Problems(vec![error.into()])
    }
}

impl From<json::Error> for Problem {
    fn from(error: json::Error) -> Self {
        Self { at: error.at, detail: error.detail }
    }
}

impl Problem {
    /// A problem at a JSON Pointer (RFC 6901) into the data, or at an attribute by its name; empty for the data as a
    /// whole. `detail` is one sentence that says what was expected.
    pub fn new(at: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { at: at.into(), detail: detail.into() }
    }
}

impl Fault {
    /// Something outside the event is missing for the moment; the host asks again, within bounds.
    pub fn retry(why: impl Into<String>) -> Self {
        Self::Retry(why.into())
    }

    /// The plugin cannot work.
    pub fn broken(why: impl Into<String>) -> Self {
        Self::Broken(why.into())
    }
}

impl Verdict {
    /// Keeps the event if the condition holds, and drops it otherwise.
    pub fn keep_if(condition: bool) -> Self {
        if condition { Self::Keep } else { Self::Drop }
    }
}

impl Outcome {
    /// One output goes on in place of the event.
    pub fn change(output: Output) -> Self {
        Self::Emit(vec![output])
    }

    /// The event ends here as a mistake of the publisher, who is told this problem.
    pub fn reject(problem: Problem) -> Self {
        Self::Reject(vec![problem])
    }
}

impl Default for Output {
    fn default() -> Self {
        Self::new()
    }
}

impl Output {
    /// Changes nothing yet.
    pub const fn new() -> Self {
        Self { type_: None, subject: None, content_type: None, extensions: None, data: None }
    }

    /// Sets the event's type: 1 to 128 bytes; `tidemill.` is reserved.
    #[must_use]
    pub fn kind(mut self, kind: impl Into<String>) -> Self {
        self.type_ = Some(kind.into());
        self
    }

    /// Sets the subject, at most 1,024 bytes; an empty text removes it.
    #[must_use]
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// Sets the media type of the data (RFC 9110); an empty text removes it, which means JSON.
    #[must_use]
    pub fn content_type(mut self, content_type: impl Into<String>) -> Self {
        self.content_type = Some(content_type.into());
        self
    }

    /// Sets a CloudEvents extension attribute; an empty value removes it. Names are 1 to 20 characters of `a` to `z`
    /// and `0` to `9`. The other extensions of the event stay.
    #[must_use]
    pub fn extension(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.extensions.get_or_insert_default().push((name.into(), value.into()));
        self
    }

    /// Sets the data as bytes, at most 1 MiB. They must be JSON if the content type says so or is absent.
    #[must_use]
    pub fn data(mut self, data: impl Into<Vec<u8>>) -> Self {
        self.data = Some(data.into());
        self
    }

    /// Sets the data as compact JSON. The content type stays; call [`Output::content_type`] if it was not JSON.
    ///
    /// # Errors
    ///
    /// [`Fault::Broken`] if the value cannot be JSON, such as a map with keys that are no texts.
    pub fn json<T: Serialize + ?Sized>(self, value: &T) -> Result<Self, Fault> {
        match serde_json::to_vec(value) {
            Ok(data) => Ok(self.data(data)),
            Err(error) => Err(Fault::Broken(format!("the output's data cannot be written as JSON: {error}"))),
        }
    }
}

// So that a function may answer plainly, or with `?` inside.
impl From<Verdict> for Result<Verdict, Failure> {
    fn from(verdict: Verdict) -> Self {
        Ok(verdict)
    }
}

impl From<Outcome> for Result<Outcome, Failure> {
    fn from(outcome: Outcome) -> Self {
        Ok(outcome)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn an_output_says_only_what_changed() {
        let output = Output::new().kind("b").extension("x", "1").extension("y", "");
        assert_eq!(output.type_.as_deref(), Some("b"));
        assert_eq!(output.extensions, Some(vec![("x".into(), "1".into()), ("y".into(), String::new())]));
        assert_eq!((output.subject, output.content_type, output.data), (None, None, None));
    }

    #[test]
    fn data_that_cannot_be_json_is_a_fault() {
        let fault = Output::new().json(&BTreeMap::from([(vec![1], 2)])).expect_err("a key that is a list");
        assert!(matches!(fault, Fault::Broken(why) if why.contains("key must be a string")));
    }
}
