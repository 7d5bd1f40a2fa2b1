//! What is at a path, by its kind: the keys that only one kind has.

use std::path::Path;
use std::sync::Arc;

use axum::http::HeaderValue;
use tidemill_jq_program::Program;

use crate::config::fields::Fields;
use crate::config::kind::{Choice, Count};
use crate::config::mount_table::is_path;
use crate::limits::FIGURES_HISTORY_MAX;
use crate::mcp::Presence;
use crate::mount::{Figures, File, Kind, McpSse, Origins, Profile, Publish, SendMount, StreamMount, ToolsMount, own};

/// Keys that profiles of streams take themselves.
const OF_STREAMS: [&str; 18] = [
    "types",
    "sources",
    "subjects",
    "framing",
    "envelope",
    "name",
    "projection",
    "hello",
    "heartbeat",
    "gap",
    "farewell",
    "retry",
    "ids",
    "replay",
    "history",
    "private",
    "source",
    "on-change",
];
/// Unless a file says otherwise it runs scripts of its own and talks to this server.
const POLICY: &str = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

const KINDS: [(&str, &str); 8] = [
    ("stream", "stream"),
    ("publish", "publish"),
    ("figures", "figures"),
    ("send", "send"),
    ("tools", "tools"),
    ("file", "file"),
    ("mcp", "mcp"),
    ("mcp-sse", "mcp-sse"),
];

/// The name of the kind, the kind if nothing is wrong with it, and keys of its own that somebody else has taken.
pub(super) fn take(
    fields: &mut Fields,
    path: &str,
    directory: &Path,
    origins: Option<&Origins>,
) -> (&'static str, Option<Kind>, &'static [&'static str]) {
    let name = fields.take("kind", &Choice(&KINDS)).unwrap_or("stream");
    match name {
        "publish" => (name, publish(fields), &[]),
        "figures" => (name, figures(fields), &[]),
        "send" => (name, send(fields), &[]),
        "tools" => (name, tools(fields, path), &[]),
        "mcp" => (name, Some(Kind::Mcp(presence(fields, path, origins))), &[]),
        "mcp-sse" => (name, mcp_sse(fields, path, origins), &[]),
        "file" => (name, file(fields, directory), &[]),
        _ => (name, stream(fields, path), &OF_STREAMS),
    }
}

fn stream(fields: &mut Fields, path: &str) -> Option<Kind> {
    match Profile::take(&mut fields.table) {
        Ok(profile) => Some(Kind::Stream(Arc::new(StreamMount::new(path, profile)))),
        Err(problems) => {
            problems.into_iter().for_each(|problem| fields.wrong("path", format!("{path:?}: {problem}")));
            None
        }
    }
}

/// Origins of this machine, and those listed, may talk to it: it is asked there, once more.
fn presence(fields: &mut Fields, path: &str, origins: Option<&Origins>) -> Presence {
    let mut text = |key: &'static str| match fields.value(key)? {
        toml::Value::String(text) if !text.is_empty() => Some(text),
        other => {
            fields.wrong(key, format!("is {other}: expected a text"));
            None
        }
    };
    let (name, title, version, instructions) = (text("name"), text("title"), text("version"), text("instructions"));
    let plain = Presence::at(path);
    Presence {
        name: name.unwrap_or(plain.name),
        title: title.or(plain.title),
        version: version.unwrap_or(plain.version),
        instructions,
        origins: origins.map(|origins| origins.listed.clone()).unwrap_or_default(),
        path: plain.path,
    }
}

fn mcp_sse(fields: &mut Fields, path: &str, origins: Option<&Origins>) -> Option<Kind> {
    let presence = presence(fields, path, origins);
    match fields.value("messages") {
        Some(toml::Value::String(messages)) if is_path(&messages) && messages != "/" => {
            if let Some(detail) = own(&messages) {
                fields.wrong("messages", detail);
            }
            Some(Kind::McpSse(McpSse { presence, messages }))
        }
        _ => {
            let detail = "must be the path at which messages of clients are taken, such as \"/mcp/messages\"";
            fields.wrong("messages", detail);
            None
        }
    }
}

