//! Random data of the shape that a JSON Schema describes. Not every keyword is read: what comes of it is checked against the
//! schema, and left out if it does not fit.

use std::cell::Cell;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value};

/// How deep references and branches are followed. Schemas may refer to themselves.
const DEPTH_MAX: usize = 6;
/// Items of an array that nobody bounds, and characters of a text.
const ITEMS_USUAL: u64 = 4;
const CHARS_USUAL: u64 = 12;
/// Items and characters where the schema wants more.
const LENGTH_MAX: u64 = 2_000;
/// Parts of schemas that values are made for, however often each is looked at: branches that refer to all others multiply.
const PARTS_MAX: usize = 5_000;

/// A whole schema, and how much of it was looked at.
struct Root<'s> {
    schema: &'s Value,
    parts: Cell<usize>,
}

/// Data for a schema, and the examples among it.
pub(super) fn values(schema: &Value, examples: &[Value]) -> BoxedStrategy<Value> {
    let random = value(schema, &Root { schema, parts: Cell::new(0) }, 0);
    if examples.is_empty() {
        return random;
    }
    prop_oneof![8 => random, 1 => select(examples.to_vec())].boxed()
}

fn value(schema: &Value, root: &Root<'_>, depth: usize) -> BoxedStrategy<Value> {
    let Value::Object(schema) = schema else { return anything() };
    root.parts.set(root.parts.get() + 1);
    if depth > DEPTH_MAX || root.parts.get() > PARTS_MAX {
        return Just(Value::Null).boxed();
    }
    if let Some(constant) = schema.get("const") {
        return Just(constant.clone()).boxed();
    }
    if let Some(choices) = schema.get("enum").and_then(Value::as_array).filter(|choices| !choices.is_empty()) {
        return select(choices.clone()).boxed();
    }
    if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
        let found = target.strip_prefix('#').and_then(|pointer| root.schema.pointer(pointer));
        return found.map_or_else(anything, |found| value(found, root, depth + 1));
    }
    if let Some(all) = schema.get("allOf").and_then(Value::as_array) {
        let mut merged = without(schema, "allOf");
        all.iter().for_each(|part| merge(&mut merged, resolved(part, root.schema)));
        return value(&merged.into(), root, depth + 1);
    }
    for word in ["anyOf", "oneOf"] {
        if let Some(branches) = schema.get(word).and_then(Value::as_array).filter(|branches| !branches.is_empty()) {
            let branch = |branch: &Value| {
                let mut merged = without(schema, word);
                merge(&mut merged, resolved(branch, root.schema));
                value(&merged.into(), root, depth + 1)
            };
            return proptest::strategy::Union::new(branches.iter().map(branch)).boxed();
        }
    }
    let types: Vec<&str> = match schema.get("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => inferred(schema).into_iter().collect(),
    };
    if types.is_empty() {
        return anything();
    }
    let of_type = |name: &&str| match *name {
        "object" => object(schema, root, depth),
        "array" => array(schema, root, depth),
        "string" => string(schema),
        "integer" => number(schema, true),
        "number" => prop_oneof![number(schema, true), number(schema, false)].boxed(),
        "boolean" => any::<bool>().prop_map(Value::from).boxed(),
        _ => Just(Value::Null).boxed(),
    };
    proptest::strategy::Union::new(types.iter().map(of_type)).boxed()
}

fn anything() -> BoxedStrategy<Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-1_000_i64..1_000).prop_map(Value::from),
        "[ -~é]{0,8}".prop_map(Value::from),
    ]
    .boxed()
}

/// The type that other keywords are about.
fn inferred(schema: &Map<String, Value>) -> Option<&'static str> {
    let about = [
        ("object", &["properties", "required", "additionalProperties"][..]),
        ("array", &["items", "prefixItems", "minItems", "maxItems"]),
        ("string", &["pattern", "minLength", "maxLength", "format"]),
        ("number", &["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"]),
    ];
    about.into_iter().find(|(_, words)| words.iter().any(|word| schema.contains_key(*word))).map(|(name, _)| name)
}

