//! Tools, as an author sees them: what there are, what a call says, what comes of it.
//!
//! ```
//! use std::time::Duration;
//!
//! use serde::Deserialize;
//! use tidemill_sdk::tools::{Answer, Call, Failure, Tool, Tools};
//! use tidemill_sdk::call;
//! # use tidemill_sdk::{Manifest, NoConfig, Plugin, manifest};
//! # struct Kitchen;
//! # impl Plugin for Kitchen {
//! #     type Config = NoConfig;
//! #     fn manifest() -> Manifest { manifest! { summary: "Cooks" } }
//! #     fn configure(_: NoConfig) -> Result<Self, String> { Ok(Self) }
//! # }
//!
//! #[derive(Deserialize)]
//! struct Eggs {
//!     minutes: u32,
//! }
//!
//! impl Tools for Kitchen {
//!     fn tools(&self) -> Vec<Tool> {
//!         let schema = r#"{"type":"object","required":["minutes"],
//!             "properties":{"minutes":{"type":"integer","minimum":3,"maximum":10}}}"#;
//!         vec![Tool::new("boil_eggs", "Boils eggs").input_schema(schema)]
//!     }
//!
//!     fn call(&mut self, invoked: &Call) -> Result<Answer, Failure> {
//!         let eggs: Eggs = invoked.arguments()?;
//!         for minute in 1..=eggs.minutes {
//!             call::sleep(Duration::from_secs(60))?;
//!             call::progress(minute.into(), Some(eggs.minutes.into()), None);
//!         }
//!         Ok(Answer::text("They are ready"))
//!     }
//! }
//! ```

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::bindings::tools::exports::tidemill::plugin::tools::{Hints, Outcome, ToolResult};
use crate::call::Cancelled;
use crate::content::{self, InputRequired, Part};
use crate::{Plugin, json};

pub use crate::bindings::tools::exports::tidemill::plugin::tools::{Failure, Invocation as Call, Tool};

/// Has tools that clients call. Calls run beside each other, each on a plugin of its own: what one keeps in memory another
/// may not see.
pub trait Tools: Plugin {
    /// What there are, once, when the plugin is loaded.
    fn tools(&self) -> Vec<Tool>;

    /// Calls one, for as long as it takes: arguments were checked against its schema.
    ///
    /// # Errors
    ///
    /// Why there is no result. A tool that could not do it answers [`Answer::error`] instead.
    fn call(&mut self, invoked: &Call) -> Result<Answer, Failure>;
}

/// What came of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer(Outcome);

impl Tool {
    /// A tool without arguments that everybody may call.
    pub fn new(name: impl Into<String>, description: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            title: None,
            description: description.into(),
            input_schema: r#"{"type":"object","properties":{}}"#.into(),
            output_schema: None,
            permission: None,
            hints: Hints::empty(),
        }
    }

    /// Its name for people.
    #[must_use]
    pub fn title(self, title: impl Into<String>) -> Self {
        Self { title: Some(title.into()), ..self }
    }

    /// JSON Schema (2020-12) of its arguments.
    #[must_use]
    pub fn input_schema(self, schema: impl Into<String>) -> Self {
        Self { input_schema: schema.into(), ..self }
    }

    /// JSON Schema of what [`Answer::structured`] says.
    #[must_use]
    pub fn output_schema(self, schema: impl Into<String>) -> Self {
        Self { output_schema: Some(schema.into()), ..self }
    }

    /// Only those with this permission see and call it.
    #[must_use]
    pub fn permission(self, permission: impl Into<String>) -> Self {
        Self { permission: Some(permission.into()), ..self }
    }

    /// It changes nothing.
    #[must_use]
    pub fn read_only(self) -> Self {
        Self { hints: self.hints | Hints::READ_ONLY, ..self }
    }

    /// What it changes may be lost.
    #[must_use]
    pub fn destructive(self) -> Self {
        Self { hints: self.hints | Hints::DESTRUCTIVE, ..self }
    }

    /// Calling it twice with the same arguments changes nothing more.
    #[must_use]
    pub fn idempotent(self) -> Self {
        Self { hints: self.hints | Hints::IDEMPOTENT, ..self }
    }

    /// It deals with what is outside of the host.
    #[must_use]
    pub fn open_world(self) -> Self {
        Self { hints: self.hints | Hints::OPEN_WORLD, ..self }
    }
}

