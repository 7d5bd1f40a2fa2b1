//! C and C++: every kind from `plugin new` to a running host, mistakes in words, and the example.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use super::Author;
use super::asks::the_host_is_asked;
use super::sends::requests_are_sent;
use super::whole::{ALL_KINDS, every_kind_works, example};
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_c_plugin_asks_the_host() {
    let Some(tools) = toolchain("zig") else { return };
    the_host_is_asked(tools, "c", "plugin.c", include_str!("asks/plugin.c")).await;
}

/// The header is C++ as well.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cpp_plugin_asks_the_host() {
    let Some(tools) = toolchain("zig") else { return };
    the_host_is_asked(tools, "cpp", "plugin.cpp", include_str!("asks/plugin.c")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_c_plugin_sends_requests() {
    let Some(tools) = toolchain("zig") else { return };
    requests_are_sent(tools, "c", "plugin.c", include_str!("asks/http.c")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cpp_plugin_sends_requests() {
    let Some(tools) = toolchain("zig") else { return };
    requests_are_sent(tools, "cpp", "plugin.cpp", include_str!("asks/http.c")).await;
}

/// As it was begun, each kind passes its tests.
#[test]
fn single_kinds_of_c_and_cpp_build_and_pass() {
    let Some(tools) = toolchain("zig") else { return };
    let author = Author::with_tools(tools);
    for language in ["c", "cpp"] {
        for kind in ALL_KINDS.split(',') {
            let name = format!("{language}-{kind}");
            author.succeeds("", &["new", &name, "--lang", language, "--kind", kind]);
            let built = author.types(&name, &["build"]);
            assert!(built.code == 0 && !built.err.contains("warning"), "{}", built.err);
            author.succeeds(&name, &["test"]);
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

/// A folder for `TIDEMILL_TOOLS` that hides Zig, so that the system's clang is taken; none, and said so, where that or its C
/// library is missing.
#[allow(clippy::print_stdout, reason = "what was left out is said where the test's output is read")]
fn clang() -> Option<PathBuf> {
    let runs = |tool: &str| Command::new(tool).arg("--version").output().is_ok_and(|ended| ended.status.success());
    let library = Path::new("/usr/include/wasm32-wasi/c++/v1");
    if !runs("clang") || !runs("wasm-ld") || !library.is_dir() {
        println!(
            "SKIPPED: clang, lld or the C and C++ libraries for WASI are not installed (.ci/run names the packages)"
        );
        return None;
    }
    let tools = tempfile::tempdir().unwrap().keep();
    fs::create_dir(tools.join("bin")).unwrap();
    for name in ["zig", "python-zig"] {
        fs::write(tools.join("bin").join(name), "#!/bin/sh\nexit 1\n").unwrap();
        fs::set_permissions(tools.join("bin").join(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
    Some(tools)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clang_builds_a_c_plugin_of_every_kind() {
    let Some(tools) = clang() else { return };
    every_kind_works(&Author::with_tools(tools), "c").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clang_builds_a_cpp_plugin_of_every_kind() {
    let Some(tools) = clang() else { return };
    every_kind_works(&Author::with_tools(tools), "c++").await;
}

#[test]
fn clang_names_the_line_of_a_mistake() {
    let Some(tools) = clang() else { return };
    let author = Author::with_tools(tools);
    author.succeeds("", &["new", "rules", "--lang", "c", "--kind", "filter"]);
    fs::write(author.at("rules/plugin.c"), "#include \"tidemill.h\"\nint nothing(void) { return gone; }\n").unwrap();
    let said = author.types("rules", &["build"]);
    assert!(said.code == 1 && said.err.contains("plugin.c:2:"), "{}", said.err);
    fs::write(author.at("rules/plugin.c"), "#include \"tidemill.h\"\n").unwrap();
    let said = author.types("rules", &["build"]);
    assert!(said.code == 1 && said.err.contains("so define `tidemill_decide`"), "{}", said.err);
}

/// What is compiled of two files that have one name does not lie in one place.
#[test]
fn sources_of_one_name_in_two_folders_are_both_compiled() {
    let Some(tools) = toolchain("zig") else { return };
    let author = Author::with_tools(tools);
    author.succeeds("", &["new", "rules", "--lang", "cpp", "--kind", "filter"]);
    let source = fs::read_to_string(author.at("rules/plugin.cpp")).unwrap();
    fs::create_dir(author.at("rules/src")).unwrap();
    fs::write(author.at("rules/src/plugin.cpp"), "extern const int answer;\nconst int answer = 42;\n").unwrap();
    let source = format!("{source}\nextern const int answer;\nint asked() {{ return answer; }}\n");
    fs::write(author.at("rules/plugin.cpp"), source).unwrap();
    author.succeeds("rules", &["build"]);
    author.succeeds("rules", &["test"]);
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
