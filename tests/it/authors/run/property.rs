//! `tidemill plugin test --property`.

use std::fs;

use serde_json::{Value, json};

use super::Author;
use crate::support::ready_made;

const SETTINGS: &str = r#"
[config.types."order.created".schema]
type = "object"
required = ["id", "total"]
additionalProperties = false

[config.types."order.created".schema.properties]
id = { type = "string", pattern = "^[A-Z]{2}-[0-9]{3}$" }
total = { type = "number", minimum = 0 }
lines = { type = "array", maxItems = 3, items = { type = "object", required = ["sku"] } }
"#;

/// A plugin that validates by the schema that it declares.
fn honest() -> Author {
    let author = Author::new();
    fs::copy(ready_made("json-schema"), author.at("json-schema.wasm")).unwrap();
    author.writes("json-schema.toml", SETTINGS);
    author
}

#[test]
fn a_plugin_that_keeps_to_its_schema_passes() {
    let author = honest();
    let out = author.succeeds("", &["test", "json-schema.wasm", "--property", "--cases", "50"]);
    assert!(out.contains("order.created: 50 valid accepted, 50 invalid rejected"), "{out}");
}

#[test]
fn one_that_does_not_is_shown_the_smallest_event_and_how_to_run_it() {
    let author = Author::with_guest("liar");
    let arguments = ["test", "liar.wasm", "--property", "--seed", "5", "--json"];
    let said = author.types("", &arguments);
    let json: Value = serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{}", said.err));
    assert_eq!((said.code, &json["seed"]), (1, &5.into()), "{}", said.err);
    let broken = json["types"][0]["broken"].as_array().unwrap();
    assert_eq!(broken.len(), 2, "{json}");
    assert_eq!(broken[0]["input"]["data"], json!({"n": 7}), "the smallest on which it fails");
    assert!(broken[0]["why"] == "the plugin failed on it" && broken[1]["valid"] == false, "{json}");
    for broken in broken {
        let rerun = broken["rerun"].as_str().unwrap().split_once(" < ").unwrap();
        let ran = author.runs("liar.wasm", &author.reads(rerun.1));
        assert_eq!(ran[0]["outcome"], broken["outcome"]["outcome"], "{broken}");
    }
    let again: Value = serde_json::from_str(&author.types("", &arguments).out).unwrap();
    assert_eq!(again["types"][0]["broken"][0]["input"], broken[0]["input"], "the same seed makes the same events");
}

#[test]
fn a_plugin_without_types_of_its_own_has_nothing_to_try() {
    let author = Author::with_guest("faulty");
    let said = author.types("", &["test", "faulty.wasm", "--property"]);
    assert!(said.code == 2 && said.err.contains("no event types"), "{}", said.err);
}