impl Call {
    /// A call with arguments, for tests.
    pub fn new(name: impl Into<String>, arguments: &Value) -> Self {
        let (name, arguments_json) = (name.into(), arguments.to_string());
        Self { name, arguments_json, caller: None, accepts: Vec::new(), responses: Vec::new(), state: None }
    }

    /// Its arguments.
    ///
    /// # Errors
    ///
    /// What is wrong, with its place; `?` tells the caller.
    pub fn arguments<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        json::from_slice(self.arguments_json.as_bytes()).map_err(|error| {
            let place = error.at.trim_start_matches('/').replace('/', ".");
            let gap = if place.is_empty() { "" } else { ": " };
            Failure::InvalidArguments(format!("{place}{gap}{}", error.detail))
        })
    }

    /// Whether the client's side can be asked for this, such as `elicitation/create`.
    pub fn accepts(&self, method: &str) -> bool {
        self.accepts.iter().any(|own| own == method)
    }

    /// The answer to what was asked for under this name.
    pub fn response(&self, name: &str) -> Option<Value> {
        content::response(&self.responses, name)
    }
}

impl Answer {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::parts([Part::Text(text.into())])
    }

    /// Several parts.
    pub fn parts(parts: impl IntoIterator<Item = Part>) -> Self {
        let content = parts.into_iter().collect();
        Self(Outcome::Complete(ToolResult { content, structured_json: None, is_error: false }))
    }

    /// The tool could not do it, for this reason, which the caller reads.
    pub fn error(reason: impl Into<String>) -> Self {
        let content = vec![Part::Text(reason.into())];
        Self(Outcome::Complete(ToolResult { content, structured_json: None, is_error: true }))
    }

    /// Goes on once the client's side answered.
    pub fn ask(input: InputRequired) -> Self {
        Self(Outcome::InputRequired(input))
    }

    /// The same for programs.
    ///
    /// # Errors
    ///
    /// It cannot be JSON.
    pub fn structured(mut self, value: &impl Serialize) -> Result<Self, Failure> {
        if let Outcome::Complete(result) = &mut self.0 {
            let json = serde_json::to_string(value).map_err(|error| Failure::Failed(error.to_string()))?;
            result.structured_json = Some(json);
        }
        Ok(self)
    }

    /// The parts of a result, for tests.
    pub fn content(&self) -> &[Part] {
        match &self.0 {
            Outcome::Complete(result) => &result.content,
            Outcome::InputRequired(_) => &[],
        }
    }

    /// What a result says for programs, for tests.
    pub fn structured_content(&self) -> Option<Value> {
        match &self.0 {
            Outcome::Complete(result) => serde_json::from_str(result.structured_json.as_deref()?).ok(),
            Outcome::InputRequired(_) => None,
        }
    }
}

impl From<Answer> for Outcome {
    fn from(answer: Answer) -> Self {
        answer.0
    }
}

impl From<Cancelled> for Failure {
    fn from(cancelled: Cancelled) -> Self {
        Self::Failed(cancelled.to_string())
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_wrong_with_arguments_is_named_by_its_place() {
        #[derive(Debug, Deserialize)]
        struct Order {
            _lines: Vec<u32>,
        }
        let call = Call::new("order", &json!({"_lines": [1, "two"]}));
        let Err(Failure::InvalidArguments(what)) = call.arguments::<Order>() else { panic!("it is no number") };
        assert!(what.starts_with("_lines.1: invalid type"), "{what}");
    }

    #[test]
    fn answers_have_text_for_people_and_json_for_programs() {
        let answer = Answer::text("two").structured(&json!({"count": 2})).expect("it is JSON");
        assert_eq!(answer.content(), [Part::Text("two".into())]);
        assert_eq!(answer.structured_content(), Some(json!({"count": 2})));
    }
}
