//! What is made of types; that other programs take it is tested from outside (`tests/it/types.rs`).

use serde_json::{Value, json};

use crate::{EventType, asyncapi, json_schema, python, typescript};

fn types(schemas: &[(&str, Value)]) -> Vec<EventType> {
    let one = |(name, schema): &(&str, Value)| EventType {
        name: (*name).into(),
        version: "1".into(),
        summary: "It happened".into(),
        schema: schema.clone(),
        examples: vec![],
    };
    schemas.iter().map(one).collect()
}

/// What TypeScript and Python say of one member `v` with a schema.
#[track_caller]
fn says(schema: &Value, in_typescript: &str, in_python: &str) {
    let types = types(&[(
        "a",
        json!({"type": "object", "properties": {"v": schema}, "required": ["v"],
        "$defs": {"self": {"type": "object", "properties": {"next": {"$ref": "#/$defs/self"}}}, "text": {"type": "string"}}}),
    )]);
    let (script, module) = (typescript(&types), python(&types));
    assert!(script.contains(&format!("  \"v\": {in_typescript};\n")), "{schema}\n{script}");
    assert!(module.contains(&format!("    v: \"{in_python}\"\n")), "{schema}\n{module}");
}

#[test]
fn schemas_become_the_types_of_each_language() {
    says(&json!({"type": "string", "format": "date-time"}), "string", "str");
    says(&json!({"type": "integer"}), "number", "int");
    says(&json!({"type": ["number", "null"]}), "number | null", "Union[float, None]");
    says(
        &json!({"enum": ["a", 1, true, null]}),
        "\"a\" | 1 | true | null",
        "Union[Literal[\\\"a\\\"], Literal[1], Literal[True], None]",
    );
    says(&json!({"const": 1.5}), "number", "float");
    says(&json!({"type": "array", "items": {"type": "boolean"}}), "Array<boolean>", "List[bool]");
    says(&json!({"type": "array"}), "Array<unknown>", "List[Any]");
    let two = json!({"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "items": false, "minItems": 2});
    says(&two, "[string, number]", "List[Union[str, int]]");
    says(&json!({"type": "array", "prefixItems": [{"type": "string"}]}), "Array<unknown>", "List[Any]");
    says(&json!({"type": "object"}), "Record<string, unknown>", "Mapping[str, Any]");
    says(
        &json!({"type": "object", "additionalProperties": {"type": "string"}}),
        "Record<string, string>",
        "Mapping[str, str]",
    );
    says(
        &json!({"oneOf": [{"type": "string"}, {"type": "integer"}, {"type": "string"}]}),
        "string | number",
        "Union[str, int]",
    );
    says(&json!({"$ref": "#/$defs/text"}), "AText", "AText");
    says(&json!({"$ref": "https://example.org/elsewhere"}), "unknown", "Any");
    says(&json!(true), "unknown", "Any");
    says(&json!(false), "never", "Never");
    says(&json!({"minLength": 1}), "unknown", "Any");
    says(&json!({"type": "object", "properties": {"w": {}}}), "AV", "AV");
}

#[test]
fn objects_have_members_needed_or_not_with_what_is_said_of_them() {
    let schema = json!({
        "type": "object",
        "properties": {
            "total": {"type": "number", "description": "In euros"},
            "ship-to": {"type": "object", "properties": {"city": {"type": "string"}}},
        },
        "required": ["total"],
    });
    let types = types(&[("order.created", schema)]);
    let script = typescript(&types);
    let interface = "/** `order.created` (version 1): It happened */\nexport interface OrderCreated {\n  /** In euros */\n  \
                     \"total\": number;\n  \"ship-to\"?: OrderCreatedShipTo;\n}\n";
    assert!(script.contains(interface), "{script}");
    assert!(script.contains("  \"order.created\": OrderCreated;\n"), "{script}");
    let module = python(&types);
    assert!(module.contains("OrderCreated = TypedDict(\"OrderCreated\", {\n"), "{module}");
    assert!(module.contains("    \"ship-to\": NotRequired[\"OrderCreatedShipTo\"],\n"), "{module}");
    assert!(module.contains("class OrderCreatedShipTo(TypedDict):\n    city: NotRequired[\"str\"]\n"), "{module}");
}

#[test]
fn what_stands_beside_a_choice_holds_for_each() {
    let schema = json!({
        "type": "object",
        "properties": {"id": {"type": "string"}},
        "required": ["id"],
        "oneOf": [
            {"properties": {"card": {"type": "string"}}, "required": ["card"]},
            {"allOf": [{"$ref": "#/$defs/cash"}]},
        ],
        "$defs": {"cash": {"properties": {"amount": {"type": "integer"}}}},
    });
    let script = typescript(&types(&[("paid", schema)]));
    assert!(script.contains("export type Paid = Paid2 | Paid3;\n"), "{script}");
    assert!(script.contains("  \"id\": string;\n  \"card\": string;\n}\n"), "{script}");
    assert!(script.contains("  \"id\": string;\n  \"amount\"?: number;\n}\n"), "{script}");
}

#[test]
fn names_that_would_be_the_same_are_told_apart() {
    let schema = json!({"type": "string"});
    let script = typescript(&types(&[
        ("a.b", schema.clone()),
        ("a-b", schema.clone()),
        ("events", schema.clone()),
        ("7", schema),
    ]));
    for line in ["\"a.b\": AB;", "\"a-b\": AB2;", "\"events\": Events2;", "\"7\": Type7;"] {
        assert!(script.contains(line), "{line}\n{script}");
    }
}

#[test]
fn schemas_that_go_around_in_circles_or_multiply_end() {
    let mut definitions = serde_json::Map::new();
    for number in 0..200 {
        let next = format!("#/$defs/d{}", (number + 1) % 200);
        definitions.insert(
            format!("d{number}"),
            json!({"allOf": [{"$ref": next}, {"$ref": next}], "properties": {"a": {"$ref": next}}}),
        );
    }
    for schema in [
        json!({"$ref": "#"}),
        json!({"allOf": [{"$ref": "#"}]}),
        json!({"oneOf": [{"$ref": "#"}, {"$ref": "#"}]}),
        json!({"type": "object", "properties": {"a": {"$ref": "#"}, "b": {"items": {"$ref": "#"}, "type": "array"}}}),
        json!({"$ref": "#/$defs/d0", "$defs": definitions}),
    ] {
        let types = types(&[("a", schema)]);
        assert!(typescript(&types).len() < 1 << 20 && python(&types).len() < 1 << 20);
    }
}

#[test]
fn what_a_plugin_says_ends_no_comment_and_no_text() {
    let mut types = types(&[(
        "a",
        json!({"type": "object", "description": "*/ x\n\u{2028}y", "properties": {
        "\"; alert(1) //": {"const": "\"\n*/"}, "b": {"type": "string", "description": "*/\nimport os"}}}),
    )]);
    types[0].summary = "*/ alert(1)\nimport os".into();
    let (script, module) = (typescript(&types), python(&types));
    assert!(script.contains("\"\\\"; alert(1) //\"?: \"\\\"\\n*/\";"), "{script}");
    assert!(!script.contains("*/ alert") && !script.contains("*/ x"), "{script}");
    assert!(!module.lines().any(|line| line.starts_with("import os")), "{module}");
}

#[test]
fn documents_hold_every_schema_with_its_references() {
    let schema = json!({"$ref": "#/$defs/x", "$defs": {"x": {"items": {"$ref": "#"}, "enum": [{"$ref": "#"}]}}});
    let types = types(&[("a/b.c", schema)]);
    let all = json_schema(&types);
    assert_eq!(all["$defs"]["a/b.c"]["$ref"], "#/$defs/a~1b.c/$defs/x");
    assert_eq!(
        all["$defs"]["a/b.c"]["$defs"]["x"],
        json!({"items": {"$ref": "#/$defs/a~1b.c"}, "enum": [{"$ref": "#"}]})
    );
    assert_eq!(all["oneOf"][0]["properties"]["data"]["$ref"], "#/$defs/a~1b.c");
    let api = asyncapi(&types, "/base/events", "1.2.3");
    assert_eq!(api["channels"]["events"]["address"], "/base/events");
    let message = &api["components"]["messages"]["a/b.c"];
    assert_eq!(message["payload"]["schema"]["$ref"], "#/components/messages/a~1b.c/payload/schema/$defs/x");
    assert_eq!(message["summary"], "It happened");
    assert!(json_schema(&[]).get("oneOf").is_none());
}
