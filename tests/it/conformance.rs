//! The official conformance suite of the Model Context Protocol, against the real server with the fixture plugin
//! (`tests/guests/examples/mcp_conformance`). What does not pass is listed, with its reason, in `expected-failures*.yml` beside
//! the suite; whatever passes of it fails the test too, and so do fewer checks than there were.

use std::process::Stdio;

use crate::clients::{install, node22};
use crate::support::{Server, guest};

#[tokio::test]
async fn the_released_suite_passes() {
    passes("stable", "expected-failures.yml", &["--suite", "all"], 46).await;
}

#[tokio::test]
async fn what_2025_11_25_requires_passes() {
    passes("next", "expected-failures-2025-11-25.yml", &["--requirements", "2025-11-25"], 83).await;
}

#[tokio::test]
async fn what_2026_07_28_requires_passes() {
    passes("next", "expected-failures-2026-07-28.yml", &["--requirements", "2026-07-28"], 168).await;
}

/// Runs one of the two versions of the suite, of which at least so many checks pass.
async fn passes(version: &str, failures: &str, what: &[&str], least: u32) {
    let folder = install(&format!("conformance/{version}"));
    let server = Server::start("", &[("mcp-conformance", &guest("mcp_conformance"))]).await;
    let mut suite = tokio::process::Command::from(node22());
    suite.arg(folder.join("node_modules/@modelcontextprotocol/conformance/dist/index.js"));
    suite.args(["server", "--url", &server.url("/mcp")]).args(what);
    suite.arg("--expected-failures").arg(folder.join(failures));
    // What it writes goes where the server is.
    suite.current_dir(server.directory()).args(["--output-dir", "results"]);
    let told = suite.stdin(Stdio::null()).kill_on_drop(true).output().await.unwrap();
    let text = String::from_utf8_lossy(&told.stdout);
    let errors = String::from_utf8_lossy(&told.stderr);
    assert!(told.status.success(), "{text}\n{errors}");
    let passed = text.lines().find_map(|line| line.strip_prefix("Total: ")?.split(' ').next()?.parse::<u32>().ok());
    assert!(passed.is_some_and(|passed| passed >= least), "{passed:?} checks passed, not {least}\n{text}");
}
