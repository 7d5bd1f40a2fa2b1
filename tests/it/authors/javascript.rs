//! JavaScript and TypeScript: every kind from `plugin new` to a running host, mistakes at their lines, and the examples.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use serde_json::json;

use super::Author;
use super::asks::the_host_is_asked;
use super::sends::requests_are_sent;
use super::whole::{ALL_KINDS, cases, every_kind_works, example, exception_is_told, kinds_answer, serve, stored};
use crate::support::toolchain;

/// The SDK's own tests, the shared vectors among them.
#[test]
fn the_sdk_passes_its_tests() {
    let sdk = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/sdk-js");
    let ended = Command::new("node").args(["--test", "--test-reporter", "tap"]).current_dir(sdk).output().unwrap();
    let told = String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success(), "{told}");
    // Each vector is a test by itself. A run that finds none of them ends well, too.
    for (named, count) in [("batches: ", cases("batches.json")), ("answers: ", cases("answers.json"))] {
        assert_eq!(told.lines().filter(|line| passed(line, named)).count(), count, "{told}");
    }
    for named in ["prompts are described", "tools answer", "what is asked of the host", "a request is read"] {
        assert!(told.lines().any(|line| passed(line, named)), "{named}: {told}");
    }
}

/// Whether a line of TAP says that a test of such a name passed: `ok 7 - name`.
fn passed(line: &str, named: &str) -> bool {
    line.strip_prefix("ok ").and_then(|line| line.split_once(" - ")).is_some_and(|(_, name)| name.starts_with(named))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_javascript_plugin_of_every_kind_runs() {
    let Some(tools) = toolchain("javascript") else { return };
    every_kind_works(&Author::with_tools(tools), "javascript").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_typescript_plugin_of_every_kind_runs() {
    let Some(tools) = toolchain("javascript") else { return };
    every_kind_works(&Author::with_tools(tools), "typescript").await;
}

/// The engine that is no default: larger, and it takes its time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn starlingmonkey_runs_the_same_plugin() {
    let Some(tools) = toolchain("starlingmonkey") else { return };
    let author = Author::with_tools(tools);
    author.succeeds("", &["new", "all", "--lang", "js", "--kind", ALL_KINDS]);
    let settings = author.at("all/tidemill-plugin.toml");
    let said = fs::read_to_string(&settings).unwrap() + "\n[build]\nbackend = \"starlingmonkey\"\n";
    fs::write(settings, said).unwrap();
    fs::remove_file(author.at("all/package.json")).unwrap();
    author.succeeds("all", &["build"]);
    kinds_answer(&author.at("all/dist/all.wasm")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_javascript_plugin_asks_the_host() {
    let Some(tools) = toolchain("javascript") else { return };
    the_host_is_asked(tools, "javascript", "plugin.js", include_str!("asks/plugin.js")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_javascript_plugin_sends_requests() {
    let Some(tools) = toolchain("javascript") else { return };
    requests_are_sent(tools, "javascript", "plugin.js", include_str!("asks/http.js")).await;
}

/// As it was begun, each kind passes its tests.
#[test]
fn single_kinds_of_javascript_and_typescript_build_and_pass() {
    let Some(tools) = toolchain("javascript") else { return };
    let author = Author::with_tools(tools);
    // Each component is a whole engine to compile. The templates of both languages have the same parts, of which both are built together
    // above: here each kind is in one of them.
    for (language, kind) in ["js", "ts"].iter().cycle().zip(ALL_KINDS.split(',')) {
        author.succeeds("", &["new", kind, "--lang", language, "--kind", kind]);
        author.succeeds(kind, &["build"]);
        author.succeeds(kind, &["test"]);
    }
}

/// Unit tests of each template run in node as `npm test` runs them, with the SDK where `npm install` puts it.
#[test]
fn templates_of_single_kinds_pass_their_own_tests() {
    let author = Author::new();
    for kind in ALL_KINDS.split(',') {
        author.succeeds("", &["new", kind, "--lang", "js", "--kind", kind]);
        fs::create_dir_all(author.at(kind).join("node_modules/@tidemill")).unwrap();
        std::os::unix::fs::symlink("../../.tidemill/sdk", author.at(kind).join("node_modules/@tidemill/sdk")).unwrap();
        let ended = Command::new("npm").args(["test", "--silent"]).current_dir(author.at(kind)).output().unwrap();
        let told = String::from_utf8_lossy(&ended.stdout);
        assert!(ended.status.success(), "{kind}: {told}");
        // What it says it does, and at least one of its kind.
        let count = told.lines().find_map(|line| line.split_once(" pass ")?.1.trim().parse::<u32>().ok());
        assert!(count.is_some_and(|count| count >= 2), "{kind}: {told}");
    }
}

/// Types of every template hold, alone and with others.
#[test]
fn templates_of_single_kinds_have_right_types() {
    let Some(tools) = toolchain("javascript") else { return };
    let author = Author::with_tools(tools.clone());
    for kind in ALL_KINDS.split(',') {
        author.succeeds("", &["new", kind, "--lang", "ts", "--kind", kind]);
        let mut tsc = Command::new(tools.join("bin/tsc"));
        let ended = tsc.args(["--noEmit", "-p", "."]).current_dir(author.at(kind)).output().unwrap();
        assert!(ended.status.success(), "{kind}: {}", String::from_utf8_lossy(&ended.stdout));
    }
}

/// As Debian 12 has it.
#[test]
fn a_node_that_is_too_old_is_told_with_what_to_type() {
    let tools = tempfile::tempdir().unwrap().keep();
    fs::create_dir(tools.join("bin")).unwrap();
    fs::write(tools.join("bin/node"), "#!/bin/sh\necho v18.19.0\n").unwrap();
    fs::set_permissions(tools.join("bin/node"), fs::Permissions::from_mode(0o755)).unwrap();
    let author = Author::with_tools(tools);
    for language in ["js", "ts"] {
        author.succeeds("", &["new", language, "--lang", language]);
        let said = author.types(language, &["build"]);
        let told =
            "bin/node is Node.js 18.19.0, which is too old; type `npm install -D node@22` in the plugin's folder";
        assert!(said.code == 2 && said.err.contains(told), "{}", said.err);
        assert!(!author.at(language).join("node_modules").exists(), "nothing is installed for it");
    }
}

#[test]
fn mistakes_name_their_line_and_what_to_do() {
    let Some(tools) = toolchain("javascript") else { return };
    let author = Author::with_tools(tools);
    author.succeeds("", &["new", "rules", "--lang", "js", "--kind", "filter"]);
    let manifest = "export const manifest = { summary: 'x' };\n";
    for (source, told) in [
        (format!("{manifest}export function decide(event) {{\n  return x y;\n}}\n"), "plugin.js:3: "),
        (format!("{manifest}nothing();\nexport const decide = () => true;\n"), "plugin.js:2: nothing is not defined"),
        (
            format!("{manifest}export const decide = () => started > 0;\n\nconst started = Date.now();\n"),
            "plugin.js:4: Date.now() is not there: a plugin has no clock",
        ),
        (format!("{manifest}export function decid() {{}}\n"), "kind filter exports `decide`, which is missing"),
        ("export function decide() {}\n".to_owned(), "export const manifest = { summary"),
        (format!("import x from 'nix';\n{manifest}export const decide = x;\n"), "plugin.js:1: Could not resolve 'nix'"),
        (
            format!(
                "{manifest}import * as state from '@tidemill/sdk/state';\nexport const decide = () => state.get('a');\n"
            ),
            "plugin.js:2: the plugin uses `state`, which it does not say; write uses = [\"state\"]",
        ),
    ] {
        fs::write(author.at("rules/plugin.js"), source).unwrap();
        let said = author.types("rules", &["build"]);
        assert!(said.code != 0 && said.err.contains(told), "{told}: {}", said.err);
    }
    fs::remove_file(author.at("rules/plugin.js")).unwrap();
    assert!(author.types("rules", &["build"]).err.contains("plugin.js: the file is missing"));
    author.succeeds("", &["new", "typed", "--lang", "ts", "--kind", "filter"]);
    let source = fs::read_to_string(author.at("typed/plugin.ts")).unwrap();
    fs::write(author.at("typed/plugin.ts"), source.replace("?.test !== true", "?.test")).unwrap();
    let said = author.types("typed", &["build"]);
    assert!(said.code != 0 && said.err.contains("plugin.ts:") && said.err.contains("TS2322"), "{}", said.err);
}

/// An exception of one event among others: that one is a dead letter with the author's lines, its neighbours go through.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_exception_names_the_line_of_the_author() {
    let Some(tools) = toolchain("javascript") else { return };
    let author = Author::with_tools(tools);
    author.succeeds("", &["new", "fragile", "--lang", "ts", "--kind", "filter"]);
    let source = "import type { Event, Manifest } from '@tidemill/sdk';\nimport * as log from '@tidemill/sdk/log';\nconst now = Date.now;\n\
         interface Order { customer: { name: string }; late?: boolean; half?: boolean }\n\n\
         export const manifest: Manifest = { summary: 'x', subscribes: ['*'] };\n\n\
         export function decide(event: Event): boolean {\n  const order = event.json<Order>();\n  if (order.late) return now() > 0;\n\
         \x20 if (order.half) throw halved('🦀'.slice(0, 1));\n  return named(order);\n}\n\n\
         function named(order: Order): boolean {\n  return order.customer.name !== '';\n}\n\
         function halved(half: string): Error {\n  log.warn(`half ${half}`);\n  return new Error(half);\n}\n";
    fs::write(author.at("fragile/plugin.ts"), source).unwrap();
    author.succeeds("fragile", &["build"]);
    let server = serve("fragile", &author.at("fragile/dist/fragile.wasm"), None).await;
    let (good, late) = (json!({"customer": {"name": "alice"}}), json!({"late": true}));
    let places = ["named (plugin.ts:16)", "decide (plugin.ts:12)"];
    exception_is_told(&server, good.clone(), json!({}), "TypeError", &places).await;
    // There is no clock, whenever it was looked up.
    let places = ["decide (plugin.ts:10)"];
    exception_is_told(&server, good.clone(), late, "ReferenceError: Date.now() is not there", &places).await;
    // Half of a surrogate pair has no UTF-8.
    let places = ["halved (plugin.ts:20)", "decide (plugin.ts:11)"];
    exception_is_told(&server, good, json!({"half": true}), "Error: \u{fffd}", &places).await;
    assert!(server.log().contains("half \u{fffd}"), "{}", server.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_redactor_redacts() {
    let Some(tools) = toolchain("javascript") else { return };
    let server = example(tools, "js-redactor").await;
    let data = json!({"password": "x", "mail": "zoe@example.org"});
    let (status, answer) = server.publish("user.created", data).await;
    assert_eq!(status, 200, "{answer}");
    let data = stored(&server, &answer).await;
    assert_eq!(data, json!({"password": "[redacted]", "mail": "[redacted]"}));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_event_type_checks_and_completes_orders() {
    let Some(tools) = toolchain("javascript") else { return };
    let server = example(tools, "ts-order-events").await;
    let lines = json!([{"sku": "A-1", "count": 3, "price": 0.1}]);
    let order = json!({"customer": "alice", "currency": "eur", "lines": lines});
    let (status, answer) = server.publish("order.placed", order).await;
    assert_eq!(status, 200, "{answer}");
    let data = stored(&server, &answer).await;
    assert_eq!((&data["total"], &data["currency"]), (&json!(0.3), &json!("EUR")));
    let (status, refused) = server.publish("order.placed", json!({"customer": "bob"})).await;
    assert!(status == 422 && refused.to_string().contains("/lines"), "{refused}");
    let (_, shown) = server.get("/event-types/order.placed").await;
    assert_eq!(shown["schema"]["required"], json!(["customer", "currency", "lines"]), "{shown}");
}
