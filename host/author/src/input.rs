//! What a plugin is run with, one JSON text each: an event, a delivery, who looks at what follows, or what a client
//! asks for: a call of a tool, a prompt, a resource, a completion.
//!
//! Owns these forms and their mistakes in words. That of events is the server's own, which is handed in.

use std::collections::HashMap;

use base64::Engine as _;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use tidemill_bus::Published;
use tidemill_event::Problem;
use tidemill_plugin::{Delivery, PromptCall, Question, Subject, Subscriber, ToolCall};

/// How an event in the simple form is read, with the source that it has if it says none: the same as for `POST /events`.
pub type Decode = fn(&str, &str) -> Result<Published, Vec<Problem>>;

/// The time of events that say none. Always the same, so that what a plugin makes of it is, too.
const TIME: &str = "2026-01-01T00:00:00.000Z";
/// The source of events that say none.
pub(crate) const SOURCE: &str = "/test";

/// Something that a plugin is asked about.
#[derive(Debug)]
pub enum Input {
    /// An event that passes through it.
    Event(Published),
    /// `{"delivery": {…}}`: what another system sends to a webhook.
    Delivery(Delivery),
    /// `{"call": {…}}`: a client calls a tool.
    Call(ToolCall),
    /// `{"prompt": {…}}`: a client has a prompt filled in.
    Prompt(PromptCall),
    /// `{"resource": {"uri": …}}`: a client reads what is at an address.
    Resource(String),
    /// `{"completion": {…}}`: a client asks what may be meant by the beginning of a value.
    Completion(Question),
    /// `{"subscriber": {…}}`: who looks, through a view, at the events after it.
    Subscriber(Subscriber),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDelivery {
    #[serde(default)]
    headers: Map<String, Value>,
    #[serde(default)]
    query: String,
    body: Option<Box<RawValue>>,
    body_base64: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCall {
    tool: String,
    #[serde(default)]
    arguments: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPrompt {
    name: String,
    #[serde(default)]
    arguments: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawResource {
    uri: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCompletion {
    prompt: Option<String>,
    template: Option<String>,
    argument: String,
    #[serde(default)]
    value: String,
    #[serde(default)]
    others: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSubscriber {
    #[serde(default)]
    principal: String,
    #[serde(default)]
    claims: Map<String, Value>,
    #[serde(default)]
    parameters: Map<String, Value>,
}

impl Input {
    /// Reads one text; on failure says what is wrong with it. An event without `id` gets one of this number, one without
    /// `time` always the same time.
    pub fn read(text: &str, number: u64, decode: Decode) -> Result<Self, String> {
        let members: HashMap<String, &RawValue> = serde_json::from_str(text).map_err(|error| unread(&error))?;
        let only = |name: &str| members.get(name).filter(|_| members.len() == 1).map(|raw| raw.get());
        if let Some(raw) = only("delivery") {
            return delivery(raw).map(Self::Delivery).map_err(|error| format!("`delivery`: {error}"));
        }
        if let Some(raw) = only("call") {
            let RawCall { tool, arguments } = inner("call", raw)?;
            return Ok(Self::Call(ToolCall { name: tool, arguments, ..ToolCall::default() }));
        }
        if let Some(raw) = only("prompt") {
            let RawPrompt { name, arguments } = inner("prompt", raw)?;
            return Ok(Self::Prompt(PromptCall { name, arguments: texts(arguments), ..PromptCall::default() }));
        }
        if let Some(raw) = only("resource") {
            return inner("resource", raw).map(|RawResource { uri }| Self::Resource(uri));
        }
        if let Some(raw) = only("completion") {
            return completion(inner("completion", raw)?).map(Self::Completion);
        }
        if let Some(raw) = only("subscriber") {
            let RawSubscriber { principal, claims, parameters } = inner("subscriber", raw)?;
            return Ok(Self::Subscriber(Subscriber {
                principal,
                claims: texts(claims),
                parameters: texts(parameters),
            }));
        }
        let mut event = String::with_capacity(text.len() + 64);
        event.push('{');
        if !members.contains_key("id") {
            event += &format!("\"id\":\"line-{number}\",");
        }
        if !members.contains_key("time") {
            event += &format!("\"time\":\"{TIME}\",");
        }
        // An object begins with its brace, and what follows stands as it is: numbers keep all their digits.
        let rest = text.trim_start().strip_prefix('{').unwrap_or_default();
        if members.is_empty() {
            event.truncate(event.trim_end_matches(',').len());
        }
        event += rest;
        decode(&event, SOURCE).map(Self::Event).map_err(|problems| {
            let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
            // Columns would be those of a text that nobody wrote.
            let told = told.join("; ");
            told.rfind(" at line 1 column ").map_or(told.clone(), |end| told[..end].to_owned())
        })
    }
}

/// Of texts of one line each, where on the line is enough.
fn unread(error: &serde_json::Error) -> String {
    let text = error.to_string().replace(" at line 1 column", ", at column");
    match error.classify() {
        serde_json::error::Category::Data => format!("not an event: {text}; write {{\"type\": \"order.created\", …}}"),
        _ => format!("not valid JSON: {text}"),
    }
}

fn inner<'a, T: Deserialize<'a>>(what: &str, raw: &'a str) -> Result<T, String> {
    serde_json::from_str(raw).map_err(|error| format!("`{what}`: {error}"))
}

fn delivery(raw: &str) -> Result<Delivery, String> {
    let RawDelivery { headers, query, body, body_base64 } = serde_json::from_str(raw).map_err(|e| e.to_string())?;
    let body = match (body, body_base64) {
        (Some(_), Some(_)) => return Err("it has `body` or `body_base64`, not both".into()),
        // A text is the body itself; anything else is sent as the JSON that it is.
        (Some(raw), None) => match serde_json::from_str::<String>(raw.get()) {
            Ok(text) => text.into_bytes(),
            Err(_) => raw.get().as_bytes().to_vec(),
        },
        (None, Some(text)) => base64::engine::general_purpose::STANDARD.decode(text).map_err(|e| e.to_string())?,
        (None, None) => Vec::new(),
    };
    let headers = texts(headers).into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
    Ok(Delivery { headers, query, body })
}

fn completion(raw: RawCompletion) -> Result<Question, String> {
    let RawCompletion { prompt, template, argument, value, others } = raw;
    let subject = match (prompt, template) {
        (Some(prompt), None) => Subject::Prompt(prompt),
        (None, Some(template)) => Subject::Template(template),
        _ => return Err("`completion`: it has `prompt` or `template`, one of them".into()),
    };
    Ok(Question { subject, argument, value, others: texts(others) })
}

/// Names with values as text.
fn texts(members: Map<String, Value>) -> Vec<(String, String)> {
    let text = |value: Value| match value {
        Value::String(text) => text,
        other => other.to_string(),
    };
    members.into_iter().map(|(name, value)| (name, text(value))).collect()
}
