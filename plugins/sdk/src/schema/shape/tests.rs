//! A shape and the full validator agree, the quick pass never says yes where they say no.
use serde_json::json;

use super::*;

fn fits(schema: &Value, text: &str) -> bool {
    Shape::of(schema).expect("understood").fits(text.as_bytes(), &mut [])
}

#[test]
fn it_agrees_with_the_validator() {
    let schemas = [
        json!({}),
        json!({"type": "object", "required": ["a"]}),
        json!({"type": ["object", "null"], "properties": {"a": {"type": "integer"}, "b": {"type": "string"}}}),
        json!({"properties": {"a": {"minLength": 2, "maxLength": 3}}, "required": ["a", "b"]}),
        json!({"properties": {"a": {"const": "x"}, "b": {"enum": ["y", "ä"]}}, "additionalProperties": false}),
        json!({"items": {"type": "number"}}),
        json!({"properties": {"a": {"items": {"required": ["b"], "properties": {"b": {"type": "boolean"}}}}}}),
        json!({"type": ["array", "string", "integer"], "minLength": 1}),
        json!({"const": "x"}),
    ];
    let texts = [
        "{}",
        "[]",
        "null",
        "1",
        "1.0",
        "1.5",
        "-3e2",
        "true",
        r#""""#,
        r#""x""#,
        r#""äö""#,
        r#""\u00e4\n""#,
        "[1,2.5,-1]",
        r#"[1,"x"]"#,
        r#"{"a":1}"#,
        r#"{"a":1.0}"#,
        r#"{"a":"x"}"#,
        r#"{"a":"xy","b":null}"#,
        r#"{"a":"x","b":"\u00e4"}"#,
        r#"{"a":"äöü","b":"y"}"#,
        r#"{"a":"äöüx","b":"y"}"#,
        r#"{"a":[{"b":true},{"b":false,"c":[{}]}]}"#,
        r#"{"a":[{}]}"#,
        r#"{"a":[{"b":1}]}"#,
        r#"{"\u0061":1}"#,
        r#"{"a":"x","c":0}"#,
        r#"{"a":1,"a":"x"}"#,
        r#"{"a":"x","a":1}"#,
    ];
    let mut quick = 0;
    for schema in &schemas {
        let validator = jsonschema::validator_for(schema).expect("a schema");
        let shape = Shape::of(schema).expect("understood");
        for text in texts {
            let value: Value = serde_json::from_str(text).expect("JSON");
            let mut right: Vec<_> =
                validator.iter_errors(&value).map(|error| error.instance_path().to_string()).collect();
            let mut told: Vec<_> = match shape.check(text.as_bytes(), 0) {
                Ok(_) => Vec::new(),
                Err(problems) => problems.into_iter().map(|problem| problem.at).collect(),
            };
            // Where a member must not be, the one points at the object and the other at the member.
            if schema.get("additionalProperties").is_some() {
                (right, told) = (vec![right.is_empty().to_string()], vec![told.is_empty().to_string()]);
            }
            right.sort();
            told.sort();
            assert_eq!(told, right, "{schema} and {text}");
            let fits = fits(schema, text);
            assert!(!fits || validator.is_valid(&value), "{schema} says no to {text}");
            quick += usize::from(fits);
        }
    }
    assert!(quick > 70, "quick in the usual case: {quick}");
}

#[test]
fn mistakes_are_told_in_words() {
    let schema = json!({
        "required": ["a", "b"],
        "properties": {"a": {"type": ["string", "null"], "minLength": 2}, "c": {"enum": ["x", "y"]}, "b": true, "d/e": {"items": {"type": "integer"}}},
        "additionalProperties": false,
    });
    let problems = Shape::of(&schema).expect("understood").check(br#"{"a":"x","c":7,"d/e":[1,{}],"f":0}"#, 0);
    let told: Vec<_> =
        problems.expect_err("mistakes").into_iter().map(|problem| (problem.at, problem.detail)).collect();
    let told: Vec<_> = told.iter().map(|(at, detail)| (at.as_str(), detail.as_str())).collect();
    let expected = [
        ("", "expected a member \"b\""),
        ("/a", "expected at least 2 characters"),
        ("/c", "expected \"x\" or \"y\", found 7"),
        ("/d~1e/1", "expected an integer, found an object"),
        ("/f", "there is no such member"),
    ];
    assert_eq!(told, expected);
    let many = format!("[{}0]", "\"x\",".repeat(100));
    let shape = Shape::of(&json!({"items": {"type": "number"}})).expect("understood");
    assert_eq!(shape.check(many.as_bytes(), 0).expect_err("a hundred").len(), 64);
    assert!(shape.check(b"[", 0).is_err());
}

#[test]
fn keywords_that_are_not_understood_make_no_shape() {
    for keyword in ["$ref", "anyOf", "if", "pattern", "patternProperties", "minimum", "format", "dependentRequired"] {
        assert!(Shape::of(&json!({"properties": {"a": {keyword: 1}}})).is_none(), "{keyword}");
    }
    assert!(Shape::of(&json!({"$schema": "http://json-schema.org/draft-07/schema#"})).is_none());
    assert!(Shape::of(&json!({"enum": ["a", 1]})).is_none());
    assert!(Shape::of(&json!(false)).is_none());
    assert!(Shape::of(&json!({"required": ["a"], "additionalProperties": false})).is_none());
    let many: Vec<_> = (0..65).map(|number| number.to_string()).collect();
    assert!(Shape::of(&json!({"required": many})).is_none());
}

#[test]
fn what_is_cut_off_never_fits() {
    let schema = json!({"properties": {"a": {"type": "array"}, "b": {"type": "object"}}});
    let text = r#"{"x":[1,{"y":"z"}],"a":[1],"b":{"c":"\""}}"#;
    for length in 0..text.len() {
        assert!(!fits(&schema, &text[..length]), "{}", &text[..length]);
    }
    assert!(fits(&schema, text));
    assert!(!fits(&schema, &format!("{text}1")));
}

#[test]
fn texts_are_captured() {
    let shape = Shape::of(&json!({"properties": {"a": {"properties": {"b": true}}}})).expect("understood");
    let shape = shape.capturing("/a/b", 0).expect("it has this member");
    let captured = |text: &'static str| {
        let captures = shape.check(text.as_bytes(), 1).expect("it fits");
        captures[0].clone()
    };
    assert_eq!(captured(r#"{"a":{"b":"\n"}}"#).as_deref(), Some("\n"));
    assert_eq!(captured(r#"{"a":{"b":7}}"#), None);
    // Of equal names the last one counts.
    assert_eq!(captured(r#"{"a":{"b":"x","b":"y"}}"#).as_deref(), Some("y"));
    assert_eq!(captured(r#"{"a":{"b":"x"},"a":{}}"#), None);
    assert!(shape.capturing("/a/c", 1).is_none());
}
