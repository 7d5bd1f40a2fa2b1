//! Zig: every kind from `plugin new` to a running host, mistakes in words, and the example.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::json;

use super::Author;
use super::asks::the_host_is_asked;
use super::sends::requests_are_sent;
use super::whole::{ALL_KINDS, every_kind_works, example};
use crate::support::toolchain;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_zig_plugin_of_every_kind_runs() {
    let Some(tools) = toolchain("zig") else { return };
    every_kind_works(&Author::with_tools(tools), "zig").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_zig_plugin_asks_the_host() {
    let Some(tools) = toolchain("zig") else { return };
    the_host_is_asked(tools, "zig", "plugin.zig", include_str!("asks/plugin.zig")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_zig_plugin_sends_requests() {
    let Some(tools) = toolchain("zig") else { return };
    requests_are_sent(tools, "zig", "plugin.zig", include_str!("asks/http.zig")).await;
}

/// As it was begun, each kind passes its tests.
#[test]
fn single_kinds_of_zig_build_and_pass() {
    let Some(tools) = toolchain("zig") else { return };
    let author = Author::with_tools(tools);
    for kind in ALL_KINDS.split(',') {
        author.succeeds("", &["new", kind, "--lang", "zig", "--kind", kind]);
        if kind == "event-types" {
            // More than fits into an integer, and into a float: Zig reads both as texts.
            let inputs = ["123456789012345678901234567890", "1e400"].map(|total| {
                format!("{{\"type\":\"order.created\",\"data\":{{\"customer\":\"alice\",\"total\":{total}}}}}\n")
            });
            fs::write(author.at("event-types/tests/large.jsonl"), inputs.concat()).unwrap();
            let expected =
                "{\"outcome\":\"stored\",\"event\":\"<any>\"}\n{\"outcome\":\"rejected\",\"problems\":\"<any>\"}\n";
            fs::write(author.at("event-types/tests/large.expected.jsonl"), expected).unwrap();
        }
        author.succeeds(kind, &["build"]);
        author.succeeds(kind, &["test"]);
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
    let sdk = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/sdk-c/tidemill/text.zig");
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

/// An infinite one would pass for a large one. As a `std.json.Value` it can still be passed on.
#[test]
fn a_number_beyond_a_float_is_an_error() {
    let Some(tools) = toolchain("zig") else { return };
    let author = Author::with_tools(tools);
    author.succeeds("", &["new", "totals", "--lang", "zig", "--kind", "filter"]);
    let source = r#"const std = @import("std");
const tidemill = @import("tidemill");
export const tidemill_plugin = tidemill.Manifest{ .name = "totals", .version = "1", .summary = "Asks", .subscribes = "*" };
export fn tidemill_decide(event: *const tidemill.Event) tidemill.Verdict {
    var arena: std.heap.ArenaAllocator = .init(tidemill.allocator);
    defer arena.deinit();
    _ = event.json(std.json.Value, arena.allocator()) catch return .drop;
    const order = event.json(struct { total: f64 }, arena.allocator()) catch return .reject;
    return if (order.total >= 0) .keep else .drop;
}
"#;
    fs::write(author.at("totals/plugin.zig"), source).unwrap();
    let inputs = ["1e300", "1e400"].map(|total| format!("{{\"type\":\"a\",\"data\":{{\"total\":{total}}}}}\n"));
    fs::write(author.at("totals/tests/orders.jsonl"), inputs.concat()).unwrap();
    author.succeeds("totals", &["build"]);
    let said = author.types("totals", &["test", "--no-build", "--update"]);
    let came = fs::read_to_string(author.at("totals/tests/orders.expected.jsonl")).unwrap();
    let outcomes: Vec<&str> = came.lines().map(|line| line.split('"').nth(3).unwrap()).collect();
    assert_eq!(outcomes, ["stored", "rejected"], "{came}{}{}", said.out, said.err);
}

/// Also in the form that servers get, in which Zig checks nothing by itself.
#[test]
fn as_many_entries_as_keys_are_needed() {
    let Some(tools) = toolchain("zig") else { return };
    let author = Author::with_tools(tools);
    author.succeeds("", &["new", "keys", "--lang", "zig", "--kind", "filter", "--uses", "state"]);
    let source = r#"const tidemill = @import("tidemill");
export const tidemill_plugin = tidemill.Manifest{ .name = "keys", .version = "1", .summary = "Asks", .subscribes = "*" };
export fn tidemill_decide(_: *const tidemill.Event) tidemill.Verdict {
    var entries: [1]tidemill.state.Entry = .{.{}};
    tidemill.state.getMany(&.{ .of("a"), .of("b") }, &entries);
    return if (entries[0].there) .drop else .keep;
}
"#;
    fs::write(author.at("keys/plugin.zig"), source).unwrap();
    fs::write(author.at("keys/tests/orders.jsonl"), "{\"type\":\"a\",\"data\":1}\n").unwrap();
    author.succeeds("keys", &["build", "--release"]);
    let said = author.types("keys", &["test", "--no-build", "--update"]);
    let came = fs::read_to_string(author.at("keys/tests/orders.expected.jsonl")).unwrap();
    assert!(came.contains("\"failed\""), "{came}{}{}", said.out, said.err);
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
