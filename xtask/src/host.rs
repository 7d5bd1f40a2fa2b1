//! The `tidemill` binary, and others that are built together with it: how they are built and where they then are.

use std::path::PathBuf;

use anyhow::{Result, ensure};

use crate::cargo::{Workspace, succeed};

/// How the binary is compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Our crates without optimisation, dependencies with it.
    Dev,
    /// What is measured and released.
    Release,
}

/// Builds the binary; its path.
pub(crate) fn build(workspace: &Workspace, profile: Profile) -> Result<PathBuf> {
    build_binary(workspace, profile, "tidemill")
}

/// Builds a binary of the workspace; its path.
pub(crate) fn build_binary(workspace: &Workspace, profile: Profile, name: &str) -> Result<PathBuf> {
    let mut build = workspace.cargo();
    // The whole workspace chooses the features of dependencies, so that tests and demo share what is compiled.
    build.args(["build", "--workspace", "--bin", name]);
    let directory = match profile {
        Profile::Dev => "debug",
        Profile::Release => {
            build.arg("--release");
            "release"
        }
    };
    succeed(&mut build, &format!("building {name}"))?;
    let binary = workspace.target.join(directory).join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    ensure!(binary.is_file(), "cargo built {name}, but not as {}", binary.display());
    Ok(binary)
}
