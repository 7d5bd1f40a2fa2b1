//! Owns how a delivery is told to a person: one line per event, with a link for HTML.
//!
//! Most lines are templates in `events.json`; here stands what needs counting or choosing words. Nobody waits for it on
//! an event's way, so the data is read whole.
use serde_json::Value;
use tidemill_sdk::{Event, Target, html, schema::Template};

use crate::catalog::Catalog;

/// One line about the event, for this target.
pub(crate) fn render(catalog: &Catalog, event: &Event<'_>, target: Target) -> String {
    let data = event.json::<Value>().unwrap_or_default();
    let Some((name, family)) = catalog.family(event.kind()) else {
        return event.kind().to_owned();
    };
    let line = match name {
        "push" => push(&data),
        "star" => star(&data),
        _ => templates(&family.text, data.clone()),
    };
    let line = line.unwrap_or_else(|| format!("{} in {}", event.kind(), event.subject().unwrap_or(event.source())));
    match (target, data.pointer(&family.link).and_then(Value::as_str)) {
        (Target::Text, _) => line,
        (Target::Html, Some(address)) => html::link(address, &line),
        (Target::Html, None) => html::escape(&line).into_owned(),
    }
}

fn templates(templates: &[String], mut data: Value) -> Option<String> {
    if let Some(action) = data.get_mut("action") {
        *action = Value::String(match action.as_str().unwrap_or_default() {
            "synchronize" => "updated".to_owned(),
            "performed" => "published".to_owned(),
            other => other.replace('_', " "),
        });
    }
    templates.iter().find_map(|source| Template::parse(source).ok()?.render_complete(&data))
}

fn push(data: &Value) -> Option<String> {
    let who = line(data, "/sender/login").or_else(|| line(data, "/pusher/name"))?;
    let repository = line(data, "/repository/full_name")?;
    let reference = line(data, "/ref")?;
    let (kind, name) = match reference.strip_prefix("refs/tags/") {
        Some(tag) => ("tag", tag),
        None => ("branch", reference.strip_prefix("refs/heads/").unwrap_or(&reference)),
    };
    let flag = |name: &str| data[name] == Value::Bool(true);
    Some(match data["commits"].as_array().map_or(0, Vec::len) {
        _ if flag("deleted") => format!("{who} deleted {kind} {name} in {repository}"),
        0 if flag("created") => format!("{who} created {kind} {name} in {repository}"),
        0 => format!("{who} moved {kind} {name} in {repository}"),
        count => {
            let noun = if count == 1 { "commit" } else { "commits" };
            let verb = if flag("forced") { "force-pushed" } else { "pushed" };
            format!("{who} {verb} {count} {noun} to {name} in {repository}")
        }
    })
}

fn star(data: &Value) -> Option<String> {
    let verb = if data["action"] == "deleted" { "took the star from" } else { "starred" };
    Some(format!("{} {verb} {}", line(data, "/sender/login")?, line(data, "/repository/full_name")?))
}

/// A text on one line: what an event says cannot start another.
fn line(data: &Value, pointer: &str) -> Option<String> {
    let text = data.pointer(pointer)?.as_str()?;
    Some(text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect())
}
