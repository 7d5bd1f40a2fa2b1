//! Zig: every kind from `plugin new` to a running host, mistakes in words, and the example.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::json;

use super::Author;
use super::whole::{EVENT_KINDS_AND_TOOLS, every_kind_works, example};
use crate::support::toolchain;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_zig_plugin_of_every_kind_runs() {
    let Some(tools) = toolchain("zig") else { return };
    every_kind_works(&Author::with_tools(tools), "zig").await;
}

#[test]
fn single_kinds_of_zig_build() {
    let Some(tools) = toolchain("zig") else { return };
    let author = Author::with_tools(tools);
    for kind in EVENT_KINDS_AND_TOOLS.split(',') {
        author.succeeds("", &["new", kind, "--lang", "zig", "--kind", kind]);
        author.succeeds(kind, &["build"]);
    }
}

#[test]
fn mistakes_in_zig_name_their_line() {
    let Some(tools) = toolchain("zig") else { return };
    let author = Author::with_tools(tools);
    author.succeeds("", &["new", "rules", "--lang", "zig", "--kind", "filter"]);
    fs::write(author.at("rules/plugin.zig"), "const tidemill = @import(\"tidemill\");\nexport const a: u8 = gone;\n")
        .unwrap();
    let said = author.types("rules", &["build"]);
    assert!(said.code != 0 && said.err.contains("plugin.zig:2:"), "{}", said.err);
    fs::remove_file(author.at("rules/plugin.zig")).unwrap();
    assert!(author.types("rules", &["build"]).err.contains("plugin.zig: there is no source"));
}

/// An empty slice may have any address, of which the host refuses some.
#[test]
fn nothing_is_handed_over_without_an_address() {
    let Some(tools) = toolchain("zig") else { return };
    let author = Author::with_tools(tools.clone());
    let sdk = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/sdk-c/tidemill.zig");
    fs::copy(sdk, author.at("tidemill.zig")).unwrap();
    let test = r#"const std = @import("std");
const Text = @import("tidemill.zig").Text;
test {
    try std.testing.expect(Text.of(&.{}).data == null);
    try std.testing.expectEqualStrings("a", Text.of("a").slice());
}
"#;
    fs::write(author.at("text.zig"), test).unwrap();
    let mut zig = Command::new(tools.join("bin/python-zig"));
    zig.args(["test", "-lc", "text.zig"]).current_dir(author.at("."));
    zig.env("ZIG_GLOBAL_CACHE_DIR", author.at("cache")).env("ZIG_LOCAL_CACHE_DIR", author.at("cache"));
    let ran = zig.output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_filter_drops_lines_below_its_level() {
    let Some(tools) = toolchain("zig") else { return };
    let server = example(tools, "zig-filter").await;
    for (level, outcome) in [("debug", "dropped"), ("info", "stored"), ("error", "stored"), ("loud", "rejected")] {
        let (_, answer) = server.publish("app.log", json!({"level": level})).await;
        let rejected = answer["outcome"].is_null() && answer["status"] == 422;
        assert!(answer["outcome"] == outcome || rejected && outcome == "rejected", "{level}: {answer}");
    }
}