fn object(schema: &Map<String, Value>, root: &Root<'_>, depth: usize) -> BoxedStrategy<Value> {
    let none = Map::new();
    let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&none);
    let required: Vec<&str> =
        schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let undescribed = required.iter().filter(|name| !properties.contains_key(**name));
    let described = properties.iter().map(|(name, about)| (name.as_str(), Some(about)));
    let members: Vec<_> = described
        .chain(undescribed.map(|name| (*name, schema.get("additionalProperties"))))
        .map(|(name, about)| {
            let value = about.map_or_else(anything, |about| value(about, root, depth + 1));
            let value = match (required.contains(&name), depth >= DEPTH_MAX / 2) {
                (true, _) => value.prop_map(Some).boxed(),
                (false, false) => proptest::option::weighted(0.5, value).boxed(),
                // Schemas that refer to themselves come to an end.
                (false, true) => proptest::option::weighted(0.1, value).boxed(),
            };
            (Just(name.to_owned()), value)
        })
        .collect();
    let made = |members: Vec<(String, Option<Value>)>| {
        members.into_iter().filter_map(|(name, value)| Some((name, value?))).collect::<Map<_, _>>().into()
    };
    members.prop_map(made).boxed()
}

fn array(schema: &Map<String, Value>, root: &Root<'_>, depth: usize) -> BoxedStrategy<Value> {
    let (least, most) = lengths(schema, "minItems", "maxItems", ITEMS_USUAL);
    let item = schema.get("items").map_or_else(anything, |items| value(items, root, depth + 1));
    let first: Vec<BoxedStrategy<Value>> = match schema.get("prefixItems").and_then(Value::as_array) {
        Some(first) => first.iter().map(|item| value(item, root, depth + 1)).collect(),
        None => Vec::new(),
    };
    let (least, most) = (least.saturating_sub(first.len()), most.saturating_sub(first.len()));
    (first, vec(item, least..=most.max(least)))
        .prop_map(|(first, rest)| first.into_iter().chain(rest).collect())
        .boxed()
}

fn string(schema: &Map<String, Value>) -> BoxedStrategy<Value> {
    if let Some(pattern) = schema.get("pattern").and_then(Value::as_str) {
        let inner = pattern.strip_prefix('^').unwrap_or(pattern);
        let inner = inner.strip_suffix('$').unwrap_or(inner);
        if let Ok(strategy) = proptest::string::string_regex(inner) {
            return strategy.prop_map(Value::from).boxed();
        }
    }
    let two = |range: std::ops::Range<u32>| range.prop_map(|n| format!("{n:02}"));
    match schema.get("format").and_then(Value::as_str) {
        Some("date-time") => (two(1..13), two(1..29), two(0..24), two(0..60))
            .prop_map(|(month, day, hour, minute)| format!("2026-{month}-{day}T{hour}:{minute}:00Z").into())
            .boxed(),
        Some("date") => (two(1..13), two(1..29)).prop_map(|(month, day)| format!("2026-{month}-{day}").into()).boxed(),
        Some("time") => {
            (two(0..24), two(0..60)).prop_map(|(hour, minute)| format!("{hour}:{minute}:00Z").into()).boxed()
        }
        Some("email") => "[a-z]{1,8}@[a-z]{1,8}\\.example".prop_map(Value::from).boxed(),
        Some("uuid") => any::<u128>().prop_map(|bits| uuid::Uuid::from_u128(bits).to_string().into()).boxed(),
        Some("uri" | "uri-reference" | "iri") => {
            "https://[a-z]{1,8}\\.example/[a-z]{0,8}".prop_map(Value::from).boxed()
        }
        Some("hostname") => "[a-z]{1,8}\\.example".prop_map(Value::from).boxed(),
        Some("ipv4") => any::<[u8; 4]>().prop_map(|bytes| std::net::Ipv4Addr::from(bytes).to_string().into()).boxed(),
        Some("ipv6") => any::<u128>().prop_map(|bits| std::net::Ipv6Addr::from(bits).to_string().into()).boxed(),
        _ => {
            let (least, most) = lengths(schema, "minLength", "maxLength", CHARS_USUAL);
            let character = prop_oneof![8 => prop::char::range(' ', '~'), 1 => any::<char>()];
            vec(character, least..=most).prop_map(|chars| String::from_iter(chars).into()).boxed()
        }
    }
}

