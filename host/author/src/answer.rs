//! What a client gets of a plugin, as JSON in the words of the Model Context Protocol.

use serde_json::{Map, Value, json};
use tidemill_plugin::{
    Content, InputRequest, PromptMessage, PromptOutcome, ResourceBody, ResourceContent, Role, Suggestions, ToolOutcome,
    ToolResult,
};

/// What was answered, by what was asked for.
#[derive(Debug, Clone)]
pub enum Answer {
    /// A call of a tool.
    Tool(ToolOutcome),
    /// A prompt.
    Prompt(PromptOutcome),
    /// What is at an address.
    Resource(Vec<ResourceContent>),
    /// What may be meant.
    Completion(Suggestions),
}

impl Answer {
    /// As golden files keep it: what is absent, empty or false by itself is left out.
    pub fn json(&self) -> Value {
        match self {
            Self::Tool(ToolOutcome::Complete(ToolResult { content, structured, is_error })) => {
                let mut json = Map::from_iter([("content".to_owned(), content.iter().map(content_json).collect())]);
                structured.iter().for_each(|value| drop(json.insert("structured".into(), value.clone())));
                if *is_error {
                    json.insert("isError".into(), true.into());
                }
                Value::Object(json)
            }
            Self::Prompt(PromptOutcome::Complete { description, messages }) => {
                let mut json = Map::new();
                description.iter().for_each(|text| drop(json.insert("description".into(), text.as_str().into())));
                json.insert("messages".into(), messages.iter().map(message_json).collect());
                Value::Object(json)
            }
            Self::Tool(ToolOutcome::InputRequired { requests, state })
            | Self::Prompt(PromptOutcome::InputRequired { requests, state }) => {
                let request = |(name, request): (&String, &InputRequest)| {
                    (name.clone(), json!({"method": request.method, "params": request.params}))
                };
                json!({"inputRequired": requests.iter().map(request).collect::<Map<_, _>>(), "state": state})
            }
            Self::Resource(parts) => {
                json!({"contents": parts.iter().map(|part| Value::Object(resource_json(part))).collect::<Value>()})
            }
            Self::Completion(Suggestions { values, total, more }) => {
                let mut json = Map::from_iter([("values".to_owned(), values.clone().into())]);
                total.iter().for_each(|total| drop(json.insert("total".into(), (*total).into())));
                if *more {
                    json.insert("hasMore".into(), true.into());
                }
                Value::Object(json)
            }
        }
    }
}

fn message_json(message: &PromptMessage) -> Value {
    let role = match message.role {
        Role::User => "user",
        Role::Assistant => "assistant",
    };
    json!({"role": role, "content": content_json(&message.content)})
}

fn content_json(content: &Content) -> Value {
    match content {
        Content::Text(text) => json!({"type": "text", "text": text}),
        Content::Image { data, media_type } => json!({"type": "image", "mimeType": media_type, "data": base64(data)}),
        Content::Audio { data, media_type } => json!({"type": "audio", "mimeType": media_type, "data": base64(data)}),
        Content::Link { uri, name, media_type } => {
            json!({"type": "resource_link", "uri": uri, "name": name, "mimeType": media_type})
        }
        Content::Resource(resource) => {
            let mut json = Map::from_iter([("type".to_owned(), "resource".into())]);
            json.extend(resource_json(resource));
            Value::Object(json)
        }
    }
}

fn resource_json(resource: &ResourceContent) -> Map<String, Value> {
    let mut json = Map::from_iter([("uri".to_owned(), resource.uri.as_str().into())]);
    resource.media_type.iter().for_each(|kind| drop(json.insert("mimeType".into(), kind.as_str().into())));
    let (name, value) = match &resource.body {
        ResourceBody::Text(text) => ("text", text.clone()),
        ResourceBody::Blob(bytes) => ("blob", base64(bytes)),
    };
    json.insert(name.into(), value.into());
    json
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
