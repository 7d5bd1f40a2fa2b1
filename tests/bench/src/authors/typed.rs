//! An author at a terminal: a home without anything from earlier builds, and commands that are typed there.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

use super::Language;

/// One author of one language.
pub(super) struct Author {
    tidemill: PathBuf,
    tools: Option<PathBuf>,
    home: TempDir,
}

impl Author {
    /// With these tools.
    pub(super) fn new(tidemill: &Path, tools: Option<PathBuf>) -> Result<Self> {
        let home = tempfile::Builder::new().prefix("tidemill-author-").tempdir()?;
        Ok(Self { tidemill: tidemill.to_owned(), tools, home })
    }

    /// A place in the home.
    pub(super) fn at(&self, path: &str) -> PathBuf {
        self.home.path().join(path)
    }

    /// `tidemill plugin …` in a folder of the home.
    pub(super) fn command(&self, folder: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.tidemill);
        command.arg("plugin").args(arguments).current_dir(self.at(folder));
        // What cargo said of the bench is not for the plugin's own build, and settings of servers not for this one.
        for (name, _) in env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("TIDEMILL_") || text.starts_with("CARGO") && text != "CARGO_HOME" {
                command.env_remove(&name);
            }
        }
        // Compilers keep what they made there, too.
        command.env("XDG_CACHE_HOME", self.at("caches"));
        command.envs(self.tools.as_ref().map(|tools| ("TIDEMILL_TOOLS", tools)));
        command
    }

    /// Types a command that is to succeed; what it writes on standard output.
    pub(super) fn types(&self, folder: &str, arguments: &[&str]) -> Result<String> {
        let ended = self.command(folder, arguments).stdin(Stdio::null()).output().context("starting tidemill")?;
        let said = String::from_utf8_lossy(&ended.stderr);
        ensure!(ended.status.success(), "tidemill plugin {}: {}", arguments.join(" "), said.trim());
        Ok(String::from_utf8_lossy(&ended.stdout).into_owned())
    }

    /// Begins a plugin.
    pub(super) fn begins(&self, name: &str, language: &Language, kinds: &str) -> Result<()> {
        self.types("", &["new", name, "--lang", language.lang, "--kind", kinds])?;
        if let Some(options) = language.options {
            let file = self.at(name).join("tidemill-plugin.toml");
            fs::write(&file, fs::read_to_string(&file)? + options)?;
            // It names the packages of the other engine.
            fs::remove_file(self.at(name).join("package.json"))?;
        }
        Ok(())
    }
}
