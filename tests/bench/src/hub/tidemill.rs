//! The host: its configuration, its plugins, its start.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

use super::{READY_LIMIT, Running, Setup, absolute, answer, printed_address, server_core, status};
use crate::cases::Chain;
use crate::launch::Program;

pub(super) fn obstacle(setup: &Setup) -> Option<String> {
    (!setup.tidemill.exists()).then(|| format!("{} is not there: cargo xtask build makes it", setup.tidemill.display()))
}

pub(super) fn start(setup: &Setup, scratch: TempDir, chain: Chain) -> Result<Running> {
    let (plugins, data) = (scratch.path().join("plugins"), scratch.path().join("data"));
    fs::create_dir(&plugins)?;
    fs::create_dir(&data)?;
    for name in chain.plugins() {
        let file = setup.plugins.join(format!("{name}.wasm"));
        fs::copy(&file, plugins.join(format!("{name}.wasm")))
            .with_context(|| format!("{} is not there: cargo xtask build makes it", file.display()))?;
    }
    let more = match &setup.config {
        Some(file) => fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?,
        None => String::new(),
    };
    let config = scratch.path().join("tidemill.toml");
    fs::write(&config, configuration(chain, &more))?;

    let fixed = ["serve", "--listen", "127.0.0.1:0", "--print-addr", "--config"].map(PathBuf::from);
    let places = [config, PathBuf::from("--plugins"), plugins, PathBuf::from("--data"), data];
    let binary = absolute(&setup.tidemill)?;
    let arguments = fixed.into_iter().chain(places);
    let mut program = Program::start(&setup.bench, server_core(setup), scratch.path(), &binary, arguments)?;
    let address = program.wait_until(READY_LIMIT, printed_address)?;
    program.wait_until(READY_LIMIT, |_| status(address, "/readyz").filter(|status| *status == 200))?;
    if !chain.plugins().is_empty() {
        let loaded = answer(address, "/plugins").context("asking for /plugins")?;
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
        _scratch: scratch,
    })
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
    fn every_plugin_of_a_chain_has_its_table() {
        assert_eq!(configuration(Chain::None, ""), "");
        assert_eq!(
            configuration(Chain::GithubCelRedact, "[limits]\n"),
            "[plugins.github]\n\n[plugins.cel.config]\nexpression = \"type != 'github.none'\"\n\n[plugins.redact]\n\n[limits]\n"
        );
    }
}
