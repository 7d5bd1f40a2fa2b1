//! Components that mean harm before they see any event: all are refused with a reason, and what runs goes on.
//!
//! Files that are too large, no components, cut off or without what a plugin has are in `plugins.rs`.

use std::fs;

use serde_json::json;

use super::assembled::{Parts, filter};
use super::harm::largest_resident_bytes;
use crate::support::{Server, guest};

/// All of them are dropped into the directory of a running server; each is refused with these words.
pub(super) async fn are_refused(cases: &[(&str, Vec<u8>, &str)]) {
    let server = Server::start("", &[("good", &guest("stamp_v1"))]).await;
    for (name, component, _) in cases {
        let part = server.plugins_dir().join("part");
        fs::write(&part, component).unwrap();
        fs::rename(&part, server.plugins_dir().join(format!("{name}.wasm"))).unwrap();
    }
    for (name, _, reason) in cases {
        let plugin = server.plugin_until(name, |plugin| plugin["state"] == "failed").await;
        let error = plugin["error"].as_str().unwrap();
        assert!(error.contains(reason) && !error.contains("panic"), "{name}: {error}");
        assert!(!error.contains(char::is_control) && error.len() < 5000, "{name}: {error:?}");
        assert_eq!(server.publish("a", json!(1)).await.1["outcome"], "stored");
    }
    assert_eq!(server.get("/plugins/good").await.1["state"], "running");
    let taken = largest_resident_bytes(&server);
    assert!(taken < 700 << 20, "the host took {taken} bytes");
}

#[tokio::test]
async fn failing_at_any_step_of_being_loaded_is_told() {
    let none = Parts::default();
    let start = |body: &str| format!("(func $start {body}) (start $start)");
    let (trap, forever) = (start("unreachable"), start("(loop $on (br $on))"));
    let hour = "(call $block (call $subscribe (i64.const 3600000000000)))";
    let many = "(i32.store (i32.const 92) (i32.const 0x7fffffff))";
    are_refused(&[
        ("start-trap", filter(Parts { module: &trap, ..none }), "unreachable"),
        ("start-loop", filter(Parts { module: &forever, ..none }), "timeout"),
        ("memory", filter(Parts { module: "(memory 2000)", ..none }), "memory"),
        ("table", filter(Parts { module: "(table 1000000 funcref)", ..none }), "elements of tables"),
        ("describe-trap", filter(Parts { describe: "unreachable", ..none }), "`describe` failed"),
        ("describe-list", filter(Parts { describe: many, ..none }), "`describe` failed"),
        (
            "describe-text",
            filter(Parts {
                module: "(data (i32.const 64) \"\\00\\10\\00\\00\\02\") (data (i32.const 4096) \"\\ff\\ff\")",
                ..none
            }),
            "utf-8",
        ),
        ("configure-trap", filter(Parts { configure: "unreachable", ..none }), "`configure` failed"),
        ("configure-wait", filter(Parts { configure: hour, ..none }), "timeout"),
        ("realloc-wild", filter(Parts { realloc: "(return (i32.const -8))", ..none }), "realloc"),
    ])
    .await;
}

#[tokio::test]
async fn components_that_are_hard_to_read_are_refused() {
    let plugin = |parts: &str| {
        let text = format!(
            r#"(component {parts} (instance $i) (export "tidemill:plugin/manifest@0.1.0" (instance $i))
                (export "tidemill:plugin/filter@0.1.0" (instance $i)))"#
        );
        wat::parse_str(text).unwrap()
    };
    let imports: String = (0..10_000).map(|n| format!("(import \"wasi:io/poll{n}@0.2.0\" (instance))")).collect();
    let core: String = (0..200_000).map(|n| format!("(import \"a\" \"{n}\" (func))")).collect();
    // Each type is twice as large as the one before.
    let types: String = (1..64).map(|n| format!("(type $t{n} (tuple $t{} $t{}))", n - 1, n - 1)).collect();
    let evil = format!("evil\\1b]0;\\07{}", "A".repeat(20_000));
    let names = format!("(import \"tidemill:plugin/log@0.1.0\" (instance (export \"{evil}\" (func))))");
    are_refused(&[
        ("names", plugin(&names), "evil\u{fffd}]0;"),
        ("imports", plugin(&imports), "10002 imports and exports"),
        ("core-imports", plugin(&format!("(core module {core})")), "cannot be compiled"),
        ("types", plugin(&format!("(type $t0 (tuple u8 u8)) {types}")), "cannot be compiled"),
        ("nested", nested(&plugin(""), 20_000), "more than 100 components"),
        ("beside", plugin(&"(component)".repeat(900)), "more than 100 components"),
    ])
    .await;
}

/// The component with another in it, in which there is another, and so on.
fn nested(component: &[u8], levels: usize) -> Vec<u8> {
    let (head, rest) = component.split_at(8);
    let mut inner = head.to_vec();
    for _ in 0..levels {
        inner = [head, &section(&inner)].concat();
    }
    [head, &section(&inner), rest].concat()
}

/// A section that holds a component.
fn section(component: &[u8]) -> Vec<u8> {
    let (mut section, mut length) = (vec![4], component.len());
    while length > 127 {
        section.push((length & 127) as u8 | 128);
        length >>= 7;
    }
    section.push(length as u8);
    [&section, component].concat()
}
