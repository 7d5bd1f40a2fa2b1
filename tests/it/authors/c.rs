//! C and C++: every kind from `plugin new` to a running host, mistakes in words, and the example.

use std::fs;

use serde_json::json;

use super::Author;
use super::whole::{EVENT_KINDS_AND_TOOLS, every_kind_works, example};
use crate::support::toolchain;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_c_plugin_of_every_kind_runs() {
    let Some(tools) = toolchain("zig") else { return };
    every_kind_works(&Author::with_tools(tools), "c").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cpp_plugin_of_every_kind_runs() {
    let Some(tools) = toolchain("zig") else { return };
    every_kind_works(&Author::with_tools(tools), "c++").await;
}

#[test]
fn single_kinds_of_c_and_cpp_build() {
    let Some(tools) = toolchain("zig") else { return };
    let author = Author::with_tools(tools);
    for language in ["c", "cpp"] {
        for kind in EVENT_KINDS_AND_TOOLS.split(',') {
            let name = format!("{language}-{kind}");
            author.succeeds("", &["new", &name, "--lang", language, "--kind", kind]);
            author.succeeds(&name, &["build"]);
        }
    }
}

#[test]
fn mistakes_in_c_name_their_line_and_what_to_do() {
    let Some(tools) = toolchain("zig") else { return };
    let author = Author::with_tools(tools);
    author.succeeds("", &["new", "rules", "--lang", "c", "--kind", "filter"]);
    let manifest = "#include \"tidemill.h\"\nconst tidemill_manifest tidemill_plugin = {.name = \"x\"};\n";
    let decide = "tidemill_verdict tidemill_decide(const tidemill_event *event) { (void)event; ";
    for (source, told) in [
        (format!("{manifest}int nothing(void) {{ return gone; }}\n"), "plugin.c:3:"),
        (manifest.to_owned(), "`kinds` in tidemill-plugin.toml has \"filter\", so define `tidemill_decide`"),
        (
            format!("{manifest}{decide}tidemill_meter_add(\"a\", 1); return TIDEMILL_KEEP; }}\n"),
            "add \"meter\" to `uses` in tidemill-plugin.toml",
        ),
    ] {
        fs::write(author.at("rules/plugin.c"), source).unwrap();
        let said = author.types("rules", &["build"]);
        assert!(said.code != 0 && said.err.contains(told), "{told}: {}", said.err);
    }
    fs::remove_file(author.at("rules/plugin.c")).unwrap();
    assert!(author.types("rules", &["build"]).err.contains("plugin.c: there is no source"));
}

#[test]
fn a_missing_compiler_is_told_with_what_to_type() {
    let author = Author::new();
    for language in ["c", "cpp", "zig"] {
        author.succeeds("", &["new", language, "--lang", language, "--kind", "filter"]);
        let ended = author.command(language, &["build"]).env("PATH", "/nowhere").output().unwrap();
        let said = String::from_utf8(ended.stderr).unwrap();
        assert!(!ended.status.success() && said.contains("pip install ziglang==0.17.0"), "{said}");
    }
}

/// Events of one subject share their fate.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sampler_keeps_or_drops_all_of_a_subject() {
    let Some(tools) = toolchain("zig") else { return };
    let server = example(tools, "c-sampler").await;
    let mut kept = 0;
    for number in 0..40 {
        let event = json!({"type": "trace.span", "subject": format!("user-{number}"), "data": {}}).to_string();
        let mut outcomes = Vec::new();
        for _ in 0..2 {
            let (_, answer) = server.post("application/json", event.clone()).await;
            outcomes.push(answer["outcome"].clone());
        }
        assert_eq!(outcomes[0], outcomes[1], "user-{number}");
        kept += usize::from(outcomes[0] == "stored");
    }
    assert!((8..=32).contains(&kept), "{kept} of 40 at 50 percent");
}
