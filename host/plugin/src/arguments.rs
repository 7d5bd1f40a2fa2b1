//! JSON Schemas of tools: compiled once, and asked about arguments and results. Both the schema and what it is asked about
//! come from strangers, so that checking has bounds. Must not know how tools are called.

use std::fmt;

use serde_json::{Map, Value};

use crate::config_schema;
use crate::limits::{ARGUMENT_PROBLEM_BYTES_MAX, ARGUMENT_PROBLEMS_MAX, PATTERN_BYTES_MAX};

/// A schema, ready to be asked.
pub struct ToolSchema(jsonschema::Validator);

impl fmt::Debug for ToolSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToolSchema").finish_non_exhaustive()
    }
}

impl ToolSchema {
    /// Compiles a schema (2020-12), or says what is wrong with it.
    pub fn compile(schema: &Map<String, Value>) -> Result<Self, String> {
        let schema = Value::Object(schema.clone());
        config_schema::check_extent(&schema)?;
        let patterns = jsonschema::PatternOptions::regex().size_limit(PATTERN_BYTES_MAX);
        let options = jsonschema::options().with_draft(jsonschema::Draft::Draft202012).with_pattern_options(patterns);
        options.build(&schema).map(Self).map_err(|error| error.to_string())
    }

    /// What is wrong with a value, each mistake with its place: `duration_seconds: 61 is greater than the maximum of 60`.
    pub fn problems(&self, value: &Value) -> Vec<String> {
        let told = |error: jsonschema::ValidationError<'_>| {
            let at = error.instance_path().to_string();
            let place = at.trim_start_matches('/').replace('/', ".");
            let text = if place.is_empty() { error.to_string() } else { format!("{place}: {error}") };
            crate::answer::cut(&text, ARGUMENT_PROBLEM_BYTES_MAX)
        };
        self.0.iter_errors(value).take(ARGUMENT_PROBLEMS_MAX).map(told).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn compile(schema: Value) -> Result<ToolSchema, String> {
        let Value::Object(schema) = schema else { panic!("an object") };
        ToolSchema::compile(&schema)
    }

    #[test]
    fn mistakes_name_the_parameter_and_its_range() {
        let schema = compile(json!({
            "type": "object",
            "properties": {"duration_seconds": {"type": "number", "minimum": 1, "maximum": 60}},
            "required": ["task_name"],
        }));
        let problems = schema.unwrap().problems(&json!({"duration_seconds": 61}));
        assert!(
            problems.contains(&"duration_seconds: 61 is greater than the maximum of 60".to_owned()),
            "{problems:?}"
        );
        assert!(problems.iter().any(|problem| problem.contains("task_name")), "{problems:?}");
    }

    #[test]
    fn patterns_that_take_for_ever_are_no_patterns() {
        let schema = compile(json!({"type": "object", "properties": {"a": {"pattern": "^(a+)+$"}}})).unwrap();
        let slow = format!("{}!", "a".repeat(50_000));
        assert_eq!(schema.problems(&json!({"a": slow})).len(), 1);
        assert!(compile(json!({"properties": {"a": {"pattern": "(?=a)b"}}})).is_err());
        assert!(compile(json!({"properties": {"a": {"pattern": "((a{1000}){1000}){1000}"}}})).is_err());
    }

    #[test]
    fn schemas_that_never_end_are_refused() {
        assert!(compile(json!({"properties": {"a": {"$ref": "#"}}})).unwrap_err().contains("back to itself"));
        assert!(compile(json!({"$ref": "https://example.org/schema"})).is_err());
        assert!(compile(json!({"type": 7})).is_err());
    }
}
