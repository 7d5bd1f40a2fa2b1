//! `tidemill config check|show`, and the flags that every command with a configuration takes.
//!
//! The one place that reads the process environment for the configuration.

use std::{env, path::PathBuf};

use clap::{Args, Subcommand};

use super::{Exit, Failure, Output};
use crate::cli::env_file;
use crate::config::{Config, ConfigError, Flags};

/// `tidemill config`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tidemill config check                                  is ./tidemill.toml, with the environment, usable?
  tidemill config show > tidemill.toml                   a file with every setting, its default and its meaning
  tidemill config show --config prod.toml | grep -v '^#'

Exit codes: 0 the configuration is usable, 2 it is not (every problem is listed).")]
pub(crate) struct ConfigArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Say OK, or list everything that is wrong
    Check(ConfigFlags),
    /// Print every setting with its value, meaning, default and origin
    Show(ConfigFlags),
}

/// Flags about the configuration.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ConfigFlags {
    /// Configuration file [default: ./tidemill.toml if there is one]
    #[arg(long, value_name = "FILE", env = "TIDEMILL_CONFIG", hide_env_values = true)]
    config: Option<PathBuf>,
    /// File of environment variables, `NAME=value` in each line; those that are set already win
    #[arg(long, value_name = "FILE")]
    env_file: Option<PathBuf>,
    /// Address and port to serve HTTP on; port 0 picks a free one [default: 127.0.0.1:3000]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Directory of plugins, watched for changes [default: ./plugins]
    #[arg(long, value_name = "DIRECTORY")]
    plugins: Option<String>,
    /// Directory for what the server keeps [default: ./data]
    #[arg(long, value_name = "DIRECTORY")]
    data: Option<String>,
}

/// Flags of commands that work on what a server keeps.
#[derive(Debug, Clone, Args)]
pub(super) struct DataFlags {
    /// Configuration file [default: ./tidemill.toml if there is one]
    #[arg(long, value_name = "FILE", env = "TIDEMILL_CONFIG", hide_env_values = true)]
    config: Option<PathBuf>,
    /// Data directory [default: `data-dir` of the configuration, ./data]
    #[arg(long, value_name = "DIRECTORY")]
    data: Option<String>,
}

impl DataFlags {
    /// The configuration as `serve` would read it with these flags.
    pub(super) fn load(&self) -> Result<Config, ConfigError> {
        ConfigFlags { data: self.data.clone(), ..ConfigFlags::of_file(self.config.clone()) }.load()
    }
}

/// What is wrong with the table of the named plugin; each item begins with the key it is about.
pub(crate) type PluginCheck<'a> = &'a dyn Fn(&str, &toml::Table) -> Vec<String>;

impl ConfigFlags {
    /// Those of a command that takes nothing of the configuration but its file.
    pub(super) fn of_file(config: Option<PathBuf>) -> Self {
        Self { config, ..Self::default() }
    }

    /// The configuration from the file, the process environment and these flags.
    pub(crate) fn load(&self) -> Result<Config, ConfigError> {
        self.load_with(environment())
    }

    fn load_with(&self, env: impl Iterator<Item = (String, String)>) -> Result<Config, ConfigError> {
        let flags = Flags { listen: self.listen.clone(), plugins: self.plugins.clone(), data: self.data.clone() };
        let of_file = self.env_file.as_deref().map_or(Ok(Vec::new()), env_file::read)?;
        // Later ones win.
        let env = of_file.into_iter().chain(env);
        Config::load(self.config.as_deref(), env, &flags)
    }
}

/// The process environment: the file may name any variable.
pub(super) fn environment() -> impl Iterator<Item = (String, String)> {
    // Not `vars`: that would panic at a variable of somebody else that is not UTF-8.
    env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.to_string_lossy().into_owned())))
}

pub(super) fn run(
    args: &ConfigArgs,
    env: impl Iterator<Item = (String, String)>,
    check_plugin: PluginCheck<'_>,
    output: &mut Output<'_>,
) -> Result<Exit, Failure> {
    let (Action::Check(flags) | Action::Show(flags)) = &args.action;
    let config = flags.load_with(env).map_err(|error| Failure::new(Exit::Usage, describe(&error)))?;
    let mut problems = String::new();
    for (name, table) in &config.plugins {
        for problem in check_plugin(name, table) {
            problems += &format!("\n  {}: `plugins.{name}`: {problem}", config.plugin_place(name));
        }
    }
    if !problems.is_empty() {
        return Err(Failure::new(Exit::Usage, format!("settings of plugins are wrong:{problems}")));
    }
    for warning in config.warnings() {
        writeln!(output.err, "warning: {warning}")?;
    }
    match &args.action {
        Action::Check(_) => writeln!(output.out, "OK")?,
        Action::Show(_) => output.out.write_all(config.to_toml().as_bytes())?,
    }
    Ok(Exit::Success)
}

/// An error with everything that led to it.
pub(crate) fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let cause = error.to_string();
        // Some libraries repeat their cause in their own message.
        if !text.contains(&cause) {
            text += ": ";
            text += &cause;
        }
        source = error.source();
    }
    text
}
