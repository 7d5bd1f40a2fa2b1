//! Rules about the tree itself, kept by tests instead of reviewers.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod limits;
mod links;
mod troubleshooting;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// All files below a folder with one of these endings, by their path from the top.
fn files(folder: &str, endings: &[&str]) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if path.is_dir() {
                if !matches!(name.as_str(), "target" | "node_modules" | ".git" | "data") {
                    folders.push(path);
                }
            } else if endings.iter().any(|ending| name.ends_with(ending)) {
                let shown = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
                found.insert(shown, fs::read_to_string(&path).unwrap());
            }
        }
    }
    found
}

fn manifest(package: &str) -> toml::Table {
    fs::read_to_string(root().join(package).join("Cargo.toml")).unwrap().parse().unwrap()
}

fn dependencies(package: &str) -> Vec<String> {
    manifest(package)["dependencies"].as_table().unwrap().keys().cloned().collect()
}

/// Invariant I9: wasmtime is named in one crate, axum in one crate; the event crate has no I/O and no clock.
#[test]
fn i9_wasmtime_and_axum_are_named_in_one_crate_each() {
    let owners = |name: &str| -> Vec<&str> {
        let packages = ["host/event", "host/log", "host/plugin", "host/bus", "host/registry", "host/server"];
        let names = |package: &&str| {
            dependencies(package).iter().any(|own| own == name || own.starts_with(&format!("{name}-")))
        };
        packages.into_iter().filter(names).collect()
    };
    assert_eq!(owners("wasmtime"), ["host/plugin"]);
    assert_eq!(owners("axum"), ["host/server"]);
    // One serves, the others send the requests of plugins, and of authors to registries.
    assert_eq!(owners("hyper"), ["host/plugin", "host/registry", "host/server"]);
    assert!(!dependencies("host/event").iter().any(|name| ["tokio", "rustix", "notify"].contains(&name.as_str())));
    for (path, text) in files("host/event/src", &[".rs"]) {
        for banned in ["std::fs", "std::net", "std::thread", "std::time", "Instant", "SystemTime"] {
            assert!(!text.contains(banned), "{path} names {banned}");
        }
    }
}

/// What speaks MCP stands in one module, and the protocol's words nowhere else.
#[test]
fn rmcp_is_named_in_one_module() {
    for (path, text) in files("host/server/src", &[".rs"]) {
        let may = path.starts_with("host/server/src/mcp/") || path == "host/server/src/mcp.rs";
        assert!(may || !text.contains("rmcp::"), "{path} names rmcp");
    }
    assert!(files("host/server/src/mcp", &[".rs"]).iter().any(|(_, text)| text.contains("rmcp::")));
}

/// Who may know whom: event ← log, plugin ← bus ← server; log and plugin do not know each other,
/// and the crate for registries knows nobody.
#[test]
fn crates_know_only_whom_they_may() {
    let known = |package: &str| -> Vec<String> {
        dependencies(package).into_iter().filter(|name| name.starts_with("tidemill-")).collect()
    };
    assert_eq!(known("host/event"), [""; 0]);
    assert_eq!(known("host/log"), ["tidemill-event"]);
    assert_eq!(known("host/plugin"), ["tidemill-event"]);
    assert_eq!(known("host/bus"), ["tidemill-event", "tidemill-log", "tidemill-plugin"]);
    assert_eq!(known("host/registry"), [""; 0]);
}

/// Invariant I10: a released WIT item never changes. When a version is released its files are listed in
/// `wit/released.txt` with their SHA-256; from then on any difference fails here. New interfaces come in new files.
#[test]
fn i10_released_wit_files_do_not_change() {
    use sha2::{Digest, Sha256};
    let listed = fs::read_to_string(root().join("wit/released.txt")).unwrap();
    let lines: Vec<&str> = listed.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    assert!(!lines.is_empty(), "version 0.1.0 is released");
    for line in lines {
        let (hash, path) = line.split_once("  ").unwrap();
        let now: String = Sha256::digest(fs::read(root().join("wit").join(path)).unwrap())
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(now, hash, "wit/{path} was changed after its release; see wit/README.md");
    }
}

/// What authors are told may still change is what is not released.
#[test]
fn the_page_on_versions_names_every_interface() {
    let read = |path: &str| fs::read_to_string(root().join(path)).unwrap();
    let (released, page) = (read("wit/released.txt"), read("docs/authors/versions.md"));
    let (_, lists) = page.split_once("\nReleased are ").unwrap();
    let (first, rest) = lists.split_once("Not released yet are").unwrap();
    let second = rest.split_once(':').unwrap().0;
    for entry in fs::read_dir(root().join("wit/v0.1")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        if name == "worlds" {
            continue;
        }
        let is_released = released.contains(&format!("  v0.1/{name}.wit"));
        let named = |list: &str| list.contains(&format!("`{name}`"));
        assert_eq!((named(first), named(second)), (is_released, !is_released), "docs/authors/versions.md: `{name}`");
    }
}

