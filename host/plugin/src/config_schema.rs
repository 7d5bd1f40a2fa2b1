//! Checks a plugin's configuration against the JSON Schema in its manifest, before the plugin sees it.

use serde_json::Value;

use crate::LoadError;
use crate::limits::SCHEMA_BYTES_MAX;

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
    fn a_broken_schema_is_the_plugins_mistake() {
        assert!(matches!(check("{oops", &json!({})), Err(LoadError::Manifest(_))));
        assert!(matches!(check(r#"{"type": 7}"#, &json!({})), Err(LoadError::Manifest(_))));
    }
}
