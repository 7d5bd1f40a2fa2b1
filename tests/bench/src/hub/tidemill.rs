//! The host: its configuration, its plugins, its start, and how far its log got.

use std::fmt::{self, Write as _};
use std::fs;
use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

use super::{READY_LIMIT, Running, Setup, absolute, answer, printed_address, server_cores, status};
use crate::cases::Chain;
use crate::launch::Program;
use crate::wire::Secure;

pub(super) fn obstacle(setup: &Setup) -> Option<String> {
    (!setup.tidemill.exists()).then(|| format!("{} is not there: cargo xtask build makes it", setup.tidemill.display()))
}

/// A place in the host's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Of the log as a whole.
    pub epoch: u64,
    /// Of an event in it.
    pub sequence: u64,
}

pub(super) fn start(setup: &Setup, scratch: TempDir, chain: Chain) -> Result<Running> {
    let more = match &setup.config {
        Some(file) => fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?,
        None => String::new(),
    };
    start_with(setup, scratch, chain, &more)
}

/// Starts it with a chain's plugins and more configuration.
pub(super) fn start_with(setup: &Setup, scratch: TempDir, chain: Chain, more: &str) -> Result<Running> {
    let (plugins, data) = (scratch.path().join("plugins"), scratch.path().join("data"));
    fs::create_dir(&plugins)?;
    fs::create_dir(&data)?;
    for name in chain.plugins() {
        let file = setup.plugins.join(format!("{name}.wasm"));
        fs::copy(&file, plugins.join(format!("{name}.wasm")))
            .with_context(|| format!("{} is not there: cargo xtask build makes it", file.display()))?;
    }
    let config = scratch.path().join("tidemill.toml");
    let (secure, tls) = setup.tls.then(|| Secure::certificate(scratch.path())).transpose()?.unzip();
    fs::write(&config, configuration(chain, &(more.to_owned() + &tls.unwrap_or_default())))?;

    let fixed = ["serve", "--listen", "127.0.0.1:0", "--print-addr", "--config"].map(PathBuf::from);
    let places = [config, PathBuf::from("--plugins"), plugins, PathBuf::from("--data"), data];
    let binary = absolute(&setup.tidemill)?;
    let arguments = fixed.into_iter().chain(places);
    let mut program = Program::start(&setup.bench, server_cores(setup), scratch.path(), &binary, arguments)?;
    let address = program.wait_until(READY_LIMIT, printed_address)?;
    program.wait_until(READY_LIMIT, |_| status(address, secure.as_ref(), "/readyz").filter(|status| *status == 200))?;
    if !chain.plugins().is_empty() {
        let loaded = answer(address, secure.as_ref(), "/plugins").context("asking for /plugins")?;
        for name in chain.plugins() {
            ensure!(loaded.contains(&format!("\"{name}\"")), "the plugin {name} is not loaded");
        }
    }
    Ok(Running {
        program,
        address,
        subscribe_path: "/events",
        publish_path: "/events",
        envelope: true,
        secure,
        _scratch: scratch,
    })
}

impl Running {
    /// The newest position in the host's log, as `/readyz` says it.
    ///
    /// # Errors
    ///
    /// When it says none.
    pub fn last_position(&self) -> Result<Position> {
        let answer = answer(self.address, self.secure.as_ref(), "/readyz").context("asking for /readyz")?;
        let (_, body) = answer.split_once("\r\n\r\n").context("/readyz has no body")?;
        let state: serde_json::Value = serde_json::from_str(body).context("/readyz is not JSON")?;
        state["log"]["last"].as_str().context("/readyz names no log.last")?.parse()
    }
}

impl FromStr for Position {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let read = |(epoch, sequence): (&str, &str)| {
            Some(Self { epoch: epoch.parse().ok()?, sequence: sequence.parse().ok()? })
        };
        text.split_once('.').and_then(read).with_context(|| format!("{text:?} is no position"))
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.epoch, self.sequence)
    }
}

/// The host's configuration for a chain: its defaults, and of the plugins only what they need.
fn configuration(chain: Chain, more: &str) -> String {
    let mut text = String::new();
    for name in chain.plugins() {
        let table = match *name {
            "cel" => "[plugins.cel.config]\nexpression = \"type != 'github.none'\"\n".to_owned(),
            name => format!("[plugins.{name}]\n"),
        };
        // Writing to a string cannot fail.
        writeln!(text, "{table}").ok();
    }
    text + more
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_read_as_they_are_written() {
        let position: Position = "1795230447.12".parse().unwrap();
        assert_eq!((position.sequence, position.to_string().as_str()), (12, "1795230447.12"));
        for wrong in ["", "12", "1.", ".1", "1.2.3", "latest"] {
            assert!(wrong.parse::<Position>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_plugin_of_a_chain_has_its_table() {
        assert_eq!(configuration(Chain::None, ""), "");
        assert_eq!(
            configuration(Chain::GithubCelRedact, "[limits]\n"),
            "[plugins.github]\n\n[plugins.cel.config]\nexpression = \"type != 'github.none'\"\n\n[plugins.redact]\n\n[limits]\n"
        );
    }
}
