//! `cargo xtask`: what is done with the checkout as a whole, in Rust instead of shell.
//!
//! Owns the commands. Knows the host only as a program that is built and started.

mod bench;
mod book;
mod cargo;
mod check;
mod demo;
mod fuzz;
mod guests;
mod host;
mod say;
mod soak;
mod test;
mod wasm_target;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};

use cargo::Workspace;

/// Build, try and test Tidemill.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 100)]
struct Xtask {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Build every plugin into plugins/, and the `tidemill` binary
    Build {
        /// Build the binary without optimisation: much faster to build, slower to run
        #[arg(long)]
        dev: bool,
    },
    /// Build only WebAssembly: plugins/*.wasm and the guests of the tests
    Guests,
    /// Build everything, start a host, and feed it real GitHub events
    Demo(demo::DemoArgs),
    /// Run every test
    Test(Passed),
    /// Check format, lints, dependencies and the links of the documentation
    Check,
    /// Make a book of docs/ in target/book, and look for dead links in it
    Book,
    /// Look for inputs that break what `host/server/src/properties.rs` promises
    Fuzz(fuzz::FuzzArgs),
    /// Reload and leak for a long time, and look at the host's memory
    Soak(soak::SoakArgs),
    /// Measure: `cargo xtask bench --help` lists what
    Bench(Passed),
}

#[derive(Debug, Args)]
struct Passed {
    /// Passed on as they are
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

fn main() -> ExitCode {
    match run(Xtask::parse().command) {
        Ok(exit) => exit,
        Err(error) => {
            say::error(&error);
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<ExitCode> {
    let workspace = Workspace::find()?;
    match command {
        Command::Build { dev } => {
            guests::build_plugins(&workspace)?;
            let binary = host::build(&workspace, if dev { host::Profile::Dev } else { host::Profile::Release })?;
            say::line(&format!("built {}", workspace.short(&binary)));
        }
        Command::Guests => {
            guests::build_plugins(&workspace)?;
            guests::build_test_guests(&workspace)?;
            guests::build_bench_guests(&workspace)?;
        }
        Command::Demo(args) => demo::run(&workspace, &args)?,
        Command::Test(args) => return test::run(&workspace, &args.arguments),
        Command::Check => check::run(&workspace)?,
        Command::Book => book::run(&workspace)?,
        Command::Fuzz(args) => fuzz::run(&workspace, &args)?,
        Command::Soak(args) => soak::run(&workspace, &args)?,
        Command::Bench(args) => {
            bench::run(&workspace, args.arguments)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