fn publish(fields: &mut Fields) -> Option<Kind> {
    let event =
        needed(fields, "event", "the body as an event in the simple form, such as `event = \".body | {type, data}\"`");
    let (answer, of) = (fields.program("answer"), of(fields));
    Some(Kind::Publish(Publish { event: event?, answer, of }))
}

fn figures(fields: &mut Fields) -> Option<Kind> {
    let answer = needed(fields, "answer", "the figures that are told, such as `answer = \"{status, uptime}\"`");
    let of = of(fields);
    let history = fields.take("history", &Count(0..=FIGURES_HISTORY_MAX)).unwrap_or(0);
    if history > 0 && of.is_none() {
        fields.wrong("history", "needs `of`, the stream whose events are told, such as `of = \"/events\"`");
    }
    Some(Kind::Figures(Figures { answer: answer?, of, history }))
}

/// What is said of a method, unless it is said otherwise.
const MESSAGES: &str =
    "[{data: ({id, method: .request.method, progress, result, error} | with_entries(select(.value != null)))}]";

fn send(fields: &mut Fields) -> Option<Kind> {
    let to = match fields.value("to") {
        Some(toml::Value::String(path)) => Some(path),
        _ => {
            fields.wrong("to", "must be the path of a stream with mailboxes (`private`), such as \"/mcp/sse\"");
            None
        }
    };
    let message = program_or(fields, "message", ".body");
    let messages = program_or(fields, "messages", MESSAGES);
    let answer = program_or(fields, "answer", "{success: true, sent: true, requestId: .id}");
    Some(Kind::Send(SendMount { to: to?, message: message?, messages: Arc::new(messages?), answer: answer? }))
}

fn tools(fields: &mut Fields, path: &str) -> Option<Kind> {
    if path == "/" {
        fields.wrong("path", "is \"/\": tools are called below the path of their mount; take a longer one");
    }
    let list = program_or(fields, "list", "{tools}");
    let (answer, event) = (fields.program("answer"), fields.program("event"));
    Some(Kind::Tools(ToolsMount { list: list?, answer, event }))
}

/// A program, or what is there in its place. None: it is wrong.
fn program_or(fields: &mut Fields, key: &'static str, default: &str) -> Option<Program> {
    if fields.table.contains_key(key) {
        return fields.program(key);
    }
    // It is none that is asked for, but a known key.
    fields.value(key);
    Some(Program::compile(default, &[]).unwrap_or_else(|error| unreachable!("{error}")))
}

fn needed(fields: &mut Fields, key: &'static str, what: &str) -> Option<Program> {
    if !fields.table.contains_key(key) {
        fields.wrong(key, format!("is missing: it is a program of jq that makes {what}"));
    }
    fields.program(key)
}

fn of(fields: &mut Fields) -> Option<String> {
    match fields.value("of")? {
        toml::Value::String(path) => Some(path),
        other => {
            fields.wrong("of", format!("is a value of type {}: expected the path of a stream", other.type_str()));
            None
        }
    }
}

fn file(fields: &mut Fields, directory: &Path) -> Option<Kind> {
    let path = match fields.value("file") {
        Some(toml::Value::String(path)) if !path.is_empty() && !path.contains('\0') => Some(directory.join(path)),
        _ => {
            let detail = "must be the path of a file, relative to the configuration, such as \"public/demo.html\"";
            fields.wrong("file", detail);
            None
        }
    };
    let policy = match fields.value("csp").as_ref().map(|value| value.as_str().unwrap_or("\n").parse()) {
        None => HeaderValue::from_static(POLICY),
        Some(Ok(policy)) => policy,
        Some(Err(_)) => {
            fields.wrong("csp", "must be the text of `Content-Security-Policy`, in one line");
            return None;
        }
    };
    Some(Kind::File(File { path: path?, policy }))
}
