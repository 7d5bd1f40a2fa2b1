//! Python (3.11 and newer, nothing but the standard library): a `TypedDict` for the data of each event type, and a function
//! that subscribes.

use std::fmt::Write;

use serde_json::Value;

use crate::EventType;
use crate::definitions::{Definition, Member, What, define};
use crate::naming::comment;
use crate::shape::Shape;

const RESERVED: [&str; 19] = [
    "Any",
    "Event",
    "Iterator",
    "List",
    "Literal",
    "Mapping",
    "NotRequired",
    "Sequence",
    "Tuple",
    "TypedDict",
    "Union",
    "Never",
    "Request",
    "True",
    "False",
    "HTTPError",
    "HTTPException",
    "OSError",
    "None",
];

/// Words that are no names.
const WORDS: [&str; 35] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del",
    "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal",
    "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
];

/// One module.
#[must_use]
pub fn python(types: &[EventType]) -> String {
    let (definitions, own, mut names) = define(types, &RESERVED);
    let mut text = String::from(HEAD);
    for definition in &definitions {
        write_definition(&mut text, definition);
    }
    let mut events = Vec::new();
    for (event_type, data) in &own {
        let name = names.take(&format!("{data}Event"));
        let kind = quoted(&event_type.name);
        line(&mut text, &format!("\n\n# {}", comment(&event_type.about())));
        line(
            &mut text,
            &format!(
                "{name} = TypedDict({}, {{\"id\": str, \"type\": Literal[{kind}], \"data\": {}}})",
                quoted(&name),
                quoted(data)
            ),
        );
        events.push(name);
    }
    let union =
        if events.is_empty() { "Mapping[str, Any]".to_owned() } else { format!("Union[{}]", events.join(", ")) };
    line(&mut text, &format!("\n\n# An event: its position, its type, and its data.\nEvent = {union}"));
    text.push_str(CLIENT);
    text
}

fn write_definition(text: &mut String, definition: &Definition) {
    let Definition { name, about, what } = definition;
    text.push_str("\n\n");
    if !about.is_empty() {
        line(text, &format!("# {about}"));
    }
    match what {
        What::Is(shape) => line(text, &format!("{name} = {}", value(shape))),
        What::Object(members) if members.iter().all(|member| is_name(&member.name)) => {
            line(text, &format!("class {name}(TypedDict):"));
            for member in members {
                write_about(text, member);
                line(text, &format!("    {}: {}", member.name, wanted(member)));
            }
        }
        What::Object(members) => {
            line(text, &format!("{name} = TypedDict({}, {{", quoted(name)));
            for member in members {
                write_about(text, member);
                line(text, &format!("    {}: {},", quoted(&member.name), wanted(member)));
            }
            line(text, "})");
        }
    }
}

fn write_about(text: &mut String, member: &Member) {
    if !member.about.is_empty() {
        line(text, &format!("    # {}", member.about));
    }
}

fn wanted(member: &Member) -> String {
    let shape = quoted(&shown(&member.shape));
    if member.needed { shape } else { format!("NotRequired[{shape}]") }
}

/// A shape where Python evaluates it: definitions may stand further down.
fn value(shape: &Shape) -> String {
    format!("Union[{}]", quoted(&shown(shape)))
}

fn shown(shape: &Shape) -> String {
    let list = |shapes: &[Shape]| shapes.iter().map(shown).collect::<Vec<_>>().join(", ");
    match shape {
        Shape::Anything | Shape::Tuple(_, Some(_)) => "Any".into(),
        Shape::Nothing => "Never".into(),
        Shape::Null => "None".into(),
        Shape::Boolean => "bool".into(),
        Shape::Integer => "int".into(),
        Shape::Number => "float".into(),
        Shape::Text => "str".into(),
        Shape::Exactly(Value::Bool(true)) => "Literal[True]".into(),
        Shape::Exactly(Value::Bool(false)) => "Literal[False]".into(),
        Shape::Exactly(value) => format!("Literal[{value}]"),
        Shape::List(item) => format!("List[{}]", shown(item)),
        // JSON makes lists of them.
        Shape::Tuple(first, None) => format!("List[{}]", shown(&Shape::one_of(first.iter().cloned()))),
        Shape::Table(value) => format!("Mapping[str, {}]", shown(value)),
        Shape::OneOf(shapes) => format!("Union[{}]", list(shapes)),
        Shape::Named(name) => name.clone(),
    }
}

/// A text as Python writes it. Texts of JSON mean the same there, since nothing beyond ASCII is escaped in them.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

fn is_name(text: &str) -> bool {
    let starts = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    // Two underscores at the beginning mean something else within a class.
    starts
        && !text.starts_with("__")
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && !WORDS.contains(&text)
}

fn line(text: &mut String, content: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{content}");
}

const HEAD: &str = r#"# Made by `tidemill types --lang python`: make it again when event types change, do not edit it.
# Needs Python 3.11 and nothing else.

import json
import time
from http.client import HTTPException
from typing import Any, Iterator, List, Literal, Mapping, Never, NotRequired, Sequence, TypedDict, Union
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen
"#;

const CLIENT: &str = r#"

def events(
    url: str = "http://127.0.0.1:3000/events",
    types: Sequence[str] = (),
    since: str = "",
    token: str = "",
    timeout: float = 60,
) -> Iterator[Event]:
    """Subscribes by Server-Sent Events. Connects again when the connection is lost, and misses nothing.

    `types`: only these; `since`: "earliest", a position, or a time (RFC 3339), without it what comes from now on;
    `timeout`: seconds without a word from the server after which the connection counts as lost.
    Raises `urllib.error.HTTPError` when the server refuses.
    """
    asked = {"types": ",".join(types), "since": since}
    query = urlencode({name: value for name, value in asked.items() if value})
    last, pause = "", 1.0
    while True:
        headers = {"Accept": "text/event-stream"}
        if token:
            headers["Authorization"] = "Bearer " + token
        if last:
            headers["Last-Event-ID"] = last
        try:
            with urlopen(Request(url + ("?" + query if query else ""), headers=headers), timeout=timeout) as stream:
                if stream.status == 204:
                    return
                number, kind, data = last, "", []
                for raw in stream:
                    line = raw.decode("utf-8").rstrip("\r\n")
                    name, _, value = line.partition(":")
                    value = value.removeprefix(" ")
                    if not line:
                        # Only now: an event that was cut off comes again.
                        last = number
                        if data and kind:
                            yield {"id": last, "type": kind, "data": json.loads("\n".join(data))}  # type: ignore[misc]
                        kind, data = "", []
                    elif name == "event":
                        kind = value
                    elif name == "data":
                        data.append(value)
                    elif name == "id":
                        number = value
                    elif name == "retry" and value.isdigit():
                        pause = int(value) / 1000
        except HTTPError as refused:
            if refused.code not in (429, 502, 503, 504):
                raise
        except (OSError, HTTPException):
            pass
        time.sleep(pause)
"#;
