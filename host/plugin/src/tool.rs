//! Tools of plugins, as hosts and clients speak of them: what there is, what a call says and what comes of it. Follows the
//! Model Context Protocol (2026-07-28, "Tools"), in whose words clients ask. Must not know how a plugin is called.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::{Map, Value};

/// A tool, as its plugin describes it.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolInfo {
    /// 1 to 64 of `A-Z`, `a-z`, `0-9`, `_`, `-`, `.`, `/`.
    pub name: String,
    /// For people.
    pub title: Option<String>,
    /// What it does, for people and models.
    pub description: String,
    /// JSON Schema (2020-12) of its arguments, an object.
    pub input_schema: Map<String, Value>,
    /// JSON Schema of its structured content.
    pub output_schema: Option<Map<String, Value>>,
    /// Who may see and call it: those with this permission; none: everybody.
    pub permission: Option<String>,
    /// What it says of itself; nothing of it is relied on.
    pub hints: ToolHints,
}

/// What a tool says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ToolHints {
    /// It changes nothing.
    pub read_only: bool,
    /// What it changes may be lost.
    pub destructive: bool,
    /// Calling it twice with the same arguments changes nothing more.
    pub idempotent: bool,
    /// It deals with what is outside of the host.
    pub open_world: bool,
}

/// One part of an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// Text.
    Text(String),
    /// A picture.
    Image {
        /// The bytes.
        data: Bytes,
        /// Their media type.
        media_type: String,
    },
    /// Sound.
    Audio {
        /// The bytes.
        data: Bytes,
        /// Their media type.
        media_type: String,
    },
    /// A resource with its content.
    Resource(ResourceContent),
    /// A resource that can be read.
    Link {
        /// Its address.
        uri: String,
        /// Its name.
        name: String,
        /// Its media type.
        media_type: Option<String>,
    },
}

/// What a resource contains.
#[derive(Debug, Clone, PartialEq)]
pub struct ResourceContent {
    /// Its address.
    pub uri: String,
    /// Its media type.
    pub media_type: Option<String>,
    /// The content.
    pub body: ResourceBody,
}

/// The content of a resource.
#[derive(Debug, Clone, PartialEq)]
pub enum ResourceBody {
    /// Text.
    Text(String),
    /// Bytes.
    Blob(Bytes),
}

/// What came of a call.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ToolResult {
    /// For people and models.
    pub content: Vec<Content>,
    /// For programs.
    pub structured: Option<Value>,
    /// The tool could not do it; the content says why.
    pub is_error: bool,
}

/// Something that a tool asks the client's side for, such as `elicitation/create`, `sampling/createMessage` or `roots/list`.
#[derive(Debug, Clone, PartialEq)]
pub struct InputRequest {
    /// The method of the protocol.
    pub method: String,
    /// Its parameters.
    pub params: Map<String, Value>,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq)]
pub enum ToolOutcome {
    /// It is done.
    Complete(ToolResult),
    /// It goes on once these were answered: the call is made again with the answers and the state.
    InputRequired {
        /// By names of the tool's choice.
        requests: BTreeMap<String, InputRequest>,
        /// What the tool wants back as it is.
        state: Option<String>,
    },
}

/// How far a call is.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolProgress {
    /// Increases.
    pub done: f64,
    /// Of how much.
    pub total: Option<f64>,
    /// For people.
    pub message: Option<String>,
}

/// A call of a tool.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ToolCall {
    /// Which.
    pub name: String,
    /// Its arguments. They are checked against its schema.
    pub arguments: Map<String, Value>,
    /// What the client's side can be asked for: methods such as `elicitation/create`.
    pub accepts: Vec<String>,
    /// Answers to what it asked for the last time, by its names.
    pub responses: BTreeMap<String, Value>,
    /// What it wanted back then.
    pub state: Option<String>,
}

impl ToolResult {
    /// The tool could not do it, for this reason.
    pub fn error(reason: impl Into<String>) -> Self {
        Self { content: vec![Content::Text(reason.into())], structured: None, is_error: true }
    }
}
