//! `[[retention]]`: bounds for the events of some types.

use tidemill_event::{TypePattern, limits::PATTERNS_MAX};
use tidemill_log::{Retention, Rule};

use super::keys::{AGE, bound, count_bound, size_bound};
use super::kind::{Count, Kind, Size};
use super::nearest::nearest_key;
use super::source::Raw;

const KEYS: [&str; 4] = ["types", "max-age", "max-bytes", "max-events"];

/// One table, or everything that is wrong with it: the key and what.
pub(super) fn rule(table: &toml::Table) -> Result<Rule, Vec<(String, String)>> {
    let mut problems = Vec::new();
    let mut rule = Rule { types: Vec::new(), retention: Retention::default() };
    for (key, value) in table {
        let raw = raw(value);
        let wrong = match key.as_str() {
            "types" => types(value).map(|types| rule.types = types).err(),
            "max-age" => read(&AGE, &raw, |age| rule.retention.max_age = bound(age)),
            "max-bytes" => read(&Size(0..=usize::MAX), &raw, |bytes| rule.retention.max_bytes = size_bound(bytes)),
            "max-events" => {
                read(&Count(0..=u64::MAX / 2), &raw, |count| rule.retention.max_events = count_bound(count))
            }
            unknown => Some(match nearest_key(unknown, KEYS.into_iter()) {
                Some(nearest) => format!("is not a known key: did you mean `{nearest}`?"),
                None => format!("is not a known key: there are {}", KEYS.join(", ")),
            }),
        };
        problems.extend(wrong.map(|detail| (key.clone(), detail)));
    }
    if !table.contains_key("types") {
        problems
            .push(("types".into(), "is missing: write the types it is about, such as `types = \"metric.*\"`".into()));
    } else if problems.is_empty() && rule.retention == Retention::default() {
        problems.push(("max-age".into(), "is missing, and so are `max-bytes` and `max-events`: write a bound".into()));
    }
    if problems.is_empty() { Ok(rule) } else { Err(problems) }
}

fn read<K: Kind>(kind: &K, raw: &Raw, take: impl FnOnce(K::Value)) -> Option<String> {
    match kind.parse(raw) {
        Some(value) => {
            take(value);
            None
        }
        None => Some(format!("is {raw}: expected {}", kind.allowed())),
    }
}

fn types(value: &toml::Value) -> Result<Vec<TypePattern>, String> {
    let texts: Vec<&str> = match value {
        toml::Value::String(text) => text.split(',').map(str::trim).collect(),
        toml::Value::Array(list) => list.iter().map(|item| item.as_str().unwrap_or_default()).collect(),
        _ => Vec::new(),
    };
    let types: Result<Vec<TypePattern>, _> = texts.into_iter().map(str::parse).collect();
    let types = types.map_err(|error| error.to_string())?;
    if types.is_empty() || types.len() > PATTERNS_MAX {
        return Err(format!("must be 1 to {PATTERNS_MAX} type patterns, such as \"metric.*\""));
    }
    Ok(types)
}

fn raw(value: &toml::Value) -> Raw {
    match value {
        toml::Value::String(text) => Raw::Text(text.clone()),
        toml::Value::Integer(number) => Raw::Integer(number.to_string()),
        other => Raw::Other(other.type_str()),
    }
}

/// A rule as TOML.
pub(super) fn to_toml(rule: &Rule) -> String {
    let types: Vec<String> = rule.types.iter().map(ToString::to_string).collect();
    let mut text = format!("[[retention]]\ntypes = \"{}\"\n", types.join(","));
    if let Some(age) = rule.retention.max_age {
        text += &format!("max-age = {}\n", AGE.to_toml(&age));
    }
    if let Some(bytes) = rule.retention.max_bytes {
        text += &format!("max-bytes = {bytes}\n");
    }
    if let Some(events) = rule.retention.max_events {
        text += &format!("max-events = {events}\n");
    }
    text
}
