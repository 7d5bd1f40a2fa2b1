//! Rust: `cargo build --target wasm32-wasip2`, whose linker makes the component.
//!
//! That target has a clock, random numbers and everything else that crates of the field expect, for the price of a few imports of
//! WASI that the standard library brings (a panic's text, the environment), which the host answers with nothing. Those of
//! `wasm32-unknown-unknown` have none, but there a crate that asks for the time panics, and one that asks for random
//! numbers does not compile: an author would have to know why.

use std::path::PathBuf;
use std::process::Command;

use serde::Deserialize;

use super::{Need, Toolchain, tool};
use crate::{BuildError, BuildOptions, Progress, Project};

const TARGET: &str = "wasm32-wasip2";
/// How cargo begins lines that say what it is doing; they are no part of what is wrong.
const DOINGS: [&str; 9] =
    ["Compiling", "Downloaded", "Downloading", "Updating", "Locking", "Adding", "Blocking", "Finished", "Building"];

pub(super) struct Rust;

impl Toolchain for Rust {
    fn needs(&self, _: &Project) -> Vec<Need> {
        let install =
            "install Rust as https://rustup.rs says: `curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh`";
        vec![Need { tool: "cargo", version: &["--version"], install: install.to_owned() }]
    }

    fn build(&self, project: &Project, options: &BuildOptions, progress: &mut dyn Progress) -> Result<(), BuildError> {
        target_is_there(project)?;
        let mut cargo = tool::command(project, "cargo");
        cargo.args(["build", "--release", "--lib", "--target", TARGET, "--message-format=json-render-diagnostics"]);
        if options.release {
            cargo.env("CARGO_PROFILE_RELEASE_DEBUG", "none").env("CARGO_PROFILE_RELEASE_STRIP", "debuginfo");
        }
        let told = tool::run("Compiling", &mut cargo, &mut Lines(progress)).map_err(only_what_is_wrong)?;
        let made = told.lines().rev().find_map(component).ok_or_else(|| BuildError::Project {
            file: "Cargo.toml".to_owned(),
            line: None,
            detail: "it makes no component; add `crate-type = [\"cdylib\", \"rlib\"]` to `[lib]`".to_owned(),
        })?;
        std::fs::copy(&made, project.component()).map_err(BuildError::file(made)).map(drop)
    }
}

/// Whether Rust, in the version that the project chooses, can compile to the target.
fn target_is_there(project: &Project) -> Result<(), BuildError> {
    let mut rustc: Command = tool::command(project, "rustc");
    rustc.args(["--print", "target-libdir", "--target", TARGET]);
    let found = tool::without_secrets(&mut rustc).output();
    let there = found.is_ok_and(|found| {
        found.status.success() && PathBuf::from(String::from_utf8_lossy(&found.stdout).trim()).is_dir()
    });
    if there {
        return Ok(());
    }
    let install = format!("type `rustup target add {TARGET}`");
    Err(BuildError::MissingTool { tool: format!("Rust's target {TARGET}"), install })
}

/// What cargo says in JSON, as far as it matters here.
#[derive(Deserialize)]
struct Message {
    reason: String,
    target: Option<Target>,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    crate_types: Vec<String>,
}

/// The component that a line of cargo's is about. The project's own is the last one, as it depends on all others.
fn component(line: &str) -> Option<PathBuf> {
    let message: Message = serde_json::from_str(line).ok()?;
    let is_made = message.reason == "compiler-artifact"
        && message.target.is_some_and(|target| target.crate_types.iter().any(|kind| kind == "cdylib"));
    let files = message.filenames.into_iter().filter(|_| is_made);
    files.into_iter().find(|file| file.extension().is_some_and(|ending| ending == "wasm"))
}

/// Shows what is for people, and not what is for this program.
struct Lines<'a>(&'a mut dyn Progress);

impl Progress for Lines<'_> {
    fn step(&mut self, what: &str) {
        self.0.step(what);
    }

    fn line(&mut self, text: &str) {
        if !text.starts_with('{') {
            self.0.line(text);
        }
    }

    fn keeper(&self) -> Option<std::sync::Arc<dyn crate::Keep>> {
        self.0.keeper()
    }
}

fn only_what_is_wrong(error: BuildError) -> BuildError {
    match error {
        BuildError::Failed { step, output } => {
            let is_wrong = |line: &&str| {
                !line.starts_with('{') && !DOINGS.iter().any(|doing| line.trim_start().starts_with(doing))
            };
            let output = output.lines().filter(is_wrong).collect::<Vec<_>>().join("\n");
            BuildError::Failed { step, output }
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_component_is_found_among_what_cargo_says() {
        let line = |reason: &str, kind: &str, file: &str| {
            format!(
                r#"{{"reason":"{reason}","target":{{"crate_types":["{kind}"]}},"filenames":["{file}"],"fresh":true}}"#
            )
        };
        assert_eq!(component(&line("compiler-artifact", "cdylib", "/t/a.wasm")), Some("/t/a.wasm".into()));
        assert_eq!(component(&line("compiler-artifact", "proc-macro", "/t/a.so")), None);
        assert_eq!(component(r#"{"reason":"build-finished","success":true}"#), None);
    }

    #[test]
    fn of_a_failure_only_what_is_wrong_is_told() {
        let output =
            "   Compiling serde v1.0.0\n{\"reason\":\"x\"}\nerror[E0425]: cannot find value `x`\n --> src/lib.rs:7:5";
        let failed = BuildError::Failed { step: "Compiling".into(), output: output.into() };
        let told = only_what_is_wrong(failed).to_string();
        assert_eq!(told, "Compiling failed:\nerror[E0425]: cannot find value `x`\n --> src/lib.rs:7:5");
    }
}
