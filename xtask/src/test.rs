//! `cargo xtask test`: every test, with the WebAssembly that they need. The test runner has the last word.

use std::env;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use crate::cargo::{Workspace, has_subcommand, succeed};
use crate::{guests, say};

/// Which lane the servers of integration tests take for streams, see CONTRIBUTING.md.
const LANE: &str = "TIDEMILL_TEST_SSE_LANE";
/// What is repeated on the other lane: integration tests, without those that go through both by themselves, or are about what
/// authors do on their own machine, and what pages tell them to.
const OF_ONE_LANE: &str =
    "package(tidemill) and binary(it) and not test(/^lanes::|^authors::|^pages::|::auto::|::hyper::/)";

/// Runs all tests, and those that start servers once more on the other lane; or what the arguments for the test runner
/// select, once.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<ExitCode> {
    guests::build_plugins(workspace)?;
    guests::build_test_guests(workspace)?;
    guests::build_bench_guests(workspace)?;
    let nextest = has_subcommand("nextest");
    let (mut tests, mut again) = (workspace.cargo(), workspace.cargo());
    if nextest {
        if arguments.is_empty() {
            // cargo-nextest runs no examples in documentation; they go first, so that its summary ends the run.
            let mut doc = workspace.cargo();
            succeed(
                doc.args(["test", "--workspace", "--doc", "--quiet"]),
                "testing the examples in the documentation",
            )?;
        }
        tests.args(["nextest", "run", "--workspace"]).args(arguments);
        again.args(["nextest", "run", "--workspace", "-E", OF_ONE_LANE]);
    } else {
        say::line("cargo-nextest is not installed (cargo install --locked cargo-nextest): using cargo test instead");
        tests.args(["test", "--workspace"]).args(arguments);
        again.args(["test", "--workspace", "--test", "it", "--"]);
        for other in ["lanes::", "authors::", "pages::authors", "::auto::", "::hyper::"] {
            again.args(["--skip", other]);
        }
    }
    let mut passed = passes(&mut tests)?;
    if arguments.is_empty() {
        let other = if env::var(LANE).is_ok_and(|lane| lane == "hyper") { "auto" } else { "hyper" };
        say::line(&format!("the integration tests once more, with {LANE}={other}"));
        // Also if something failed, so that both counts are there.
        passed &= passes(again.env(LANE, other))?;
    }
    // Not an error of ours: nothing may follow the counts.
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn passes(runner: &mut Command) -> Result<bool> {
    Ok(runner.status().context("starting the test runner")?.success())
}
