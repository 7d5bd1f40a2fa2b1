//! Prompts, as an author sees them: texts for models that people choose, filled in with what they say.

use serde_json::Value;

use crate::Plugin;
use crate::bindings::prompts::exports::tidemill::plugin::prompts::{Filled, Outcome};
use crate::content::{self, InputRequired, Part};

pub use crate::bindings::prompts::exports::tidemill::plugin::prompts::{
    Argument, Failure, Message, Prompt, Request, Role,
};

/// Has prompts.
pub trait Prompts: Plugin {
    /// What there are, once, when the plugin is loaded.
    fn prompts(&self) -> Vec<Prompt>;

    /// One of them, filled in. Required arguments are there.
    ///
    /// # Errors
    ///
    /// Why there is none.
    fn get(&mut self, asked: &Request) -> Result<Answer, Failure>;
}

/// A prompt, filled in, or what is asked before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer(Outcome);

impl Prompt {
    /// A prompt without arguments that everybody sees.
    pub fn new(name: impl Into<String>, description: impl Into<String>) -> Self {
        let (name, description) = (name.into(), Some(description.into()));
        Self { name, title: None, description, arguments: Vec::new(), permission: None }
    }

    /// One more argument that has to be given.
    #[must_use]
    pub fn argument(mut self, name: impl Into<String>, description: impl Into<String>) -> Self {
        self.arguments.push(Argument { name: name.into(), description: Some(description.into()), required: true });
        self
    }
}

impl Request {
    /// A request with arguments, for tests.
    pub fn new<N: Into<String>, V: Into<String>>(
        name: impl Into<String>,
        arguments: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let arguments = arguments.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Self { name: name.into(), arguments, caller: None, accepts: Vec::new(), responses: Vec::new(), state: None }
    }

    /// The value of an argument; empty if it was not given.
    pub fn argument(&self, name: &str) -> &str {
        self.arguments.iter().find(|(own, _)| own == name).map_or("", |(_, value)| value)
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
    /// What a person says, in so many messages.
    pub fn user(parts: impl IntoIterator<Item = Part>) -> Self {
        Self::messages(parts.into_iter().map(|content| Message { role: Role::User, content }))
    }

    /// A conversation.
    pub fn messages(messages: impl IntoIterator<Item = Message>) -> Self {
        Self(Outcome::Complete(Filled { description: None, messages: messages.into_iter().collect() }))
    }

    /// Says what it is for; nothing where it asks first.
    #[must_use]
    pub fn description(mut self, text: impl Into<String>) -> Self {
        if let Outcome::Complete(filled) = &mut self.0 {
            filled.description = Some(text.into());
        }
        self
    }

    /// Goes on once the client's side answered.
    pub fn ask(input: InputRequired) -> Self {
        Self(Outcome::InputRequired(input))
    }
}

impl From<Answer> for Outcome {
    fn from(answer: Answer) -> Self {
        answer.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_says_what_it_is_for() {
        let answer = Answer::user([Part::Text("Sum up".into())]).description("A summary");
        let Outcome::Complete(filled) = answer.into() else { panic!("nothing is asked") };
        assert_eq!(filled.description.as_deref(), Some("A summary"));
        assert_eq!(filled.messages.len(), 1);
    }

    #[test]
    fn a_request_says_what_its_client_can_be_asked() {
        let mut asked = Request::new("summary", [("customer", "alice")]);
        assert!(!asked.accepts("elicitation/create"));
        asked.accepts = vec!["elicitation/create".into()];
        assert!(asked.accepts("elicitation/create") && !asked.accepts("sampling/createMessage"));
    }
}
