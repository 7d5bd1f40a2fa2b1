//! Checks a plugin's configuration against the JSON Schema in its manifest, before the plugin sees it.

use hashbrown::HashMap;
use serde_json::Value;

use crate::LoadError;
use crate::limits::{SCHEMA_BYTES_MAX, SCHEMA_LEVELS_MAX, SCHEMA_VALUES_MAX};

/// Checks `config`; every mistake is named by its place.
pub(crate) fn check(schema: &str, config: &Value) -> Result<(), LoadError> {
    if schema.len() > SCHEMA_BYTES_MAX {
        let found = schema.len();
        return Err(LoadError::Manifest(format!(
            "`config-schema` has {found} bytes, at most {SCHEMA_BYTES_MAX} are possible"
        )));
    }
    let wrong = |e: &dyn std::fmt::Display| LoadError::Manifest(format!("`config-schema` is no JSON Schema: {e}"));
    let schema: Value = serde_json::from_str(schema).map_err(|e| wrong(&e))?;
    check_extent(&schema).map_err(|e| wrong(&e))?;
    let validator = jsonschema::validator_for(&schema).map_err(|e| wrong(&e))?;
    let problems: Vec<String> = validator
        .iter_errors(config)
        .take(8)
        .map(|error| {
            let at = error.instance_path().to_string();
            let key = at.trim_start_matches('/').replace('/', ".");
            if key.is_empty() { format!("config: {error}") } else { format!("config.{key}: {error}") }
        })
        .collect();
    if problems.is_empty() { Ok(()) } else { Err(LoadError::Settings(problems)) }
}

/// Whether a schema comes to an end, with every reference in it followed.
pub(crate) fn check_extent(schema: &Value) -> Result<(), String> {
    Extent { root: schema, known: HashMap::new() }.of(schema, 0).map(drop)
}

/// How large a schema is with every reference replaced by what it points at, which is what a check takes. A few lines
/// that refer to each other twice are more than any computer comes to the end of.
struct Extent<'a> {
    root: &'a Value,
    /// By address: values and levels of what was looked at, nothing of what is being looked at.
    known: HashMap<usize, Option<(usize, usize)>>,
}

impl<'a> Extent<'a> {
    /// Values and levels of a part that has so many levels above it.
    fn of(&mut self, part: &'a Value, above: usize) -> Result<(usize, usize), String> {
        let address = std::ptr::from_ref(part).addr();
        let (values, levels) = match self.known.get(&address) {
            Some(Some(known)) => *known,
            Some(None) => return Err("a reference leads back to itself".into()),
            None if above >= SCHEMA_LEVELS_MAX => (1, 1),
            None => {
                self.known.insert(address, None);
                let (mut values, mut levels) = (1_usize, 0);
                for inner in self.inner(part)? {
                    let (more, deep) = self.of(inner, above + 1)?;
                    (values, levels) = (values.saturating_add(more), levels.max(deep));
                }
                self.known.insert(address, Some((values, levels + 1)));
                (values, levels + 1)
            }
        };
        if values > SCHEMA_VALUES_MAX || above + levels > SCHEMA_LEVELS_MAX {
            return Err(format!(
                "with its references it has more than {SCHEMA_VALUES_MAX} values or {SCHEMA_LEVELS_MAX} levels"
            ));
        }
        Ok((values, levels))
    }

    /// What is in a part, or what it refers to.
    fn inner(&self, part: &'a Value) -> Result<Vec<&'a Value>, String> {
        let members = match part {
            Value::Array(items) => return Ok(items.iter().collect()),
            Value::Object(members) => members,
            _ => return Ok(Vec::new()),
        };
        let referred = |(name, value): (&String, &'a Value)| match (name.as_str(), value) {
            ("$ref" | "$dynamicRef" | "$recursiveRef", Value::String(to)) => {
                let found = to.strip_prefix('#').and_then(|pointer| self.root.pointer(pointer));
                found.ok_or_else(|| format!("`{name}` is `{to}`; it can be `#/` and the way to a part of the schema"))
            }
            _ => Ok(value),
        };
        members.iter().map(referred).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn mistakes_are_named_by_their_place() {
        let schema = r#"{"type":"object","properties":{"limit":{"type":"integer"}},"additionalProperties":false}"#;
        assert!(check(schema, &json!({"limit": 3})).is_ok());
        let message = check(schema, &json!({"limit": "3"})).unwrap_err().to_string();
        assert!(message.contains("config.limit") && message.contains("integer"), "{message}");
        assert!(check(schema, &json!({"limt": 3})).unwrap_err().to_string().contains("limt"));
    }

    #[test]
    fn references_are_followed_as_far_as_they_have_an_end() {
        let says = |schema: &Value| check(&schema.to_string(), &json!({"a": 1})).map_err(|e| e.to_string());
        let shared = json!({"properties": {"a": {"$ref": "#/$defs/n"}, "b": {"$ref": "#/$defs/n"}}, "$defs": {"n": {"type": "integer"}}});
        assert_eq!(says(&shared), Ok(()));
        let chain = |links: usize, each: &dyn Fn(String) -> Value| {
            let link = |n: usize| (format!("d{n}"), each(format!("#/$defs/d{}", n + 1)));
            let mut parts: serde_json::Map<_, _> = (0..links).map(link).collect();
            parts.insert(format!("d{links}"), json!(true));
            json!({"$ref": "#/$defs/d0", "$defs": parts})
        };
        let once = |to: String| json!({"$ref": to});
        let twice = |to: String| json!({"allOf": [{"$ref": to}, {"$ref": to}]});
        assert_eq!(says(&chain(20, &once)), Ok(()));
        assert!(says(&chain(5000, &once)).unwrap_err().contains("levels"));
        assert_eq!(says(&chain(8, &twice)), Ok(()));
        assert!(says(&chain(60, &twice)).unwrap_err().contains("values"));
        assert!(says(&json!({"$ref": "#"})).unwrap_err().contains("back to itself"));
        assert!(says(&json!({"$ref": "https://example.org/x"})).unwrap_err().contains("`#/`"));
    }

    #[test]
    fn a_broken_schema_is_the_plugins_mistake() {
        assert!(matches!(check("{oops", &json!({})), Err(LoadError::Manifest(_))));
        assert!(matches!(check(r#"{"type": 7}"#, &json!({})), Err(LoadError::Manifest(_))));
    }
}