fn lengths(schema: &Map<String, Value>, least: &str, most: &str, usual: u64) -> (usize, usize) {
    let said = |word: &str| schema.get(word).and_then(Value::as_u64);
    let least = said(least).unwrap_or(0).min(LENGTH_MAX);
    let most = said(most).unwrap_or(u64::MAX).clamp(least, least + usual);
    (usize::try_from(least).unwrap_or(0), usize::try_from(most).unwrap_or(0))
}

fn number(schema: &Map<String, Value>, whole: bool) -> BoxedStrategy<Value> {
    let said = |word: &str| schema.get(word).and_then(Value::as_f64);
    let least = said("minimum").or(said("exclusiveMinimum").map(|least| if whole { least + 1.0 } else { least }));
    let most = said("maximum").or(said("exclusiveMaximum").map(|most| if whole { most - 1.0 } else { most }));
    let (least, most) = match (least, most) {
        (Some(least), Some(most)) => (least, most),
        (Some(least), None) => (least, least + 1_000.0),
        (None, Some(most)) => (most - 1_000.0, most),
        (None, None) => (-1_000.0, 1_000.0),
    };
    if let Some(step) = said("multipleOf").filter(|step| *step > 0.0) {
        let steps = ((least / step).ceil() as i64)..=((most / step).floor() as i64).max((least / step).ceil() as i64);
        return steps.prop_map(move |n| json_number(n as f64 * step)).boxed();
    }
    if whole {
        let (first, last) = (least.ceil() as i64, most.floor() as i64);
        return (first..=last.max(first)).prop_map(Value::from).boxed();
    }
    (least..=most.max(least)).prop_map(Value::from).boxed()
}

/// A whole number without its point.
fn json_number(number: f64) -> Value {
    if number.fract() == 0.0 { Value::from(number as i64) } else { Value::from(number) }
}

fn resolved<'a>(schema: &'a Value, root: &'a Value) -> &'a Value {
    let target = schema.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix('#'));
    target.and_then(|pointer| root.pointer(pointer)).unwrap_or(schema)
}

fn without(schema: &Map<String, Value>, word: &str) -> Map<String, Value> {
    schema.iter().filter(|(name, _)| *name != word).map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// What two schemas say together, as far as it can be put into one.
fn merge(schema: &mut Map<String, Value>, more: &Value) {
    for (name, value) in more.as_object().into_iter().flatten() {
        match (schema.get_mut(name), value) {
            (Some(Value::Object(own)), Value::Object(more)) => own.extend(more.clone()),
            (Some(Value::Array(own)), Value::Array(more)) if name == "required" => own.extend(more.clone()),
            (Some(_), _) => {}
            (None, value) => drop(schema.insert(name.clone(), value.clone())),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    use serde_json::json;

    use super::*;

    /// Most of what is made fits; otherwise looking for something that does would take for ever.
    #[test]
    fn what_is_made_of_a_schema_mostly_fits_it() {
        let schemas = [
            json!({"type": "object", "required": ["id", "total"], "additionalProperties": false, "properties": {
                "id": {"type": "string", "pattern": "^[A-Z]{2}-[0-9]+$"},
                "total": {"type": "number", "exclusiveMinimum": 0, "maximum": 5},
                "count": {"type": "integer", "minimum": 3, "multipleOf": 3},
                "lines": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/line"}},
                "at": {"type": "string", "format": "date-time"},
                "state": {"enum": ["open", "closed"]}}, "$defs": {"line": {"type": ["string", "null"], "minLength": 2}}}),
            json!({"oneOf": [{"type": "object", "required": ["a"], "properties": {"a": {"const": 1}}}, {"type": "integer"}]}),
            json!({"allOf": [{"type": "object", "required": ["a"]}, {"required": ["b"]}], "properties": {"a": {"type": "boolean"}}}),
            json!({"$ref": "#/$defs/tree", "$defs": {"tree": {"type": "object", "properties": {
                "left": {"$ref": "#/$defs/tree"}, "right": {"$ref": "#/$defs/tree"}}}}}),
            json!({}),
        ];
        for schema in schemas {
            let validator = jsonschema::validator_for(&schema).unwrap();
            let (strategy, mut runner) = (values(&schema, &[]), TestRunner::deterministic());
            let made: Vec<Value> = (0..200).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect();
            let fitting = made.iter().filter(|value| validator.is_valid(value)).count();
            assert!(fitting > 100, "{fitting} of 200 fit {schema}: {:?}", &made[..3]);
        }
    }
}
