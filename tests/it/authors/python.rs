//! Python: every kind from `plugin new` to a running host, mistakes at their lines, and the example.
//!
//! The host compiles such a component for many seconds: one is built for all that a component is needed for.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::json;

use super::Author;
use super::asks::the_host_is_asked;
use super::sends::requests_are_sent;
use super::whole::{ALL_KINDS, cases, every_kind_works, example, exception_is_told, serve, stored};
use crate::support::toolchain;

/// The SDK's own tests, the shared vectors among them, in plain Python.
#[test]
fn the_sdk_passes_its_tests() {
    let sdk = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/sdk-python");
    let mut python = Command::new("python3");
    python.args(["-m", "unittest", "discover", "-v", "-s", "tests"]).env("PYTHONPATH", "src").current_dir(sdk);
    let ended = python.env("PYTHONDONTWRITEBYTECODE", "1").output().unwrap();
    let told = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{told}");
    // A run that finds no tests ends well, too. The vectors count themselves.
    let passed = |line: &&str| line.ends_with(" ... ok");
    for (part, at_least) in [("test_vectors.", 2), ("test_component.", 15), ("test_sdk.", 3)] {
        let count = told.lines().filter(passed).filter(|line| line.contains(part)).count();
        assert!(count >= at_least, "{part}: {told}");
    }
    let vectors = cases("batches.json") + cases("answers.json");
    assert!(told.contains(&format!("{vectors} vectors\n")), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_python_plugin_of_every_kind_runs() {
    let Some(tools) = toolchain("python") else { return };
    every_kind_works(&Author::with_tools(tools), "python").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_python_plugin_asks_the_host() {
    let Some(tools) = toolchain("python") else { return };
    the_host_is_asked(tools, "python", "plugin.py", include_str!("asks/plugin.py")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_python_plugin_sends_requests() {
    let Some(tools) = toolchain("python") else { return };
    requests_are_sent(tools, "python", "plugin.py", include_str!("asks/http.py")).await;
}

/// As it was begun, each kind passes its tests.
#[test]
fn single_kinds_of_python_build_and_pass() {
    let Some(tools) = toolchain("python") else { return };
    let author = Author::with_tools(tools);
    // Each component is the whole interpreter, which takes the runtime a minute. What the others have alone, their unit tests
    // run below; `transform` is also a page of the documentation.
    for kind in ["filter", "prompts"] {
        author.succeeds("", &["new", kind, "--lang", "py", "--kind", kind]);
        author.succeeds(kind, &["build"]);
        author.succeeds(kind, &["test"]);
    }
}

/// Unit tests of each template run as its README says.
#[test]
fn templates_of_single_kinds_pass_their_own_tests() {
    let author = Author::new();
    for kind in ALL_KINDS.split(',') {
        author.succeeds("", &["new", kind, "--lang", "py", "--kind", kind]);
        let mut python = Command::new("python3");
        python.args(["-m", "unittest"]).env("PYTHONPATH", ".tidemill/sdk/src").current_dir(author.at(kind));
        let ended = python.output().unwrap();
        let told = String::from_utf8_lossy(&ended.stderr);
        assert!(ended.status.success(), "{kind}: {told}");
        // What it says it does, and at least one of its kind.
        let count = told.lines().find_map(|line| line.strip_prefix("Ran ")?.split(' ').next()?.parse::<u32>().ok());
        assert!(count.is_some_and(|count| count >= 2), "{kind}: {told}");
    }
}

#[test]
fn mistakes_name_their_line_and_what_to_do() {
    let Some(tools) = toolchain("python") else { return };
    let author = Author::with_tools(tools);
    author.succeeds("", &["new", "rules", "--lang", "py", "--kind", "filter"]);
    let manifest = "from tidemill_sdk import Manifest\nmanifest = Manifest(summary=\"x\")\n";
    for (source, told) in [
        ("def decide(:\n".to_owned(), "plugin.py:1: SyntaxError"),
        (format!("{manifest}nothing()\n"), "plugin.py:3: NameError: name 'nothing' is not defined"),
        (format!("{manifest}from tidemill_sdk import state\n"), "add \"state\" to `uses` in tidemill-plugin.toml"),
        (manifest.to_owned(), "a plugin of kind filter has `decide`, which is missing"),
    ] {
        fs::write(author.at("rules/plugin.py"), source).unwrap();
        let said = author.types("rules", &["build"]);
        assert!(said.code != 0 && said.err.contains(told), "{told}: {}", said.err);
    }
    fs::remove_file(author.at("rules/plugin.py")).unwrap();
    assert!(author.types("rules", &["build"]).err.contains("plugin.py: the file is missing"));
}

#[test]
fn a_missing_tool_is_told_with_what_to_type() {
    let author = Author::new();
    author.succeeds("", &["new", "rules", "--lang", "py", "--kind", "filter"]);
    let ended = author.command("rules", &["build"]).env("PATH", "/nowhere").output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(!ended.status.success() && said.contains("pip install componentize-py==0.25.1"), "{said}");
}

/// An exception of one event among others: that one is a dead letter with the author's lines, its neighbours go through.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_exception_names_the_line_of_the_author() {
    let Some(tools) = toolchain("python") else { return };
    let author = Author::with_tools(tools);
    author.succeeds("", &["new", "fragile", "--lang", "py", "--kind", "filter"]);
    let source = "import time\nfrom time import time as now\n\nfrom tidemill_sdk import Event, Manifest, log\n\nmanifest = Manifest(summary=\"x\", subscribes=[\"*\"])\n\n\n\
         def decide(event: Event) -> bool:\n    return named(event.json())\n\n\n\
         def named(order: dict) -> bool:\n    if \"half\" in order:\n        log.warn(\"half \\ud83e\")\n        raise ValueError(\"\\ud83e\")\n\
         \x20   if \"late\" in order:\n        return time.strftime(\"%Y\") < \"\" if order[\"late\"] else now() < 0\n\
         \x20   return order[\"customer\"] != \"\"\n";
    fs::write(author.at("fragile/plugin.py"), source).unwrap();
    author.succeeds("fragile", &["build"]);
    let server = serve("fragile", &author.at("fragile/dist/fragile.wasm"), None).await;
    let good = json!({"customer": "alice"});
    // There is no clock, whenever it was looked up; and half of a surrogate pair has no UTF-8.
    for (bad, said, line) in [
        (json!({}), "KeyError: 'customer'", 19),
        (json!({"late": 0}), "RuntimeError: time.time() is not there", 18),
        (json!({"late": 1}), "RuntimeError: time.strftime() is not there", 18),
        (json!({"half": 1}), "ValueError: \u{fffd}", 16),
    ] {
        let places = [&*format!("named (plugin.py:{line})"), "decide (plugin.py:10)"];
        exception_is_told(&server, good.clone(), bad, said, &places).await;
    }
    assert!(server.log().contains("half \u{fffd}"), "{}", server.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_enrichment_remembers_and_counts() {
    let Some(tools) = toolchain("python") else { return };
    let server = example(tools, "python-enrichment").await;
    let updated = json!({"customer": "alice", "country": "NO"});
    assert_eq!(server.publish("customer.updated", updated).await.0, 200);
    for count in 1..=3 {
        let (status, answer) = server.publish("order.created", json!({"customer": "alice"})).await;
        assert_eq!(status, 200, "{answer}");
        let data = stored(&server, &answer).await;
        let about = json!({"country": "NO", "orders": count, "loyal": count >= 3});
        assert_eq!(data["about"], about);
    }
}
