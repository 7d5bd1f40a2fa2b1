//! The attributes of one event: as they are handed in, and packed into one allocation as an event keeps them.

use serde_json::{Map, Value};

use crate::{AUDIENCE_ATTRIBUTE, Problem, check_type, limits};

/// The context attributes of a new event (CloudEvents 1.0 §3), not checked yet.
#[derive(Debug, Clone, Copy)]
pub struct Attributes<'a> {
    /// `id`: 1 to 256 bytes; unique per source.
    pub id: &'a str,
    /// `source`: a URI reference of 1 to 1,024 bytes.
    pub source: &'a str,
    /// `type`: see [`check_type`].
    pub event_type: &'a str,
    /// `subject`: at most 1,024 bytes.
    pub subject: Option<&'a str>,
    /// `datacontenttype`: a media type; absent means JSON.
    pub content_type: Option<&'a str>,
    /// `dataschema`: a URI of at most 1,024 bytes.
    pub data_schema: Option<&'a str>,
    /// Extension attributes: strings, booleans and integers of 32 bits, together at most 4 KiB as JSON.
    pub extensions: &'a Map<String, Value>,
}

/// Names that CloudEvents gives a meaning to and that therefore cannot be extensions.
const CORE_NAMES: [&str; 10] =
    ["specversion", "id", "source", "type", "subject", "time", "datacontenttype", "dataschema", "data", "data_base64"];

/// Checked attributes in one text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Packed {
    text: Box<str>,
    ends: [u32; 7],
}

/// Which part of [`Packed`].
#[derive(Debug, Clone, Copy)]
pub(crate) enum Part {
    Id,
    Source,
    Type,
    Subject,
    ContentType,
    DataSchema,
    Extensions,
}

impl Packed {
    pub(crate) fn new(attributes: &Attributes<'_>) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        problems.extend(check_type(attributes.event_type).err());
        let optional = |text: Option<&str>| text.map(str::len).unwrap_or_default();
        check_text("id", attributes.id, limits::ID_BYTES_MAX, true, &mut problems);
        check_text("source", attributes.source, limits::SOURCE_BYTES_MAX, true, &mut problems);
        if attributes.source.contains(' ') {
            problems.push(Problem::new("source", "a source is a URI reference, which has no spaces (write %20)"));
        }
        if let Some(subject) = attributes.subject {
            check_text("subject", subject, limits::SUBJECT_BYTES_MAX, false, &mut problems);
        }
        if let Some(schema) = attributes.data_schema {
            check_text("dataschema", schema, limits::DATA_SCHEMA_BYTES_MAX, false, &mut problems);
        }
        if let Some(content_type) = attributes.content_type {
            check_content_type(content_type, &mut problems);
        }
        let extensions = check_extensions(attributes.extensions, &mut problems);
        if !problems.is_empty() {
            return Err(problems);
        }
        let parts = [
            attributes.id,
            attributes.source,
            attributes.event_type,
            attributes.subject.unwrap_or_default(),
            attributes.content_type.unwrap_or_default(),
            attributes.data_schema.unwrap_or_default(),
            &extensions,
        ];
        let mut text = String::with_capacity(
            attributes.id.len()
                + attributes.source.len()
                + attributes.event_type.len()
                + extensions.len()
                + optional(attributes.subject)
                + optional(attributes.content_type)
                + optional(attributes.data_schema),
        );
        let ends = parts.map(|part| {
            text.push_str(part);
            // The limits above keep the whole under 16 KiB.
            u32::try_from(text.len()).unwrap_or(u32::MAX)
        });
        Ok(Self { text: text.into_boxed_str(), ends })
    }

    /// From a text that was packed before; none if the ends do not fit it.
    pub(crate) fn from_parts(text: Box<str>, ends: [u32; 7]) -> Option<Self> {
        let whole = ends[6] as usize == text.len();
        let fits = whole && ends.is_sorted() && ends.iter().all(|end| text.is_char_boundary(*end as usize));
        fits.then_some(Self { text, ends })
    }

    pub(crate) fn get(&self, part: Part) -> &str {
        let index = part as usize;
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.text[start as usize..self.ends[index] as usize]
    }

    pub(crate) fn optional(&self, part: Part) -> Option<&str> {
        Some(self.get(part)).filter(|text| !text.is_empty())
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn ends(&self) -> &[u32; 7] {
        &self.ends
    }
}

fn check_text(at: &str, text: &str, max: usize, required: bool, problems: &mut Vec<Problem>) {
    if required && text.is_empty() {
        problems.push(Problem::new(at, format!("`{at}` is empty; leave it out to have one given, or write a text")));
    } else if text.len() > max {
        problems.push(Problem::new(at, format!("`{at}` has {} bytes, at most {max} are possible", text.len())));
    } else if text.bytes().any(|b| b.is_ascii_control()) {
        problems.push(Problem::new(at, format!("`{at}` has control characters, such as line breaks")));
    }
}

fn check_content_type(text: &str, problems: &mut Vec<Problem>) {
    check_text("datacontenttype", text, limits::CONTENT_TYPE_BYTES_MAX, false, problems);
    let essence = text.split(';').next().unwrap_or_default().trim_end();
    let token =
        |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+%'*`|~".contains(&b));
    if !essence.split_once('/').is_some_and(|(kind, sub)| token(kind) && token(sub)) {
        let detail = format!("`{text}` is not a media type, such as `application/json`");
        problems.push(Problem::new("datacontenttype", detail));
    }
}

/// Checks extension attributes and writes them as one JSON object; none at all is the empty text.
fn check_extensions(extensions: &Map<String, Value>, problems: &mut Vec<Problem>) -> String {
    if extensions.is_empty() {
        return String::new();
    }
    for (name, value) in extensions {
        if name == AUDIENCE_ATTRIBUTE {
            problems.push(Problem::new(
                name,
                "who may see an event is no extension; only its publisher says it, as `audience`",
            ));
        } else if CORE_NAMES.contains(&name.as_str()) {
            problems.push(Problem::new(name, format!("`{name}` is an attribute of its own, not an extension")));
        } else if name.is_empty()
            || name.len() > limits::EXTENSION_NAME_BYTES_MAX
            || !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        {
            let detail = "names of extension attributes are 1 to 20 characters of a to z and 0 to 9";
            problems.push(Problem::new(if name.is_empty() { "extensions" } else { name }, detail));
        } else {
            match value {
                Value::String(text) => check_text(name, text, limits::EXTENSIONS_BYTES_MAX, false, problems),
                Value::Bool(_) => {}
                Value::Number(n) if n.as_i64().is_some_and(|n| i32::try_from(n).is_ok()) => {}
                _ => {
                    let detail = "an extension attribute is a text, a boolean or an integer of 32 bits";
                    problems.push(Problem::new(name, detail));
                }
            }
        }
    }
    let text = Value::Object(extensions.clone()).to_string();
    if text.len() > limits::EXTENSIONS_BYTES_MAX {
        let max = limits::EXTENSIONS_BYTES_MAX;
        let detail = format!("the extension attributes have {} bytes as JSON, at most {max} are possible", text.len());
        problems.push(Problem::new("extensions", detail));
    }
    text
}
