//! The `tidemill` binary: how it is built and where it then is.

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
    let mut build = workspace.cargo();
    // The whole workspace chooses the features of dependencies, so that tests and demo share what is compiled.
    build.args(["build", "--workspace", "--bin", "tidemill"]);
    let directory = match profile {
        Profile::Dev => "debug",
        Profile::Release => {
            build.arg("--release");
            "release"
        }
    };
    succeed(&mut build, "building the host")?;
    let binary = workspace.target.join(directory).join(format!("tidemill{}", std::env::consts::EXE_SUFFIX));
    ensure!(binary.is_file(), "cargo built the host, but not as {}", binary.display());
    Ok(binary)
}
