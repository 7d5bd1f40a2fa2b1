//! New files in the embedded folders are seen by cargo only if it is told where to look; and the Go module that generated Go
//! code needs is found, which the crate that generates the code carries in its own source.

#![allow(clippy::print_stdout, reason = "how a build script speaks to cargo")]

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The crate with the module `go.bytecodealliance.org/pkg`, and where it is in there.
const GO_CRATE: &str = "wit-bindgen-go";
const GO_MODULE: &str = "src/pkg";

fn main() {
    for folder in ["templates", "../../wit", "../../plugins"] {
        println!("cargo:rerun-if-changed={folder}");
    }
    println!("cargo:rerun-if-changed=../../Cargo.lock");
    let module = crate_folder(GO_CRATE).join(GO_MODULE);
    let mut list = String::from("&[\n");
    for path in go_files(&module) {
        let name = path.strip_prefix(&module).expect("it is in there").to_str().expect("names are ASCII");
        writeln!(list, "    ({name:?}, include_bytes!({path:?})),").expect("a text takes everything");
    }
    list.push(']');
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo says it")).join("go_module.rs");
    fs::write(&out, list).unwrap_or_else(|error| panic!("{}: {error}", out.display()));
}

/// Where cargo keeps the source of a dependency.
fn crate_folder(name: &str) -> PathBuf {
    let cargo = env::var_os("CARGO").expect("cargo says it");
    let metadata = |more: &[&str]| {
        let mut command = Command::new(&cargo);
        let output = command.args(["metadata", "--format-version", "1", "--locked"]).args(more).output();
        output.unwrap_or_else(|error| panic!("cargo metadata: {error}"))
    };
    // It reads all packages of Cargo.lock, of which a build for one system has not fetched every one.
    let mut output = metadata(&["--offline"]);
    if !output.status.success() {
        output = metadata(&[]);
    }
    assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("cargo writes JSON");
    let package = metadata["packages"].as_array().into_iter().flatten().find(|package| package["name"] == name);
    let manifest = package.and_then(|package| package["manifest_path"].as_str());
    Path::new(manifest.unwrap_or_else(|| panic!("{name} is no dependency"))).parent().expect("it is a file").to_owned()
}

/// The module's sources and its licence; nothing of its documentation.
fn go_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for path in entries.map(|entry| entry.expect("it can be read").path()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() && name != "docs" {
            found.extend(go_files(&path));
        } else if name == "LICENSE" || name == "go.mod" || name.ends_with(".go") || name.ends_with(".s") {
            found.push(path);
        }
    }
    found.sort();
    found
}