/// Invariant I11: nothing is collected without a bound.
#[test]
fn i11_no_unbounded_queues() {
    for (path, text) in files("host", &[".rs"]) {
        for banned in ["unbounded_channel", "mpsc::unbounded", "mpsc::channel::<", "std::sync::mpsc::channel("] {
            assert!(path.contains("tests") || !text.contains(banned), "{path} uses {banned}");
        }
    }
    for name in [
        "host/event/src/limits.rs",
        "host/plugin/src/limits.rs",
        "host/bus/src/limits.rs",
        "host/registry/src/limits.rs",
        "host/server/src/limits.rs",
    ] {
        let text = fs::read_to_string(root().join(name)).unwrap();
        let mut documented = false;
        for line in text.lines() {
            if line.starts_with("pub") && line.contains("const ") {
                assert!(documented, "{name}: `{line}` has no reason");
            }
            documented = line.starts_with("///");
        }
    }
}

#[test]
fn every_source_file_says_what_it_owns() {
    for folder in ["host", "plugins", "tests", "xtask"] {
        for (path, text) in files(folder, &[".rs"]) {
            assert!(text.starts_with("//!"), "{path} does not begin with what it owns");
        }
    }
}

#[test]
fn source_files_are_short() {
    for folder in ["host", "plugins", "tests", "xtask"] {
        for (path, text) in files(folder, &[".rs"]) {
            let lines = text.lines().count();
            assert!(lines <= 400, "{path} has {lines} lines; one idea per file");
        }
    }
}

#[test]
fn unsafe_code_is_forbidden_in_the_host_and_allowed_with_a_reason_in_guests() {
    for (path, text) in files("host", &[".rs"]) {
        assert!(!text.contains("allow(unsafe_code"), "{path}");
    }
    for (path, text) in files("plugins", &[".rs"]) {
        for line in text.lines().filter(|line| line.contains("allow(unsafe_code")) {
            assert!(line.contains("reason"), "{path}: {line}");
        }
    }
}

/// Every guest of the tests is used by one: no dead fixtures.
#[test]
fn every_test_guest_is_named_by_a_test() {
    let tests: String = files("tests/it", &[".rs"]).into_values().collect();
    for path in files("tests/guests/examples", &[".rs"]).into_keys() {
        // A guest is a file, or a folder of files.
        let name = path.trim_start_matches("tests/guests/examples/").split(['/', '.']).next().unwrap().to_owned();
        assert!(tests.contains(&format!("\"{name}\"")), "{path} is used by no test");
    }
}

/// What ARCHITECTURE.md says of invariants and files is true: every test and file that it names is there.
#[test]
fn the_architecture_document_names_what_exists() {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let sources: String = ["host", "tests"].iter().flat_map(|folder| files(folder, &[".rs"]).into_values()).collect();
    let mut tests = 0;
    for name in text.split('`') {
        if name.len() > 4 && name.starts_with('i') && name.contains('_') && name[1..2].parse::<u8>().is_ok() {
            assert!(sources.contains(&format!("fn {name}(")), "ARCHITECTURE.md names the test {name}");
            tests += 1;
        }
        if name.ends_with(".rs") && name.contains('/') {
            assert!(root().join(name).exists(), "ARCHITECTURE.md names {name}");
        }
    }
    assert!(tests >= 11, "every invariant has its test, {tests} are named");
}

/// The last column of the table of threats in docs/security.md: every test that it names is there.
#[test]
fn every_test_against_a_threat_exists() {
    let text = fs::read_to_string(root().join("docs/security.md")).unwrap();
    let (_, threats) = text.split_once("## Threats").unwrap();
    let rows = threats.lines().filter(|line| line.starts_with("| ")).skip(1);
    let sources: String = ["host", "tests"].iter().flat_map(|folder| files(folder, &[".rs"]).into_values()).collect();
    let mut named = 0;
    for row in rows {
        let tests = row.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        for name in tests.split('`').skip(1).step_by(2) {
            // A test, or a file with tests where there are many of the same.
            let found =
                sources.contains(&format!("fn {name}(")) || name.ends_with(".rs") && root().join(name).is_file();
            assert!(found, "docs/security.md names the test {name}: {row}");
            named += 1;
        }
    }
    assert!(named >= 20, "{named} tests are named");
}

/// The tables of docs/seeds.md: every test that they name is in a file of that name.
#[test]
fn every_test_of_a_documented_system_exists() {
    let text = fs::read_to_string(root().join("docs/seeds.md")).unwrap();
    let sources = files("tests", &[".rs"]);
    let mut named = 0;
    for row in text.lines().filter(|line| line.starts_with("| ")) {
        for name in row.split('`').filter(|name| name.contains(".rs::")) {
            let (file, test) = name.split_once("::").unwrap();
            let function = format!("fn {test}(");
            let found =
                sources.iter().any(|(path, text)| path.ends_with(&format!("/{file}")) && text.contains(&function));
            assert!(found, "docs/seeds.md names the test {name}: {row}");
            named += 1;
        }
    }
    assert!(named >= 20, "{named} tests are named");
}
