//! `cargo xtask test`: every test, with the WebAssembly that they need. The test runner has the last word.

use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::cargo::{Workspace, has_subcommand, succeed};
use crate::{guests, say};

/// Runs all tests, or what the arguments for the test runner select.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<ExitCode> {
    guests::build_plugins(workspace)?;
    guests::build_test_guests(workspace)?;
    let mut tests = workspace.cargo();
    if has_subcommand("nextest") {
        if arguments.is_empty() {
            // cargo-nextest runs no examples in documentation; they go first, so that its summary ends the run.
            let mut doc = workspace.cargo();
            succeed(
                doc.args(["test", "--workspace", "--doc", "--quiet"]),
                "testing the examples in the documentation",
            )?;
        }
        tests.args(["nextest", "run", "--workspace"]).args(arguments);
    } else {
        say::line("cargo-nextest is not installed (cargo install --locked cargo-nextest): using cargo test instead");
        tests.args(["test", "--workspace"]).args(arguments);
    }
    // Not an error of ours: nothing may follow the counts.
    let status = tests.status().context("starting the test runner")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
