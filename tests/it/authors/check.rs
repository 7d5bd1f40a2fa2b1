//! `tidemill plugin check`: what is no plugin for this host is told in a sentence, with what to do.

use std::fs::{self, File};
use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::Author;
use crate::support::guest;

/// What a check of these bytes finds; it is refused.
fn refused(author: &Author, name: &str, bytes: &[u8]) -> String {
    fs::write(author.at(name), bytes).unwrap();
    let said = author.types("", &["check", name, "--json"]);
    assert_eq!(said.code, 1, "{name}: {}{}", said.out, said.err);
    let checked: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(checked["ok"], false);
    let findings = checked["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 1, "{findings:?}");
    findings[0]["detail"].as_str().unwrap().to_owned()
}

#[test]
fn what_is_no_plugin_is_told_with_what_to_do() {
    let author = Author::new();
    let text = |text: &str| wat::parse_str(text).unwrap();
    for (name, bytes, told) in [
        ("text.wasm", b"export const filter = 1;\n".to_vec(), "not a WebAssembly file"),
        ("empty.wasm", Vec::new(), "the file is empty"),
        ("core.wasm", text("(module)"), "`tidemill plugin build` makes components"),
        ("cut.wasm", fs::read(guest("stamp_v1")).unwrap()[..5000].to_vec(), "not complete"),
        (
            "other.wasm",
            text(r#"(component (instance $i) (export "wasi:http/incoming-handler@0.2.3" (instance $i)))"#),
            "it was built for another world",
        ),
        (
            "newer.wasm",
            text(r#"(component (instance $i) (export "tidemill:plugin/manifest@0.2.0" (instance $i)))"#),
            "build it with the WIT package of that version",
        ),
    ] {
        let found = refused(&author, name, &bytes);
        assert!(found.contains(told), "{name}: {found}");
    }
    let said = author.types("", &["check", "nothing.wasm"]);
    assert!(said.code == 2 && said.err.contains("there is no nothing.wasm; build it"), "{}", said.err);
}

#[test]
fn a_grant_that_is_missing_is_named_and_settings_beside_a_component_count() {
    let author = Author::new();
    let component = fs::read(guest("keeper")).unwrap();
    let found = refused(&author, "keeper.wasm", &component);
    assert!(found.contains("state = true") && found.contains("of keeper.toml"), "{found}");
    fs::write(author.at("keeper.toml"), "[grants]\nstate = true").unwrap();
    assert!(author.succeeds("", &["check", "keeper.wasm"]).ends_with("OK\n"));
    fs::write(author.at("keeper.toml"), "[grnts]").unwrap();
    let said = author.types("", &["check", "keeper.wasm"]);
    assert!(said.code == 1 && said.out.contains("error: its settings are wrong: keeper.toml: "), "{}", said.out);
    assert!(refused(&author, "keeper.wasm", &component).contains("grnts"));
}

#[test]
fn a_file_is_described_without_a_server() {
    let author = Author::new();
    fs::copy(guest("stamp_v1"), author.at("stamp.wasm")).unwrap();
    let told = author.succeeds("", &["info", "stamp.wasm"]);
    assert!(told.contains("transform") && told.contains("tidemill:plugin@0.1.0"), "{told}");
}

#[test]
fn a_component_that_is_older_than_its_sources_is_told() {
    let author = Author::new();
    author.succeeds("", &["new", "rules"]);
    fs::create_dir(author.at("rules/dist")).unwrap();
    fs::copy(guest("stamp_v1"), author.at("rules/dist/rules.wasm")).unwrap();
    let is_told = || author.succeeds("rules", &["check"]).contains("its sources are newer than the component");
    assert!(!is_told());
    let later = SystemTime::now() + Duration::from_secs(60);
    File::create(author.at("rules/dev.log")).unwrap().set_modified(later).unwrap();
    assert!(!is_told(), "a log is no source");
    let source = File::options().append(true).open(author.at("rules/src/lib.rs")).unwrap();
    source.set_modified(later).unwrap();
    assert!(is_told());
}
