//! Prompts of plugins and what they suggest, as hosts and clients speak of them. Must not know how a plugin is called.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{Content, InputRequest};

/// A prompt, as its plugin describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromptInfo {
    /// As names of tools.
    pub name: String,
    /// For people.
    pub title: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// What it is filled in with.
    pub arguments: Vec<PromptArgument>,
    /// Who sees it: those with this permission; none: everybody.
    pub permission: Option<String>,
}

/// What a prompt is filled in with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromptArgument {
    /// Its name.
    pub name: String,
    /// For people.
    pub description: Option<String>,
    /// Whether it has to be given.
    pub required: bool,
}

/// A request for a prompt.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PromptCall {
    /// Which.
    pub name: String,
    /// Name and value.
    pub arguments: Vec<(String, String)>,
    /// What the client's side can be asked for: methods such as `elicitation/create`.
    pub accepts: Vec<String>,
    /// Answers to what was asked for the last time.
    pub responses: BTreeMap<String, Value>,
    /// What the plugin wanted back then.
    pub state: Option<String>,
}

/// Who says a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A person.
    User,
    /// A model.
    Assistant,
}

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct PromptMessage {
    /// Who says it.
    pub role: Role,
    /// What.
    pub content: Content,
}

/// How a request for a prompt ended.
#[derive(Debug, Clone, PartialEq)]
pub enum PromptOutcome {
    /// The prompt, filled in.
    Complete {
        /// What it is for.
        description: Option<String>,
        /// In order.
        messages: Vec<PromptMessage>,
    },
    /// It goes on once these were answered.
    InputRequired {
        /// By names of the plugin's choice.
        requests: BTreeMap<String, InputRequest>,
        /// What the plugin wants back as it is.
        state: Option<String>,
    },
}

/// For what a value is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// The prompt of this name.
    Prompt(String),
    /// The URI template.
    Template(String),
}

/// What of a value was written so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// For what.
    pub subject: Subject,
    /// Which argument or variable.
    pub argument: String,
    /// What of it is there.
    pub value: String,
    /// Name and value of others that are there already.
    pub others: Vec<(String, String)>,
}

/// What may be meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Suggestions {
    /// Best first.
    pub values: Vec<String>,
    /// How many there are in all.
    pub total: Option<u32>,
    /// Whether there are more than these.
    pub more: bool,
}
