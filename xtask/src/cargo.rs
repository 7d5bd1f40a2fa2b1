//! Cargo as the tasks use it: where the checkout is, what is in it, and how to run cargo there.

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

/// The checkout.
#[derive(Debug, Deserialize)]
pub(crate) struct Workspace {
    #[serde(rename = "workspace_root")]
    pub(crate) root: PathBuf,
    /// Honours `CARGO_TARGET_DIR` and cargo's own configuration.
    #[serde(rename = "target_directory")]
    pub(crate) target: PathBuf,
    pub(crate) packages: Vec<Package>,
}

/// One crate of ours.
#[derive(Debug, Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    manifest_path: PathBuf,
    pub(crate) targets: Vec<Target>,
}

/// Something that a crate builds.
#[derive(Debug, Deserialize)]
pub(crate) struct Target {
    pub(crate) name: String,
    pub(crate) kind: Vec<String>,
    crate_types: Vec<String>,
}

impl Workspace {
    /// Asks cargo.
    pub(crate) fn find() -> Result<Self> {
        let mut metadata = Command::new(cargo());
        // Found from where xtask was compiled, so that the tasks work in any directory.
        metadata.current_dir(env!("CARGO_MANIFEST_DIR"));
        metadata.args(["metadata", "--no-deps", "--format-version", "1"]).stderr(Stdio::inherit());
        let output = metadata.output().context("running cargo metadata")?;
        ensure!(output.status.success(), "cargo metadata failed");
        serde_json::from_slice(&output.stdout).context("reading what cargo metadata answered")
    }

    /// Cargo, in the root of the checkout.
    pub(crate) fn cargo(&self) -> Command {
        let mut command = Command::new(cargo());
        command.current_dir(&self.root);
        // What cargo told xtask about xtask would otherwise be taken for settings, and rebuild what is built.
        for (name, _) in env::vars_os() {
            if name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")) {
                command.env_remove(name);
            }
        }
        command
    }

    /// A path as it is read best: relative to the checkout if it is in there.
    pub(crate) fn short(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).display().to_string()
    }

    /// The crates below a directory of the checkout.
    pub(crate) fn packages_in(&self, directory: &str) -> impl Iterator<Item = &Package> {
        let directory = self.root.join(directory);
        self.packages.iter().filter(move |package| package.manifest_path.starts_with(&directory))
    }
}

impl Target {
    /// Whether building it for WebAssembly makes a component.
    pub(crate) fn is_component(&self) -> bool {
        // Tests are programs as well, but for the machine itself.
        let tests = self.kind.iter().any(|kind| kind == "test" || kind == "bench");
        !tests && self.crate_types.iter().any(|kind| kind == "cdylib" || kind == "bin")
    }

    /// The file it becomes for WebAssembly.
    pub(crate) fn wasm_file(&self) -> String {
        let binary = self.crate_types.iter().any(|kind| kind == "bin");
        let name = if binary { self.name.clone() } else { self.name.replace('-', "_") };
        format!("{name}.wasm")
    }
}

/// Runs a command; an error names what it was for.
pub(crate) fn succeed(command: &mut Command, what: &str) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.status().with_context(|| format!("starting {program} for {what}"))?;
    if !status.success() {
        bail!("{what} failed ({status})");
    }
    Ok(())
}

/// Whether a subcommand of cargo is installed.
pub(crate) fn has_subcommand(name: &str) -> bool {
    let mut command = Command::new(cargo());
    command.args([name, "--version"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn cargo() -> String {
    env::var("CARGO").unwrap_or_else(|_| "cargo".into())
}
