//! `tidemill plugin bench`: that it measures and remembers; not how much.

use serde_json::Value;

use super::Author;

#[test]
fn each_kind_is_measured_and_compared_with_the_last_run() {
    let author = Author::with_guest("owner");
    author.writes("events.jsonl", "{\"type\":\"claimed.thing\",\"data\":{\"ok\":true}}\n");
    let arguments = ["bench", "owner.wasm", "--events", "events.jsonl", "--json"];
    let first: Value = serde_json::from_str(&author.succeeds("", &arguments)).unwrap();
    let us = &first["run"]["us"]["event-types"];
    assert!(us["1"].as_f64().unwrap() > 0.0 && us["64"].as_f64().unwrap() > 0.0, "{first}");
    assert!(first["run"]["memory"].as_u64().unwrap() > 0 && first["run"]["rounds"] == 11, "{first}");
    assert_eq!((&first["last"], &first["ratio"]), (&Value::Null, &Value::Null));
    let second: Value = serde_json::from_str(&author.succeeds("", &arguments)).unwrap();
    assert_eq!(second["last"], first["run"]);
    assert!(second["ratio"]["event-types"]["64"].as_f64().unwrap() > 0.0, "{second}");
    let shown = author.succeeds("", &["bench", "owner.wasm", "--events", "events.jsonl"]);
    assert!(shown.contains("median of 11 rounds") && shown.contains('x'), "{shown}");
}

#[test]
fn tools_are_measured_by_the_calls_among_the_inputs() {
    let author = Author::with_guest("hostile_tools");
    author.writes("hostile_tools.toml", "[grants]\nstate = true\npublish = ['*']\n");
    let bench = |input: &str| {
        author.writes("inputs.jsonl", input);
        author.types("", &["bench", "hostile_tools.wasm", "--events", "inputs.jsonl", "--json"])
    };
    let said = bench("{\"call\":{\"tool\":\"count\"}}\n");
    assert_eq!(said.code, 0, "{}", said.err);
    let measured: Value = serde_json::from_str(&said.out).unwrap();
    assert!(measured["run"]["us"]["tools"]["1"].as_f64().unwrap() > 0.0, "{measured}");
    let said = bench("{\"type\":\"x\"}\n");
    assert!(said.code == 2 && said.err.contains("of kind tools") && said.err.contains("{\"call\": "), "{}", said.err);
    let said = bench("{\"call\":{\"tool\":\"trap\"}}\n");
    assert!(said.code == 1 && said.err.contains("the plugin failed as tools"), "{}", said.err);
}

#[test]
fn prompts_and_resources_are_measured_if_the_plugin_is_asked() {
    let author = Author::with_guest("mcp_conformance");
    let bench = |input: &str| {
        author.writes("inputs.jsonl", input);
        author.types("", &["bench", "mcp_conformance.wasm", "--events", "inputs.jsonl"])
    };
    for (input, kind) in
        [(r#"{"prompt":{"name":"no_such_thing"}}"#, "prompts"), (r#"{"call":{"tool":"no_such_thing"}}"#, "tools")]
    {
        let said = bench(input);
        let told = format!("no `no_such_thing` among the plugin's {kind}");
        assert!(said.code == 2 && said.err.contains(&told), "{}", said.err);
    }
    let said = bench(r#"{"prompt":{"name":"test_prompt_with_arguments"}}"#);
    assert!(said.code == 2 && said.err.contains("nothing to measure"), "{}", said.err);
    let inputs = [
        r#"{"prompt":{"name":"test_simple_prompt"}}"#,
        r#"{"prompt":{"name":"test_prompt_with_arguments"}}"#,
        r#"{"resource":{"uri":"test://static-text"}}"#,
        r#"{"resource":{"uri":"test://nothing"}}"#,
    ];
    author.writes("inputs.jsonl", &inputs.map(|input| format!("{input}\n")).concat());
    let said = author.succeeds("", &["bench", "mcp_conformance.wasm", "--events", "inputs.jsonl", "--json"]);
    let measured: Value = serde_json::from_str(&said).unwrap();
    for kind in ["prompts", "resources"] {
        assert!(measured["run"]["us"][kind]["1"].as_f64().unwrap() > 0.0, "{kind}: {measured}");
    }
}

#[test]
fn what_cannot_be_measured_is_told() {
    let author = Author::with_guest("keeper");
    author.writes("keeper.toml", "grants.state = true\n");
    author.writes("events.jsonl", "{\"type\":\"other\"}\n");
    let said = author.types("", &["bench", "keeper.wasm", "--events", "events.jsonl"]);
    assert!(said.code == 2 && said.err.contains("it subscribes to keep.*"), "{}", said.err);
    let author = Author::with_guest("faulty");
    author.writes("events.jsonl", "{\"type\":\"bad.trap\"}\n");
    let said = author.types("", &["bench", "faulty.wasm", "--events", "events.jsonl"]);
    assert!(said.code == 1 && said.err.contains("trap") && said.err.contains("tidemill plugin run"), "{}", said.err);
}
