//! Owns JSON Schemas of every kind: all keywords of all drafts, by the `jsonschema` crate.
//!
//! That crate makes a component of several megabytes, so it is a feature, and plugins whose schemas are simple do without
//! it ([`Shape`]). Knows nothing about which types a plugin owns.
use jsonschema::{Retrieve, Uri, Validator};
use serde_json::Value;

use super::{MAX_PROBLEMS, SchemaError, Shape, cut};
use crate::Problem;

/// A compiled schema: draft 2020-12 unless `$schema` says otherwise. `format` is checked. References stay within the
/// schema, since a plugin has no network.
#[derive(Debug)]
pub struct Schema {
    validator: Validator,
    /// Says yes to most good texts in one pass without building anything; `None` if the schema asks for more than it
    /// understands.
    shape: Option<Shape>,
}

impl Schema {
    /// Compiles a schema.
    ///
    /// # Errors
    ///
    /// If it is no JSON Schema, or refers to something outside itself.
    pub fn compile(schema: &Value) -> Result<Self, SchemaError> {
        let validator = jsonschema::options()
            .should_validate_formats(true)
            .with_retriever(NoNetwork)
            .build(schema)
            .map_err(|error| SchemaError { at: error.instance_path().to_string(), detail: error.to_string() })?;
        Ok(Self { validator, shape: Shape::of(schema) })
    }

    /// Checks a JSON text.
    ///
    /// # Errors
    ///
    /// What is wrong with the text, at most [`MAX_PROBLEMS`].
    pub fn check(&self, data: &[u8]) -> Result<(), Vec<Problem>> {
        if self.shape.as_ref().is_some_and(|shape| shape.fits(data, &mut [])) {
            return Ok(());
        }
        let value: Value = crate::json::from_slice(data).map_err(|error| vec![error.into()])?;
        if self.validator.is_valid(&value) {
            return Ok(());
        }
        let problems = self.validator.iter_errors(&value).take(MAX_PROBLEMS);
        Err(problems.map(|error| Problem::new(error.instance_path().to_string(), cut(error.to_string()))).collect())
    }
}

/// Refuses references that leave the schema.
struct NoNetwork;

impl Retrieve for NoNetwork {
    fn retrieve(&self, uri: &Uri<String>) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
        Err(format!("{uri} is outside the schema, and a plugin has no network: put it into `$defs`").into())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::schema::MAX_DETAIL;

    fn schema(schema: &Value) -> Schema {
        Schema::compile(schema).expect("a good schema")
    }

    #[test]
    fn problems_point_at_the_member() {
        let schema = schema(&json!({
            "type": "object",
            "required": ["total", "who"],
            "properties": { "total": { "type": "number", "minimum": 0 }, "a/b": { "type": "string" } },
        }));
        assert_eq!(schema.check(br#"{"total":1,"who":null,"a/b":"x"}"#), Ok(()));
        let problems = schema.check(br#"{"total":-1,"a/b":{}}"#).expect_err("three mistakes");
        let mut told: Vec<_> = problems.iter().map(|problem| (problem.at.as_str(), problem.detail.as_str())).collect();
        told.sort_unstable();
        assert_eq!(
            told,
            [
                ("", "\"who\" is a required property"),
                ("/a~1b", "{} is not of type \"string\""),
                ("/total", "-1 is less than the minimum of 0"),
            ]
        );
    }

    #[test]
    fn what_is_not_json_is_a_problem() {
        let problems = schema(&json!({})).check(b"{").expect_err("not JSON");
        assert!(problems[0].detail.contains("EOF"), "{problems:?}");
    }

    #[test]
    fn a_bad_schema_is_told_with_its_place() {
        let error = Schema::compile(&json!({"properties": {"a": {"type": "strin"}}})).expect_err("no such type");
        assert_eq!(error.at, "/properties/a/type");
        assert!(error.detail.contains("strin"), "{error}");
    }

    #[test]
    fn references_to_elsewhere_are_refused() {
        let error = Schema::compile(&json!({"$ref": "https://example.com/order.json"})).expect_err("no network");
        assert!(error.to_string().contains("a plugin has no network"), "{error}");
        assert!(Schema::compile(&json!({"$ref": "file:///etc/passwd"})).is_err());
        schema(&json!({"$ref": "#/$defs/a", "$defs": {"a": {"type": "string"}}}));
    }

    #[test]
    fn formats_are_checked() {
        let schema = schema(&json!({"properties": {"at": {"type": "string", "format": "date-time"}}}));
        assert!(schema.check(br#"{"at":"2026-01-01T00:00:00Z"}"#).is_ok());
        assert!(schema.check(br#"{"at":"yesterday"}"#).is_err());
    }

    #[test]
    fn long_details_are_cut() {
        let schema = schema(&json!({"type": "number"}));
        let problems = schema.check(format!("\"{}\"", "ä".repeat(1000)).as_bytes()).expect_err("a text");
        assert!(problems[0].detail.len() <= MAX_DETAIL);
        assert!(problems[0].detail.ends_with('…'));
    }
}
