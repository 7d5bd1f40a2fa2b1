//! Rust: a plugin of every kind, as it comes out of the template, at work; and what its author reads when something is wrong.

use std::path::Path;
use std::process::Command;

use serde_json::json;

use super::Author;
use super::whole::ALL_KINDS;
use crate::support::Server;

/// One for all, so that the SDK is compiled once.
fn target() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/authors")
}

fn cargo(folder: &Path, arguments: &[&str]) {
    let ended =
        Command::new("cargo").args(arguments).current_dir(folder).env("CARGO_TARGET_DIR", target()).output().unwrap();
    assert!(ended.status.success(), "cargo {arguments:?}: {}", String::from_utf8_lossy(&ended.stderr));
}

#[tokio::test]
async fn a_rust_plugin_of_every_kind_is_clean_and_works_from_the_template_on() {
    let author = Author::new();
    let told = author.succeeds("", &["new", "order-rules", "--kind", ALL_KINDS]);
    assert!(told.contains("order-rules/src/filter.rs") && told.contains("order-rules/README.md"), "{told}");
    let folder = author.at("order-rules");
    cargo(&folder, &["fmt", "--check"]);
    let built = author.command("order-rules", &["build"]).env("CARGO_TARGET_DIR", target()).output().unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    assert!(String::from_utf8_lossy(&built.stderr).contains("Compiling"), "each step is said");
    cargo(&folder, &["clippy", "--all-targets", "--", "-D", "warnings"]);
    cargo(&folder, &["test", "--lib"]);

    let checked: serde_json::Value =
        serde_json::from_str(&author.succeeds("order-rules", &["check", "--json"])).unwrap();
    assert_eq!((&checked["ok"], &checked["findings"]), (&json!(true), &json!([])));
    assert_eq!(
        checked["kinds"],
        json!(["event-types", "filter", "transform", "webhook", "view", "tools", "prompts", "resources"])
    );
    assert_eq!((&checked["contract"], &checked["event_types"]), (&json!("0.1.0"), &json!(["order.created"])));
    assert_eq!((&checked["prompts"], &checked["resources"]), (&json!(["order_summary"]), &json!(["orders://example"])));
    let passed = author.succeeds("order-rules", &["test"]);
    assert!(passed.contains("0 failed") && author.has("order-rules/tests/resources.jsonl"), "{passed}");

    let server = Server::start("", &[("order-rules", &author.at("order-rules/dist/order-rules.wasm"))]).await;
    let outcome = async |data| server.publish("order.created", data).await.1;
    assert_eq!(outcome(json!({"customer": "alice", "total": 3})).await["outcome"], "stored");
    assert_eq!(outcome(json!({"customer": "alice", "total": 3, "test": true})).await["outcome"], "dropped");
    let refused = outcome(json!({"customer": "", "total": 3})).await;
    assert!(refused["outcome"] == "rejected" && refused.to_string().contains("/customer"), "{refused}");
}

#[test]
fn every_kind_alone_is_formatted() {
    let author = Author::new();
    for kind in ALL_KINDS.split(',') {
        author.succeeds("", &["new", kind, "--kind", kind]);
        cargo(&author.at(kind), &["fmt", "--check"]);
        let mut sources: Vec<_> = std::fs::read_dir(author.at(kind).join("src"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.ends_with(".rs") && name != "lib.rs")
            .collect();
        sources.sort();
        let completed = ["prompts", "resources"].contains(&kind).then(|| "completions.rs".to_owned());
        let expected: Vec<_> = completed.into_iter().chain([format!("{}.rs", kind.replace('-', "_"))]).collect();
        assert_eq!(sources, expected, "a module for its kind, and no other");
    }
}

#[test]
fn a_mistake_in_the_source_is_told_with_file_and_line() {
    let author = Author::new();
    author.succeeds("", &["new", "typo"]);
    let source = author.at("typo/src/filter.rs");
    let text = std::fs::read_to_string(&source).unwrap();
    std::fs::write(&source, text.replace("order.test", "order.tset")).unwrap();
    let line = text.lines().position(|line| line.contains("order.test")).unwrap() + 1;
    let built = author.command("typo", &["build"]).env("CARGO_TARGET_DIR", target()).output().unwrap();
    let told = String::from_utf8(built.stderr).unwrap();
    assert_eq!(built.status.code(), Some(1), "{told}");
    assert!(told.contains(&format!("src/filter.rs:{line}:")) && told.contains("tset"), "{told}");
    assert!(!author.has("typo/dist/typo.wasm"));
}

#[test]
fn without_rust_it_says_how_to_get_it() {
    let author = Author::new();
    author.succeeds("", &["new", "lonely"]);
    let built = author.command("lonely", &["build"]).env("PATH", "/nowhere").output().unwrap();
    let told = String::from_utf8(built.stderr).unwrap();
    assert_eq!(built.status.code(), Some(2), "{told}");
    assert!(told.contains("cargo was not found") && told.contains("https://rustup.rs"), "{told}");
}
