//! From what guests answer to clients to what the host hands on, within bounds: nothing of it is trusted.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::bindings::{content, prompts, tools};
use crate::limits::{
    CALL_STATE_BYTES_MAX, INPUT_REQUESTS_MAX, TEXT_BYTES_MAX, TOOL_NAME_BYTES_MAX, TOOL_PARTS_MAX, URI_BYTES_MAX,
};
use crate::{
    Content, InputRequest, PromptMessage, PromptOutcome, ResourceBody, ResourceContent, Role, ToolOutcome, ToolResult,
};

type Read<T> = Result<T, String>;

pub(super) fn tool_outcome(outcome: tools::Outcome) -> Read<ToolOutcome> {
    match outcome {
        tools::Outcome::Complete(result) => {
            let structured = result.structured_json.map(|text| json("the structured result", &text)).transpose()?;
            let content = list("parts", result.content, part)?;
            Ok(ToolOutcome::Complete(ToolResult { content, structured, is_error: result.is_error }))
        }
        tools::Outcome::InputRequired(input) => {
            let (requests, state) = input_required(input)?;
            Ok(ToolOutcome::InputRequired { requests, state })
        }
    }
}

pub(super) fn prompt_outcome(outcome: prompts::Outcome) -> Read<PromptOutcome> {
    match outcome {
        prompts::Outcome::Complete(prompts::Filled { description, messages }) => {
            let role = |role| match role {
                prompts::Role::User => Role::User,
                prompts::Role::Assistant => Role::Assistant,
            };
            let messages = list("messages", messages, |message: prompts::Message| {
                Ok(PromptMessage { role: role(message.role), content: part(message.content)? })
            })?;
            Ok(PromptOutcome::Complete { description, messages })
        }
        prompts::Outcome::InputRequired(input) => {
            let (requests, state) = input_required(input)?;
            Ok(PromptOutcome::InputRequired { requests, state })
        }
    }
}

pub(super) fn contents(contents: Vec<content::ResourceContent>) -> Read<Vec<ResourceContent>> {
    list("parts", contents, resource)
}

fn part(part: content::Part) -> Read<Content> {
    Ok(match part {
        content::Part::Text(text) => Content::Text(text),
        content::Part::Image(content::Media { data, media_type }) => {
            Content::Image { data: data.into(), media_type: short("a media type", media_type, TEXT_BYTES_MAX)? }
        }
        content::Part::Audio(content::Media { data, media_type }) => {
            Content::Audio { data: data.into(), media_type: short("a media type", media_type, TEXT_BYTES_MAX)? }
        }
        content::Part::Embedded(content) => Content::Resource(resource(content)?),
        content::Part::Link(link) => Content::Link {
            uri: short("a URI", link.uri, URI_BYTES_MAX)?,
            name: short("a name", link.name, TEXT_BYTES_MAX)?,
            media_type: media_type(link.media_type)?,
        },
    })
}

fn resource(content: content::ResourceContent) -> Read<ResourceContent> {
    Ok(ResourceContent {
        uri: short("a URI", content.uri, URI_BYTES_MAX)?,
        media_type: media_type(content.media_type)?,
        body: match content.body {
            content::ResourceBody::Text(text) => ResourceBody::Text(text),
            content::ResourceBody::Blob(bytes) => ResourceBody::Blob(bytes.into()),
        },
    })
}

fn input_required(input: content::InputRequired) -> Read<(BTreeMap<String, InputRequest>, Option<String>)> {
    let found = input.requests.len();
    if found > INPUT_REQUESTS_MAX {
        return Err(format!("it asks for {found} inputs at once, at most {INPUT_REQUESTS_MAX} are possible"));
    }
    let state = input.state.map(|state| short("the state", state, CALL_STATE_BYTES_MAX)).transpose()?;
    let mut requests = BTreeMap::new();
    for content::InputRequest { name, method, params_json } in input.requests {
        if !["elicitation/create", "sampling/createMessage", "roots/list"].contains(&&*method) {
            let method = crate::answer::cut(&method, TOOL_NAME_BYTES_MAX);
            return Err(format!("it asks for `{method}`, which is none of the inputs that there are"));
        }
        let Value::Object(params) = json("an input's parameters", &params_json)? else {
            return Err("an input's parameters are no object".into());
        };
        let name = short("an input's name", name, TEXT_BYTES_MAX)?;
        if requests.insert(name, InputRequest { method, params }).is_some() {
            return Err("it asks for two inputs of one name".into());
        }
    }
    if requests.is_empty() && state.is_none() {
        return Err("it asks for no input, and wants nothing back".into());
    }
    Ok((requests, state))
}

fn media_type(text: Option<String>) -> Read<Option<String>> {
    text.map(|text| short("a media type", text, TEXT_BYTES_MAX)).transpose()
}

fn json(what: &str, text: &str) -> Read<Value> {
    serde_json::from_str(text).map_err(|error| format!("{what} is no JSON: {error}"))
}

fn short(what: &str, text: String, max: usize) -> Read<String> {
    match text.len() {
        found if found > max => Err(format!("{what} has {found} bytes, at most {max} are possible")),
        _ => Ok(text),
    }
}

fn list<T, U>(what: &str, items: Vec<T>, read: impl Fn(T) -> Read<U>) -> Read<Vec<U>> {
    if items.len() > TOOL_PARTS_MAX {
        let found = items.len();
        return Err(format!("it answered {found} {what}, at most {TOOL_PARTS_MAX} are possible"));
    }
    items.into_iter().map(read).collect()
}
