//! `tidemill`: one binary for the server, for the commands that talk to one, and for those that work on its log.
//!
//! In a fixed order: arguments, configuration, logging, runtime, command, exit code. Nothing is bound or started before
//! the configuration is known to be good. A library only so that fuzz targets reach it (`fuzz/`); nobody else is to.

mod admission;
mod announce;
mod app;
mod arrivals;
mod audit;
mod auth;
mod cli;
mod clock;
mod config;
mod connections;
mod figures;
mod http;
mod keeper;
mod keyed;
mod lane;
mod limits;
mod listen;
mod mcp;
mod mount;
mod outbound;
mod problem;
#[cfg(any(test, fuzzing))]
pub mod properties;
mod quota;
mod rates;
mod reload;
mod serve;
mod source;
mod sse;
mod systemd;
mod telemetry;
mod tls;
mod tools;
mod traces;

use std::process::ExitCode;

use clap::Parser;
use tidemill_plugin::PluginSettings;

use crate::cli::{Cli, Command};

/// Does what the arguments of the process say.
pub fn run() -> ExitCode {
    match Cli::parse().command {
        Command::Serve(args) => serve::run(&args),
        Command::Publish(args) => client(cli::publish(args)),
        Command::Tail(args) => client(cli::tail(args)),
        Command::Plugin(args) => client(cli::plugin(args)),
        Command::Types(args) => client(cli::types(args)),
        Command::Config(args) => {
            cli::config(&args, &|_, table| PluginSettings::from_table(table).err().unwrap_or_default())
        }
        Command::Token(args) => client(cli::token(args)),
        Command::Log(args) => cli::log(&args),
        Command::KeepGroups => {
            keeper::keep(std::io::stdin().lock());
            ExitCode::SUCCESS
        }
    }
}

/// Commands that talk to a server do one thing at a time. What a thread is still busy with when one was ended goes with the
/// process.
fn client(command: impl Future<Output = ExitCode>) -> ExitCode {
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => {
            let exit = runtime.block_on(command);
            runtime.shutdown_background();
            exit
        }
        Err(error) => cli::fail(cli::Exit::Failed, &format!("cannot start the runtime: {error}")),
    }
}
