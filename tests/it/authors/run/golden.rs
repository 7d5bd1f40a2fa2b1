//! `tidemill plugin test` with golden files.

use serde_json::Value;

use super::Author;

const INPUTS: &str = "{\"type\":\"claimed.thing\",\"data\":{\"ok\":true}}\n\n{\"type\":\"claimed.thing\",\"data\":{\"ok\":false}}\n{\"type\":\"claimed.thing\",\"data\":{\"trap\":true}}\n";

fn owner() -> Author {
    let author = Author::with_guest("owner");
    author.writes("tests/first.jsonl", INPUTS);
    author
}

#[test]
fn what_came_once_is_expected_from_then_on() {
    let author = owner();
    let said = author.types("", &["test", "owner.wasm"]);
    assert!(
        said.code == 2 && said.out.contains("first.expected.jsonl") && said.out.contains("--update"),
        "{}",
        said.out
    );
    author.succeeds("", &["test", "owner.wasm", "--update"]);
    let expected = author.reads("tests/first.expected.jsonl");
    assert_eq!(expected.lines().count(), 3, "{expected}");
    assert!(!expected.contains("2026"), "nothing in it is of now: {expected}");
    for _ in 0..2 {
        let out = author.succeeds("", &["test", "owner.wasm"]);
        assert!(out.contains("3 passed, 0 failed"), "{out}");
    }
    author.succeeds("", &["test", "owner.wasm", "--update"]);
    assert_eq!(author.reads("tests/first.expected.jsonl"), expected);
}

#[test]
fn a_difference_is_shown_with_its_line_and_any_stands_for_anything() {
    let author = owner();
    author.succeeds("", &["test", "owner.wasm", "--update"]);
    let expected = author.reads("tests/first.expected.jsonl");
    let changed = expected.replace("\"seen\":true", "\"seen\":\"<any>\"").replace("expected true", "expected more");
    author.writes("tests/first.expected.jsonl", &changed);
    author.writes("tests/second.jsonl", "{\"type\":\"other\"}\n");
    author.writes(
        "tests/second.expected.jsonl",
        "{\"outcome\":\"stored\",\"event\":{\"type\":\"other\"}}\n{\"outcome\":\"dropped\"}\n",
    );
    let said = author.types("", &["test", "owner.wasm"]);
    assert_eq!(said.code, 1, "{}", said.out);
    for told in [
        "FAILED tests/first.jsonl: 2 passed, 1 failed",
        "tests/first.jsonl:3: ",
        "-       \"detail\": \"expected more\"",
        "+       \"detail\": \"expected true\"",
        "FAILED tests/second.jsonl: 1 passed, 1 failed",
        "no input is left for this outcome",
        "3 passed, 2 failed",
    ] {
        assert!(said.out.contains(told), "{told}: {}", said.out);
    }
    let said = author.types("", &["test", "owner.wasm", "--json"]);
    let json: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((said.code, &json["passed"], &json["files"][0]["failed"][0]["line"]), (1, &3.into(), &3.into()));
    author.succeeds("", &["test", "owner.wasm", "--update"]);
    assert!(author.reads("tests/first.expected.jsonl").contains("\"<any>\""), "what stands for anything stays");
}

#[test]
fn a_failure_nobody_expected_names_the_line_of_the_author() {
    let author = owner();
    author.writes("tests/first.expected.jsonl", "{\"outcome\":\"dropped\"}\n");
    let said = author.types("", &["test", "owner.wasm"]);
    assert_eq!(said.code, 1);
    assert!(
        said.out.contains("owner.rs:") && said.out.contains("again: tidemill plugin run owner.wasm < "),
        "{}",
        said.out
    );
}

#[test]
fn state_begins_anew_with_each_file() {
    let author = Author::with_guest("keeper");
    author.writes("keeper.toml", "grants.state = true\n");
    let input = "{\"type\":\"keep.x\",\"data\":{\"op\":\"count\",\"key\":\"n\",\"by\":1}}\n";
    author.writes("tests/a.jsonl", &input.repeat(2));
    author.writes("tests/b.jsonl", input);
    author.succeeds("", &["test", "keeper.wasm", "--update"]);
    let (a, b) = (author.reads("tests/a.expected.jsonl"), author.reads("tests/b.expected.jsonl"));
    let lines: Vec<&str> = a.lines().collect();
    assert_eq!((lines[0], lines[0] == lines[1]), (b.trim(), false), "{a}");
}

#[test]
fn a_mistake_in_a_test_file_is_told_with_its_line() {
    let author = owner();
    author.writes("tests/first.jsonl", &format!("{INPUTS}\n\n{{\"type\":}}\n"));
    let said = author.types("", &["test", "owner.wasm"]);
    assert!(said.code == 2 && said.out.contains("tests/first.jsonl:7: not valid JSON"), "{}", said.out);
    author.writes("tests/first.jsonl", INPUTS);
    author.writes("tests/first.expected.jsonl", "{}\n{\n");
    let said = author.types("", &["test", "owner.wasm"]);
    assert!(said.code == 2 && said.out.contains("tests/first.expected.jsonl:2: not valid JSON"), "{}", said.out);
    let said = author.types("", &["test", "owner.wasm", "--tests", "none"]);
    assert!(said.code == 2 && said.err.contains("there are no tests in none"), "{}", said.err);
}
