//! What a team declares holds for its events, and mistakes in it are told with their place.
use serde_json::json;
use tidemill_sdk::testing;

use super::*;

fn configured(config: &Value) -> Result<JsonSchema, String> {
    testing::configured(&config.to_string())
}

fn orders(change: impl FnOnce(&mut Value)) -> Value {
    let mut declaration = json!({
        "version": "2.1.0",
        "summary": "Somebody ordered",
        "schema": {
            "type": "object",
            "required": ["customer", "total"],
            "properties": {
                "customer": { "type": "object", "required": ["name"], "properties": { "name": { "type": "string" } } },
                "total": { "type": "number", "minimum": 0 },
            },
        },
        "examples": [{ "customer": { "name": "Alice" }, "total": 12.5 }],
        "render": "{/customer/name} ordered for {/total}",
    });
    change(&mut declaration);
    json!({ "types": { "order.created": declaration } })
}

#[test]
fn declared_types_are_offered() {
    let plugin = configured(&orders(|_| {})).expect("a good configuration");
    let types = plugin.types();
    assert_eq!(types.len(), 1);
    assert_eq!((types[0].name.as_str(), types[0].version.as_str()), ("order.created", "2.1.0"));
    assert_eq!(types[0].examples, [r#"{"customer":{"name":"Alice"},"total":12.5}"#]);
    assert!(types[0].schema_json.contains("minimum"));
}

#[test]
fn events_are_checked() {
    let mut plugin = configured(&orders(|_| {})).expect("a good configuration");
    let mut validate = |data: &str| plugin.validate(&testing::event("order.created").data(data).event());
    assert_eq!(validate(r#"{"customer":{"name":"Bob"},"total":1}"#), Ok(Validity::Valid));
    let Err(Failure::Problems(problems)) = validate(r#"{"customer":{},"total":-1}"#) else { panic!("accepted") };
    let mut places: Vec<_> = problems.iter().map(|problem| problem.at.as_str()).collect();
    places.sort_unstable();
    assert_eq!(places, ["/customer", "/total"]);
    let text = testing::event("order.created").content_type("text/plain").data("7");
    let Err(Failure::Problems(problems)) = plugin.validate(&text.event()) else { panic!("accepted") };
    assert_eq!(problems[0].at, "datacontenttype");
}

#[test]
fn events_are_shown() {
    let data = r#"{"customer":{"name":"<Bob>"},"total":1.50}"#;
    let event = testing::event("order.created").subject("7").data(data);
    let plugin = configured(&orders(|_| {})).expect("a good configuration");
    assert_eq!(plugin.render(&event.event(), Target::Text), "<Bob> ordered for 1.5");
    assert_eq!(plugin.render(&event.event(), Target::Html), "&lt;Bob&gt; ordered for 1.5");
    let plain = orders(|declaration| declaration["render"] = Value::Null);
    let plugin = configured(&plain).expect("a good configuration");
    assert_eq!(plugin.render(&event.event(), Target::Text), "order.created 7");
}

#[test]
fn mistakes_name_the_type_and_the_place() {
    let error = |change: fn(&mut Value)| configured(&orders(change)).expect_err("a mistake");
    let bad = error(|declaration| declaration["schema"]["properties"]["total"]["type"] = json!("nummer"));
    assert!(bad.starts_with("config.types.\"order.created\".schema at /properties/total/type: \"nummer\""), "{bad}");
    let remote = error(|declaration| declaration["schema"] = json!({ "$ref": "https://example.com/order.json" }));
    assert!(remote.contains("order.created") && remote.contains("a plugin has no network"), "{remote}");
    let example = error(|declaration| declaration["examples"][0]["total"] = json!("much"));
    let expected = "config.types.\"order.created\".examples[0]/total: \"much\" is not of type \"number\"";
    assert_eq!(example, expected);
    let render = error(|declaration| declaration["render"] = json!("{name} ordered"));
    assert!(render.starts_with("config.types.\"order.created\".render at byte 0: expected a JSON Pointer"), "{render}");
    let unknown = error(|declaration| declaration["sumary"] = json!(""));
    assert!(unknown.starts_with("config.types.order.created") && unknown.contains("`sumary`"), "{unknown}");
}
